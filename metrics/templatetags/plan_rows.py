"""The rows of the list of plans, with their numbers.

Written in Python: through template nodes and charts made anew, 25 of them take half the time of the page.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kam.core.formatting import format_money_short
from kam.core.templatetags.kam import day, icon, status_pill
from metrics.charts import mini_plan_bar
from metrics.enums import Gap
from metrics.models import PlanKPI
from metrics.templatetags.charts import variance_of
from plans.models import Plan
from plans.templatetags.plans import plan_status

register = template.Library()

GAPS = {
    Gap.NO_PLAN: ("bad", "target"),
    Gap.BEHIND: ("bad", "trending-down"),
    Gap.CONTACT_OVERDUE: ("warn", "calendar-due"),
    Gap.NO_CONTACT_DUE: ("warn", "phone"),
}
CHART_ID = "bar-of-plan"  # stands in what is kept for the id of the chart


@register.simple_tag
def gap_pill(gap: Gap) -> SafeString:
    tone, icon_name = GAPS[gap]
    return status_pill(gap.label, tone, icon_name)


@register.simple_tag
def plan_rows(plans: Iterable[Plan], *, sees_numbers: bool, open_numbers: Collection[UUID]) -> SafeString:
    """Needs `account` (or `territory`), `owner`, `plan_type` and `kpi`."""
    language = get_language() or ""
    rows = []
    for plan in plans:
        pattern = _plan_row(language, plan.is_of_territory)
        numbers = _numbers_of(plan, language, plan.pk in open_numbers) if sees_numbers else ""
        rows.append(_write_plan(pattern, plan, numbers))
    return mark_safe("\n".join(rows))


@lru_cache(maxsize=16)
def _plan_row(language: str, is_of_territory: bool) -> str:
    words = (_("Territory") if is_of_territory else _("Account"), _("Status"), _("Ends"))
    labels = [format_html('data-label="{}"', label) for label in words]
    subject, status, ends = (label.replace("{", "{{").replace("}", "}}") for label in labels)
    return (
        '<tr><td class="k-main"><a href="{}">{}</a>{}<small>{} · {}</small></td>'
        f'<td {subject}><a href="{{}}">{{}}</a></td>'
        f"<td {status}>{{}}</td>"
        f'<td class="text-nowrap" {ends}>{{}}<small>{{}}</small></td>'
        "{}</tr>"
    )


def _write_plan(pattern: str, plan: Plan, numbers: SafeString | str) -> SafeString:
    lock = mark_safe(" " + icon("lock", size="s", label=_("Confidential"))) if plan.is_confidential else ""
    return format_html(
        pattern,
        plan.get_absolute_url(),
        plan.name,
        lock,
        plan.owner,
        plan.plan_type,
        plan.subject_url,
        plan.subject,
        plan_status(plan),
        day(plan.end_date),
        _("from %(day)s") % {"day": day(plan.start_date)},
        numbers,
    )


def _numbers_of(plan: Plan, language: str, are_open: bool) -> SafeString:
    if not are_open:
        return _wide_cell(_("Numbers are not open to you"))
    kpi: PlanKPI | None = getattr(plan, "kpi", None)
    if kpi is None:
        return _wide_cell(_("Being computed"))
    cells = _number_cells(
        kpi.currency,
        kpi.sales_target,
        kpi.won_revenue,
        kpi.weighted_pipeline,
        kpi.total_expected_revenue,
        kpi.forecast_target_variance,
        language,
    )
    return mark_safe(cells.replace(CHART_ID, f"bar-{plan.pk.hex}"))


@lru_cache(maxsize=1_024)
def _number_cells(
    currency: str,
    target: Decimal | None,
    won: Decimal,
    weighted: Decimal,
    expected: Decimal,
    variance: Decimal | None,
    language: str,
) -> str:
    """The cells of one set of numbers: kept, as people look at the same plans again and again."""
    bar = mini_plan_bar(
        chart_id=CHART_ID, currency=currency, target=target, won=won, weighted_pipeline=weighted
    )
    cells = (
        (_("Target"), "num", format_money_short(target, currency)),
        (_("Won"), "num", format_money_short(won, currency)),
        (_("Expected"), "num", format_money_short(expected, currency)),
        (_("Variance"), "num", variance_of(variance, currency)),
        (_("Outlook"), "k-bar-column is-slim", bar),
    )
    return "".join(
        format_html('<td class="{}" data-label="{}">{}</td>', css, label, value)
        for label, css, value in cells
    )


def _wide_cell(text: str) -> SafeString:
    return format_html('<td colspan="5" class="text-body-secondary">{}</td>', text)
