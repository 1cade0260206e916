"""Target lines."""

from __future__ import annotations

from django.db.models import QuerySet

from plans import filters
from plans.api.target_serializers import TargetLineSerializer
from plans.api.viewsets import PlanContentViewSet
from plans.models import TargetLine


class TargetLineViewSet(PlanContentViewSet):
    """What is to be sold of a category (or of all) in a year, half-year, quarter or month of a plan.

    Lines must not count a sale twice: a category's line and one of a category above it (or of all) lie
    in different periods.
    """

    queryset = TargetLine.objects.all()
    serializer_class = TargetLineSerializer
    filterset_class = filters.TargetLineFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("plan", "category")
