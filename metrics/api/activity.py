"""What was done with accounts in a period and what is planned."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from crm.enums import ActivityStatus
from crm.models import Activity
from kam.core.api.fields import DayField
from kam.core.api.serializers import RefSerializer
from kam.core.api.viewsets import VisibleReadOnlyViewSet
from kam.core.clock import company_today
from metrics.api.coverage import group_ref
from metrics.api.dashboards import ref
from metrics.dashboards import activity
from metrics.dashboards.groups import Counts
from metrics.enums import ActivityShown
from metrics.filters import ActivityDashboardFilter


class ActivityCountsSerializer(serializers.Serializer):
    done = serializers.IntegerField()
    planned = serializers.IntegerField(help_text="From today on.")
    overdue = serializers.IntegerField(help_text="Planned for a day that is over.")
    joint = serializers.IntegerField(help_text="Of those done: with a colleague beside the owner.")


@extend_schema_serializer(many=False)
class ActivityTotalsSerializer(ActivityCountsSerializer):
    accounts_without_contact = serializers.IntegerField(
        help_text="Nothing that counts for the call cadence was done with them in the period."
    )


class OwnerActivitySerializer(ActivityCountsSerializer):
    owner = RefSerializer()


class TypeActivitySerializer(ActivityCountsSerializer):
    type = RefSerializer()


class MonthActivitySerializer(ActivityCountsSerializer):
    month = DayField(help_text="Its first day.")


class PromisedActivitySerializer(serializers.Serializer):
    """Commitments of one type in the plans in force, over the whole period of each plan."""

    activity_type = RefSerializer()
    commitments = serializers.IntegerField()
    promised = serializers.CharField()
    done = serializers.CharField(help_text="Of each commitment no more than was promised.")
    done_percent = serializers.FloatField()


class DatedActivitySerializer(serializers.Serializer):
    id = serializers.UUIDField()
    subject = serializers.CharField()
    account = RefSerializer()
    type = RefSerializer()
    owner = RefSerializer()
    status = serializers.ChoiceField(choices=ActivityStatus.choices)
    day = DayField(help_text="When it was done, or is planned for.")

    def to_representation(self, row: Any) -> dict[str, Any]:
        return {
            "id": str(row.pk),
            "subject": row.subject,
            "account": ref(row.account),
            "type": ref(row.type),
            "owner": ref(row.owner),
            "status": row.status,
            "day": row.day.isoformat(),
        }


@extend_schema_serializer(many=False)
class ActivityDashboardPageSerializer(serializers.Serializer):
    """`totals` and groups follow all filters but `shown`, which narrows the list of activities."""

    date_after = DayField(help_text="The first day of the period.")
    date_before = DayField(help_text="The last day of the period.")
    totals = ActivityTotalsSerializer()
    by_owner = OwnerActivitySerializer(many=True)
    by_type = TypeActivitySerializer(many=True)
    by_month = MonthActivitySerializer(many=True)
    commitments = PromisedActivitySerializer(many=True)
    count = serializers.IntegerField(allow_null=True, help_text="Exact up to 10,000; null above.")
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = DatedActivitySerializer(many=True)


def counts_answer(counts: Counts) -> dict[str, int]:
    return {name: counts[name] for name in ActivityShown.values}


def promised_answer(row: activity.Promised) -> dict[str, Any]:
    return {
        "activity_type": {"id": str(row.type_id), "name": row.name},
        "commitments": row.commitments,
        "promised": f"{row.promised:.3f}",
        "done": f"{row.done:.3f}",
        "done_percent": float(row.percent or 0),
    }


class ActivityDashboardViewSet(VisibleReadOnlyViewSet):
    """Activities of a period (without one: the half-year until the end of next month) by owner, type and month."""

    queryset = Activity.objects.all()
    serializer_class = DatedActivitySerializer
    filterset_class = ActivityDashboardFilter

    def visible(self) -> QuerySet:
        return activity.activities_of(self.request.user)

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        found = super().filter_queryset(queryset)  # answers 400 to what is no filter
        self.filterset = ActivityDashboardFilter(
            self.request.query_params, queryset=queryset, request=self.request
        )
        return found

    @extend_schema(responses=ActivityDashboardPageSerializer, operation_id="activity_dashboard")
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        user, today = request.user, company_today()
        rows = self.filter_queryset(self.get_queryset())
        self.filterset.form.is_valid()
        asked, period = self.filterset.form.cleaned_data, self.filterset.period
        where = {name: asked.get(name) for name in ("owner", "territory")}
        found = activity.counts_of(rows, today=today, period=period)
        silent = activity.accounts_without_contact(activity.accounts_of(user, **where), period=period)
        promised = activity.promised_by_type(user, today=today, kind=asked.get("type"), **where)
        if asked.get("shown"):
            rows = rows.filter(activity.shown(today)[asked["shown"]])
        shown = self.paginate_queryset(rows.select_related("account", "type", "owner").defer("notes"))
        page = self.get_paginated_response(self.get_serializer(shown, many=True).data)
        page.data["date_after"], page.data["date_before"] = (day.isoformat() for day in period)
        page.data["totals"] = counts_answer(found.total) | {"accounts_without_contact": silent.count()}
        page.data["by_owner"] = [
            {"owner": group_ref(group), **counts_answer(group.counts)} for group in found.by_owner
        ]
        page.data["by_type"] = [
            {"type": group_ref(group), **counts_answer(group.counts)} for group in found.by_type
        ]
        page.data["by_month"] = [
            {"month": month.month.isoformat(), **counts_answer(month.counts)} for month in found.by_month
        ]
        page.data["commitments"] = [promised_answer(row) for row in promised]
        return page
