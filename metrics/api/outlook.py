"""The pace of a plan and the chance of reaching its target."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kam.core.api.fields import DayField, UtcDateTimeField, money_text
from kam.core.api.serializers import RefSerializer
from kam.core.clock import company_today
from metrics import policies
from metrics.api.plan_views import PlanNumbersView
from metrics.api.promises import (
    CommitmentProgressSerializer,
    RebateStandingSerializer,
    plain,
    progress_answer,
    standing_answer,
)
from metrics.api.serializers import decimal_text, instant
from metrics.enums import CurveSource, PaceState
from metrics.forecast import Driver, Forecast, forecast_of
from metrics.pace import MonthPace, PlanPace, pace_of
from metrics.pacing import Pace
from metrics.promises import CommitmentProgress, commitments_of, rebates_of
from metrics.rebates import RebateStanding
from metrics.seasons import Curve


class PaceSerializer(serializers.Serializer):
    """`percent` is actual ÷ expected: on pace from 100, at risk from 80, else behind; null without a target."""

    target = decimal_text()
    actual = serializers.CharField()
    expected_to_date = decimal_text()
    percent = decimal_text()
    state = serializers.ChoiceField(choices=PaceState.choices, allow_null=True)
    elapsed_percent = serializers.FloatField(help_text="The part of the season that is over.")
    remaining_target = decimal_text()
    months_left = serializers.FloatField()
    needed_per_month = decimal_text(help_text="From now on; null when the period is over.")


class CurveSerializer(serializers.Serializer):
    source = serializers.ChoiceField(choices=CurveSource.choices)
    reason = serializers.CharField()
    months = serializers.ListField(
        child=serializers.FloatField(), help_text="January to December: percent of a year."
    )


class PaceMonthSerializer(serializers.Serializer):
    month = serializers.CharField(help_text="YYYY-MM")
    expected = decimal_text()
    expected_total = decimal_text(help_text="From the start of the plan to the end of the month.")
    actual = serializers.CharField()
    needed = decimal_text(help_text="What is missing, with the season in it; null for months that are over.")


class PaceLineSerializer(PaceSerializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    category = RefSerializer(allow_null=True)
    starts_on = DayField()
    ends_on = DayField()
    curve_source = serializers.ChoiceField(choices=CurveSource.choices)
    curve_reason = serializers.CharField()


class RebatePaceSerializer(RebateStandingSerializer):
    """The way to the next tier, by the season of the account's orders."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    starts_on = DayField()
    ends_on = DayField()


class CommitmentPaceSerializer(CommitmentProgressSerializer):
    """Every day counts the same: what we do follows no season in which customers buy."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    quantity = serializers.CharField()
    starts_on = DayField()
    curve_source = serializers.ChoiceField(choices=CurveSource.choices)


class PlanPaceSerializer(PaceSerializer):
    plan = serializers.UUIDField()
    currency = serializers.CharField()
    basis = serializers.CharField()
    date = DayField()
    as_of = UtcDateTimeField(allow_null=True)
    fresh = serializers.BooleanField()
    curve = CurveSerializer()
    months = PaceMonthSerializer(many=True)
    lines = PaceLineSerializer(many=True)
    rebates = RebatePaceSerializer(many=True)
    commitments = CommitmentPaceSerializer(many=True)


class PlanPaceView(PlanNumbersView):
    """What should be sold by now with the season in it, what is, and what is needed from now on."""

    @extend_schema(responses=PlanPaceSerializer, operation_id="account_plans_pace")
    def get(self, request: Request, pk: UUID) -> Response:
        plan, today = self.plan(pk), company_today()
        answer = pace_answer(pace_of(plan, today=today))
        answer["rebates"] = [rebate_answer(row) for row in rebates_of(plan, today=today)]
        answer["commitments"] = [commitment_answer(row) for row in commitments_of(plan, today=today)]
        return Response(answer)


def rebate_answer(found: RebateStanding) -> dict[str, Any]:
    program = found.program
    return {
        "id": str(program.pk),
        "name": str(program),
        "starts_on": program.start_date.isoformat(),
        "ends_on": program.end_date.isoformat(),
        **standing_answer(found),
    }


def commitment_answer(found: CommitmentProgress) -> dict[str, Any]:
    commitment = found.commitment
    return {
        "id": str(commitment.pk),
        "name": str(commitment),
        "quantity": plain(commitment.quantity),
        "starts_on": commitment.plan.start_date.isoformat(),
        "curve_source": CurveSource.DAYS.value,
        **progress_answer(found),
    }


def pace_answer(found: PlanPace) -> dict[str, Any]:
    return {
        "plan": str(found.plan.pk),
        "currency": found.plan.currency,
        "basis": found.plan.revenue_basis,
        "date": found.pace.today.isoformat(),
        "as_of": instant(found.kpi),
        "fresh": found.is_fresh,
        **numbers_of(found.pace),
        "curve": curve_answer(found.pace.curve, found.reason),
        "months": [month_answer(month, found.plan.currency) for month in found.months],
        "lines": [
            {
                "id": str(row.line.pk),
                "name": str(row.line),
                "category": row.line.category
                and {"id": str(row.line.category_id), "name": str(row.line.category)},
                "starts_on": row.pace.start.isoformat(),
                "ends_on": row.pace.end.isoformat(),
                "curve_source": row.season.curve.source,
                "curve_reason": row.season.reason,
                **numbers_of(row.pace),
            }
            for row in found.lines
        ],
    }


def amount_text(amount: Decimal | None, currency: str) -> str | None:
    return None if amount is None else money_text(amount, currency)


def numbers_of(pace: Pace) -> dict[str, Any]:
    return {
        "target": amount_text(pace.target, pace.currency),
        "actual": amount_text(pace.actual, pace.currency),
        "expected_to_date": amount_text(pace.expected, pace.currency),
        "percent": None if pace.percent is None else str(pace.percent),
        "state": pace.state,
        "elapsed_percent": float(pace.share_percent),
        "remaining_target": amount_text(pace.remaining, pace.currency),
        "months_left": round(float(pace.months_left), 2),
        "needed_per_month": amount_text(pace.needed_per_month, pace.currency),
    }


def curve_answer(curve: Curve, reason: str) -> dict[str, Any]:
    shares = [float(policies.tenth(share * 100)) for share in curve.month_shares]
    return {"source": curve.source, "reason": reason, "months": shares}


def month_answer(month: MonthPace, currency: str) -> dict[str, Any]:
    return {
        "month": f"{month.first:%Y-%m}",
        "expected": amount_text(month.expected, currency),
        "expected_total": amount_text(month.expected_total, currency),
        "actual": amount_text(month.actual, currency),
        "needed": amount_text(month.needed, currency),
    }


# --- Chance -------------------------------------------------------------------------------------
class DriverSerializer(serializers.Serializer):
    opportunity = RefSerializer()
    amount = serializers.CharField(help_text="In plan currency.")
    probability = serializers.FloatField()
    swing = serializers.FloatField(
        help_text="Percentage points by which the target is likelier with it won than with it lost."
    )


class BarSerializer(serializers.Serializer):
    to = serializers.CharField()
    percent = serializers.FloatField()

    def get_fields(self) -> dict[str, serializers.Field]:
        return {"from": serializers.CharField(), **super().get_fields()}  # `from` is a word of Python


class PlanForecastSerializer(serializers.Serializer):
    """Chances in percent. `p10` is exceeded in nine of ten cases, `p90` in one of ten."""

    plan = serializers.UUIDField()
    currency = serializers.CharField()
    date = DayField()
    as_of = UtcDateTimeField(allow_null=True)
    fresh = serializers.BooleanField()
    method = serializers.ChoiceField(choices=("exact", "simulation"))
    draws = serializers.IntegerField(allow_null=True)
    deals = serializers.IntegerField()
    won_revenue = decimal_text()
    sales_target = decimal_text()
    stretch_target = decimal_text()
    probability_of_target = serializers.FloatField(allow_null=True)
    probability_of_stretch = serializers.FloatField(allow_null=True)
    p10 = serializers.CharField()
    p50 = serializers.CharField()
    p90 = serializers.CharField()
    distribution = BarSerializer(many=True)
    drivers = DriverSerializer(many=True)


class PlanForecastView(PlanNumbersView):
    """The chance of reaching target and stretch: each open deal is won or lost with its probability."""

    @extend_schema(responses=PlanForecastSerializer, operation_id="account_plans_forecast")
    def get(self, request: Request, pk: UUID) -> Response:
        found = forecast_of(self.plan(pk), today=company_today())
        return Response(forecast_answer(found, found.drivers(request.user)))


def forecast_answer(found: Forecast, drivers: list[Driver]) -> dict[str, Any]:
    currency = found.plan.currency
    return {
        "plan": str(found.plan.pk),
        "currency": currency,
        "date": found.today.isoformat(),
        "as_of": instant(found.kpi),
        "fresh": found.is_fresh,
        "method": "exact" if found.outcomes.is_exact else "simulation",
        "draws": found.draws,
        "deals": len(found.deals),
        "won_revenue": amount_text(found.kpi.won_revenue, currency),
        "sales_target": amount_text(found.kpi.sales_target, currency),
        "stretch_target": amount_text(found.plan.stretch_target, currency),
        "probability_of_target": found.chance_of_target,
        "probability_of_stretch": found.chance_of_stretch,
        **{f"p{percent}": amount_text(found.quantile(percent), currency) for percent in (10, 50, 90)},
        "distribution": [
            {
                "from": amount_text(bar.low, currency),
                "to": amount_text(bar.high, currency),
                "percent": round(bar.share * 100, 2),
            }
            for bar in found.bars
        ],
        "drivers": [
            {
                "opportunity": {"id": str(driver.deal.opportunity_id), "name": driver.deal.name},
                "amount": amount_text(driver.deal.amount, currency),
                "probability": float(driver.deal.probability),
                "swing": round(driver.swing, 1),
            }
            for driver in drivers
        ],
    }
