"""How a promise stands, in words with a tone and an icon."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from kam.core.templatetags.kam import status_pill
from metrics.rebates import RebateStanding
from plans.enums import ExpenseStatus

register = template.Library()

STATES = {
    "kept": (_("Kept"), "ok", "circle-check"),
    "on_pace": (_("On pace"), "ok", "trending-up"),
    "at_risk": (_("At risk"), "warn", "alert-triangle"),
    "behind": (_("Behind"), "bad", "alert-circle"),
    "overdue": (_("Overdue"), "bad", "calendar-due"),
    "to_come": (_("Not started"), "neutral", "clock"),
    "cancelled": (_("Plan cancelled"), "neutral", "ban"),
}
# What is different where it is no promise of ours: the customer orders, or does not.
REBATE_STATES = {
    **STATES,
    "kept": (_("Highest tier reached"), "ok", "circle-check"),
    "overdue": (_("Ended"), "neutral", "flag"),
    "": (_("No tiers yet"), "neutral", "circle-dashed"),
}
EXPENSES = {
    ExpenseStatus.PLANNED: ("neutral", "circle-dashed"),
    ExpenseStatus.APPROVED: ("info", "check"),
    ExpenseStatus.SPENT: ("ok", "circle-check"),
}


@register.simple_tag
def promise_state(state: str) -> SafeString:
    return status_pill(*STATES[state])


@register.simple_tag
def rebate_state(state: str) -> SafeString:
    return status_pill(*REBATE_STATES[state])


@register.simple_tag
def expense_status(status: str) -> SafeString:
    tone, icon = EXPENSES[ExpenseStatus(status)]
    return status_pill(ExpenseStatus(status).label, tone, icon)


@register.filter
def state_tone(state: str) -> str:
    """For bars, which know no neutral."""
    tone = REBATE_STATES[state][1]
    return "info" if tone == "neutral" else tone


@register.filter
def tier_pairs(standing: RebateStanding) -> list[tuple[Decimal, Decimal]]:
    return [(tier.threshold, tier.percent) for tier in standing.tiers]
