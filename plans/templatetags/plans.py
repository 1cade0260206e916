"""How plans and objectives look: the tone and icon of a status. The words are the status's own."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django import template
from django.template import Context
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kam.core.templatetags.kam import status_pill
from plans.enums import Factor, Impact, ObjectiveStatus, PlanStatus
from plans.models import Objective, Plan, RelatedObjectAnalysis
from plans.tabs import tabs_of_plan

register = template.Library()

PLAN_LOOKS = {
    PlanStatus.DRAFT: ("neutral", "pencil"),
    PlanStatus.IN_APPROVAL: ("warn", "clock"),
    PlanStatus.APPROVED: ("info", "check"),
    PlanStatus.ACTIVE: ("ok", "circle-check"),
    PlanStatus.ON_HOLD: ("warn", "player-pause"),
    PlanStatus.COMPLETED: ("info", "flag"),
    PlanStatus.ARCHIVED: ("neutral", "archive"),
    PlanStatus.CANCELLED: ("neutral", "ban"),
}
OBJECTIVE_LOOKS = {
    ObjectiveStatus.NOT_STARTED: ("neutral", "circle-dashed"),
    ObjectiveStatus.IN_PROGRESS: ("info", "clock"),
    ObjectiveStatus.ACHIEVED: ("ok", "circle-check"),
    ObjectiveStatus.PARTIALLY_ACHIEVED: ("warn", "circle-check"),
    ObjectiveStatus.NOT_ACHIEVED: ("bad", "alert-circle"),
    ObjectiveStatus.DEFERRED: ("neutral", "clock"),
    ObjectiveStatus.CANCELLED: ("neutral", "ban"),
}
PACES = {
    "overdue": ("bad", "calendar-due"),
    "off_track": ("bad", "alert-circle"),
    "at_risk": ("warn", "alert-triangle"),
    "on_track": ("ok", "circle-check"),
}


@register.simple_tag
def plan_status(plan: Plan) -> SafeString:
    return _plan_status(PlanStatus(plan.status), get_language() or "")


@lru_cache(maxsize=64)
def _plan_status(status: PlanStatus, language: str) -> SafeString:
    """Kept: Django translates all labels of a field to say one of them."""
    return status_pill(status.label, *PLAN_LOOKS[status])


@register.inclusion_tag("components/tabs.html", takes_context=True)
def plan_tabs(context: Context, plan: Plan, active: str) -> dict[str, Any]:
    """The tabs of a plan's pages, as far as the reader may open them."""
    return {
        "tabs": tabs_of_plan(plan, context["request"].user, active=active),
        "label": _("Pages of the plan"),
    }


@register.simple_tag
def objective_status(objective: Objective) -> SafeString:
    """Of work in progress: how it goes. Otherwise the status."""
    pace = objective.pace
    if pace is None:
        tone, icon = OBJECTIVE_LOOKS[ObjectiveStatus(objective.status)]
        return status_pill(objective.get_status_display(), tone, icon)
    words = {
        "overdue": _("Overdue"),
        "off_track": _("Off track"),
        "at_risk": _("At risk"),
        "on_track": _("On track"),
    }
    return status_pill(words[pace], *PACES[pace])


HELPFUL = {Factor.STRENGTH, Factor.OPPORTUNITY}
IMPACT_LOOKS = {Impact.VERY_HIGH: ("bad", "alert-triangle"), Impact.HIGH: ("warn", "alert-triangle")}


@register.simple_tag
def analysis_weight(entry: RelatedObjectAnalysis) -> SafeString:
    """Impact and likelihood of an entry of SWOT or PESTEL, in words."""
    words = [_("%(impact)s impact") % {"impact": entry.get_impact_display()}]
    if entry.likelihood is not None:
        words.append(str(entry.get_likelihood_display()).lower())
    tone, icon = IMPACT_LOOKS.get(Impact(entry.impact), ("neutral", ""))
    if entry.factor in HELPFUL and entry.impact >= Impact.HIGH:
        tone, icon = "ok", "trending-up"
    return status_pill(", ".join(words), tone, icon)


@register.filter
def pace_tone(objective: Objective) -> str:
    """The colour of an objective's bar."""
    if objective.status == ObjectiveStatus.ACHIEVED:
        return "info"
    return PACES[objective.pace][0] if objective.pace else "info"
