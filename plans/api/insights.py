"""Medical insights, and what they are about by month."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from crm.models import Contact, PickListValue
from kam.core.api.problems import invalid
from kam.core.api.serializers import BASE_FIELDS, ME, KamModelSerializer, RefSerializer
from kam.core.api.viewsets import VisibleModelViewSet
from plans.insight_filters import MedicalInsightFilter
from plans.models import MedicalInsight, TerritoryBusinessPlan


class MedicalInsightSerializer(KamModelSerializer):
    """What somebody said, asked or showed. Without `account` it is that of the `contact`."""

    fixed_fields = ("author",)

    class Meta(KamModelSerializer.Meta):
        model = MedicalInsight
        fields = (
            *BASE_FIELDS,
            "topic",
            "text",
            "date",
            "account",
            "contact",
            "product",
            "territory_business_plan",
            "author",
        )
        extra_kwargs: ClassVar[dict[str, Any]] = {"author": ME, "account": {"required": False}}

    def _filled(self, attrs: dict[str, Any]) -> MedicalInsight:
        row = super()._filled(attrs)
        row.take_account_from_contact()
        return row


@extend_schema_serializer(many=False)
class MonthCountSerializer(serializers.Serializer):
    month = serializers.DateField(help_text="Its first day.")
    count = serializers.IntegerField()


class TopicCountsSerializer(serializers.Serializer):
    topic = RefSerializer()
    count = serializers.IntegerField()
    months = MonthCountSerializer(many=True, help_text="Those with insights, in their order.")


@extend_schema_serializer(many=False)
class InsightsByTopicSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    topics = TopicCountsSerializer(many=True)


class MedicalInsightViewSet(VisibleModelViewSet):
    """Kept from account managers and viewers where commercial and medical are apart."""

    queryset = MedicalInsight.objects.all()
    serializer_class = MedicalInsightSerializer
    filterset_class = MedicalInsightFilter
    requires_version = True

    def with_related(self, queryset: QuerySet) -> QuerySet:
        contacts = Contact.objects.visible_to(self.request.user)
        rows = queryset.select_related("topic", "account", "product", "author")
        plans = TerritoryBusinessPlan.objects.visible_to(self.request.user).only("name", "version")
        return rows.prefetch_related(
            Prefetch("contact", contacts), Prefetch("territory_business_plan", plans)
        )

    def known_parameters(self) -> set[str]:
        known = super().known_parameters()
        return known | self.filterset_class.parameter_names() if self.action == "by_topic" else known

    @extend_schema(filters=True, responses=InsightsByTopicSerializer)
    @action(detail=False, pagination_class=None, url_path="by-topic")
    def by_topic(self, request: Request) -> Response:
        """How many insights there are of each topic, by month: of those that the filters find."""
        filterset = MedicalInsightFilter(request.query_params, self.visible(), request=request)
        if not filterset.is_valid():
            raise invalid(ValidationError(filterset.parameter_errors()))
        return Response(counts_answer(filterset.qs.counts_by_month()))


def counts_answer(counts: list[tuple[date, UUID, int]]) -> dict[str, Any]:
    topics = PickListValue.objects.filter(pk__in={topic for _month, topic, _count in counts})
    answer = {
        topic.pk: {"topic": {"id": str(topic.pk), "name": topic.name}, "count": 0, "months": []}
        for topic in topics.order_by("order", "name")
    }
    for month, topic, count in counts:
        answer[topic]["count"] += count
        answer[topic]["months"].append({"month": month.isoformat(), "count": count})
    return {"count": sum(count for _month, _topic, count in counts), "topics": [*answer.values()]}
