from __future__ import annotations

from kam.core.api.serializers import BASE_FIELDS, KamModelSerializer
from templates_app.models import PlanType


class PlanTypeSerializer(KamModelSerializer):
    class Meta(KamModelSerializer.Meta):
        model = PlanType
        fields = (
            *BASE_FIELDS,
            "name",
            "description",
            "default_revenue_basis",
            "default_review_frequency",
            "is_retired",
        )
