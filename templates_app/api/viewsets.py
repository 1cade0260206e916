from __future__ import annotations

from kam.core.api.viewsets import VisibleModelViewSet
from templates_app.api.serializers import PlanTypeSerializer
from templates_app.filters import PlanTypeFilter
from templates_app.models import PlanType


class PlanTypeViewSet(VisibleModelViewSet):
    """What plans are called in this business, and what a new one starts with."""

    queryset = PlanType.objects.all()
    serializer_class = PlanTypeSerializer
    filterset_class = PlanTypeFilter
