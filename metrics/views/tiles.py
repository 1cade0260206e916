"""A plan's numbers as people read them: tiles, the chart, and the table behind it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kam.core.formatting import DASH, format_money, format_money_short, format_number, format_percent
from metrics.charts import plan_chart
from metrics.models import PlanKPI, PlanNumbers, ReviewNumbers
from metrics.policies import outlook_tone
from plans.models import Plan


@dataclass(frozen=True)
class Tile:
    label: str
    icon: str
    value: str
    full: str
    sub: str
    why_url: str
    flag: str = ""
    flag_tone: str = "warn"


def tiles_of(plan: Plan, kpi: PlanKPI) -> list[Tile]:
    """The six numbers of a plan, each with the way to its records."""
    percent = kpi.percent

    def tile(name: str, label: str, icon: str, sub: str, **flags: str) -> Tile:
        amount = getattr(kpi, name)
        url = reverse("metrics:kpi_records", args=[plan.pk, name])
        short, full = format_money_short(amount, kpi.currency), format_money(amount, kpi.currency)
        return Tile(label, icon, short, full, sub, url, **flags)

    won = ngettext("%(count)s deal", "%(count)s deals", kpi.won_count) % {"count": kpi.won_count}
    opened = ngettext("%(count)s open deal", "%(count)s open deals", kpi.open_count) % {
        "count": kpi.open_count
    }
    slipped = _("%(count)s slipped") % {"count": kpi.slipped_count} if kpi.slipped_count else ""
    return [
        tile("sales_target", _("Sales target"), "target", stretch_of(plan)),
        tile("won_revenue", _("Won revenue"), "circle-check", joined(of_target(percent["won_revenue"]), won)),
        tile(
            "pipeline", _("Pipeline"), "coins", joined(of_target(percent["pipeline"]), opened), flag=slipped
        ),
        tile("weighted_pipeline", _("Weighted pipeline"), "scale", of_target(percent["weighted_pipeline"])),
        tile(
            "total_expected_revenue",
            _("Total expected"),
            "chart-bar",
            of_target(percent["total_expected_revenue"]),
        ),
        variance_tile(tile, kpi),
    ]


def variance_tile(tile: Any, kpi: PlanKPI) -> Tile:
    variance = kpi.forecast_target_variance
    if variance is None:
        return tile("forecast_target_variance", _("Against target"), "flag", _("Set a target to compare"))
    expected = kpi.percent["total_expected_revenue"]
    words = _("On or above target") if variance >= 0 else _("Short of target")
    return tile(
        "forecast_target_variance",
        _("Against target"),
        "flag",
        of_target(kpi.percent["forecast_target_variance"]),
        flag=words,
        flag_tone=outlook_tone(expected),
    )


def of_target(percent: Decimal | None) -> str:
    return "" if percent is None else _("%(percent)s of target") % {"percent": format_percent(percent)}


def joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def stretch_of(plan: Plan) -> str:
    if plan.sales_target is None:
        return _("Not set yet")
    if plan.stretch_target is None:
        return ""
    return _("Stretch %(amount)s") % {"amount": format_money_short(plan.stretch_target, plan.currency)}


def chart_of(plan: Plan, kpi: PlanKPI) -> SafeString:
    return plan_chart(
        chart_id="plan-chart",
        currency=kpi.currency,
        target=kpi.sales_target,
        won=kpi.won_revenue,
        weighted_pipeline=kpi.weighted_pipeline,
        stretch=plan.stretch_target,
        title=_("Target and expected revenue"),
    )


def rows_of(plan: Plan | ReviewNumbers, kpi: PlanNumbers) -> list[dict[str, Any]]:
    """The legend of the chart and the numbers that have no tile; of `plan` its stretch target."""
    percent = kpi.percent

    def row(label: str, amount: Decimal | None, key: str = "", share: str = "") -> dict[str, Any]:
        shown = format_percent(percent[share]) if share and percent[share] is not None else ""
        return {"label": label, "value": format_money(amount, kpi.currency), "key": key, "percent": shown}

    coverage = kpi.coverage_ratio
    return [
        row(_("Won"), kpi.won_revenue, "won", "won_revenue"),
        row(_("Weighted pipeline"), kpi.weighted_pipeline, "weighted", "weighted_pipeline"),
        row(_("Target"), kpi.sales_target, "target"),
        *([row(_("Stretch"), plan.stretch_target, "stretch")] if plan.stretch_target else []),
        row(_("Still to be won"), kpi.remaining_target),
        {
            "label": _("Coverage"),
            "value": DASH if coverage is None else f"{format_number(coverage, digits=2)}×",
            "percent": _("pipeline ÷ still to be won"),
        },
    ]
