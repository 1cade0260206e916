"""The numbers of a plan as api.md shows them. Sums are text with the currency's minor units."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from kam.core.api.fields import DayField, UtcDateTimeField, money_text
from kam.core.money import round_money
from metrics import policies
from metrics.models import PlanKPI, PlanNumbers
from metrics.portfolio_records import PortfolioRecord
from metrics.record_rows import REASONS, PlanRecord
from metrics.records import RecordList

MONEY_KPIS = (
    "sales_target",
    "won_revenue",
    "pipeline",
    "weighted_pipeline",
    "total_expected_revenue",
    "forecast_target_variance",
)


def decimal_text(**kwargs: Any) -> serializers.CharField:
    return serializers.CharField(allow_null=True, **kwargs)


class PercentSerializer(serializers.Serializer):
    """Each KPI ÷ sales target × 100, one decimal; null without a target."""

    won_revenue = decimal_text()
    pipeline = decimal_text()
    weighted_pipeline = decimal_text()
    total_expected_revenue = decimal_text()
    forecast_target_variance = decimal_text()


class CountsSerializer(serializers.Serializer):
    won = serializers.IntegerField()
    open = serializers.IntegerField()
    lost = serializers.IntegerField()
    slipped = serializers.IntegerField(help_text="Open although the close date has passed; they still count.")
    not_converted = serializers.IntegerField(help_text="Left out of the sums: no exchange rate on their day.")


class NumbersSerializer(serializers.Serializer):
    currency = serializers.CharField()
    basis = serializers.ChoiceField(choices=PlanKPI._meta.get_field("basis").choices)
    sales_target = decimal_text()
    won_revenue = decimal_text()
    pipeline = decimal_text()
    weighted_pipeline = decimal_text()
    total_expected_revenue = decimal_text()
    forecast_target_variance = decimal_text()
    remaining_target = decimal_text()
    coverage_ratio = decimal_text()
    percent = PercentSerializer()
    counts = CountsSerializer()


class PlanKpiSerializer(NumbersSerializer):
    """`fresh` is false if changes are still being counted."""

    plan = serializers.UUIDField()
    as_of = UtcDateTimeField(allow_null=True)
    fresh = serializers.BooleanField()


def kpi_answer(kpi: PlanNumbers, *, is_fresh: bool, in_company_currency: bool) -> dict[str, Any]:
    return {
        "plan": str(kpi.plan_id),  # type: ignore[attr-defined]
        "as_of": instant(kpi),
        "fresh": is_fresh,
        **numbers_answer(kpi, in_company_currency=in_company_currency),
    }


def instant(kpi: PlanNumbers) -> str | None:
    return UtcDateTimeField().to_representation(kpi.as_of) if kpi.as_of else None


def numbers_answer(kpi: PlanNumbers, *, in_company_currency: bool) -> dict[str, Any]:
    """The numbers in plan currency, or again in company currency, converted record by record."""
    prefix = "company_" if in_company_currency else ""
    currency = kpi.company_currency if in_company_currency else kpi.currency
    values = {name: getattr(kpi, f"{prefix}{name}") for name in MONEY_KPIS}
    target, won, pipeline = values["sales_target"], values["won_revenue"], values["pipeline"]
    values["remaining_target"] = policies.remaining_target(sales_target=target, won_revenue=won)
    coverage = policies.coverage_ratio(sales_target=target, won_revenue=won, pipeline=pipeline)
    percent = {name: policies.percent_of(values[name], target) for name in policies.PERCENT_KPIS}
    return {
        "currency": currency,
        "basis": kpi.basis,
        **{name: None if value is None else money_text(value, currency) for name, value in values.items()},
        "coverage_ratio": text(coverage),
        "percent": {name: text(value) for name, value in percent.items()},
        "counts": {
            "won": kpi.won_count or 0,
            "open": kpi.open_count or 0,
            "lost": kpi.lost_count or 0,
            "slipped": kpi.slipped_count or 0,
            "not_converted": getattr(kpi, f"{prefix}not_converted_count") or 0,
        },
    }


def text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


RECORD_KINDS = ("opportunity", "schedule", "order")


class KpiRecordSerializer(serializers.Serializer):
    """One record of a number. `contribution` is exact, in plan currency; sums are rounded once, at the end."""

    kind = serializers.ChoiceField(choices=RECORD_KINDS)
    id = serializers.UUIDField()
    name = serializers.CharField()
    opportunity = serializers.UUIDField(allow_null=True)
    account = serializers.DictField(child=serializers.CharField())
    date = DayField()
    stage = serializers.CharField()
    probability = serializers.FloatField(allow_null=True)
    amount = decimal_text()
    counted_amount = decimal_text(
        help_text="Of the amount: the lines with one of the plan's products; null: it has none of them."
    )
    currency = serializers.CharField()
    rate = decimal_text(help_text="One unit of its currency in plan currency; null: not converted.")
    contribution = decimal_text()
    reason = serializers.ChoiceField(choices=sorted(REASONS), allow_null=True)
    reason_text = serializers.CharField(allow_null=True)
    pin = serializers.UUIDField(allow_null=True, help_text="What put it in or took it out by hand.")
    pin_text = serializers.CharField(allow_null=True, help_text="Who put it in by hand, and why.")


class HiddenSerializer(serializers.Serializer):
    """What the number counts and this reader may not open."""

    count = serializers.IntegerField()
    contribution = serializers.CharField()


class KpiRecordsSerializer(serializers.Serializer):
    plan = serializers.UUIDField()
    kpi = serializers.ChoiceField(choices=policies.KPIS)
    currency = serializers.CharField()
    basis = serializers.CharField()
    as_of = UtcDateTimeField(allow_null=True)
    fresh = serializers.BooleanField()
    formula = serializers.CharField()
    value = decimal_text()
    excluded = serializers.BooleanField()
    hidden = HiddenSerializer()
    counts_only = serializers.ListField(
        child=serializers.CharField(),
        help_text="Products and categories that the plan names; empty: all count.",
    )
    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = KpiRecordSerializer(many=True)


def record_facts(record: PlanRecord | PortfolioRecord) -> dict[str, Any]:
    """What a record is, whatever number it is in."""
    return {
        "kind": record.kind,
        "id": str(record.id),
        "name": record.name,
        "opportunity": str(record.opportunity_id) if record.opportunity_id else None,
        "account": {"id": str(record.account_id), "name": record.account_name},
        "date": record.date.isoformat(),
        "stage": record.stage,
        "probability": None if record.probability is None else float(record.probability),
        "amount": money_text(record.amount, record.currency),
        "currency": record.currency,
        "contribution": plain(record.contribution),
    }


def record_answer(record: PlanRecord) -> dict[str, Any]:
    return record_facts(record) | {
        "counted_amount": None if record.counted is None else money_text(record.counted, record.currency),
        "rate": plain(record.factor),
        "reason": record.reason or None,
        "reason_text": record.reason_text or None,
        "pin": record.pin and str(record.pin.pk),
        "pin_text": record.pin_text or None,
    }


def plain(value: Decimal | None) -> str | None:
    """Without an exponent and without idle zeros."""
    if value is None:
        return None
    shown = f"{value:f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def value_text(found: RecordList) -> str | None:
    """As the number stands in the answer with all of them."""
    if found.value is None or found.name == "coverage_ratio":
        return text(found.value)
    return money_text(found.value, found.kpi.currency)


def records_answer(found: RecordList) -> dict[str, Any]:
    kpi = found.kpi
    return {
        "plan": str(found.plan.pk),
        "kpi": found.name,
        "currency": kpi.currency,
        "basis": kpi.basis,
        "as_of": instant(kpi),
        "fresh": found.is_fresh,
        "formula": found.formula,
        "value": value_text(found),
        "excluded": found.is_excluded,
        "hidden": {
            "count": found.hidden_count,
            "contribution": money_text(round_money(found.hidden_contribution, kpi.currency), kpi.currency),
        },
        "counts_only": [str(row) for row in found.named_products],
        "count": found.count,
        "results": [record_answer(record) for record in found.records],
    }
