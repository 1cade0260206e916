"""How tasks look: words for when they are due, the tone and icon of a status."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kam.core.clock import company_today
from kam.core.formatting import format_percent
from kam.core.templatetags.kam import day, quantity, status_pill
from plans.enums import ActionPlanStatus, ItemKind, Priority, TaskStatus
from plans.models import ActionPlan, AssessmentTask
from plans.progress import Level, Node
from plans.templatetags.plans import pace_tone

register = template.Library()

TASK_LOOKS = {
    TaskStatus.OPEN: ("neutral", "circle-dashed"),
    TaskStatus.IN_PROGRESS: ("info", "clock"),
    TaskStatus.COMPLETED: ("ok", "circle-check"),
    TaskStatus.SKIPPED: ("neutral", "arrow-right"),
    TaskStatus.CANCELLED: ("neutral", "ban"),
}


def due_words(due: date | None, is_late: bool) -> str:
    """“3 days late”, “today”, or the day; nothing where there is none."""
    if due is None:
        return ""
    days = (company_today() - due).days
    if is_late and days > 0:
        return ngettext("%(days)s day late", "%(days)s days late", days) % {"days": days}
    return _("today") if days == 0 else day(due)


@register.filter
def due(row: AssessmentTask | ActionPlan) -> str:
    return due_words(row.due_date, row.is_overdue)


@register.simple_tag
def task_status(task: AssessmentTask) -> SafeString:
    tone, icon = TASK_LOOKS[TaskStatus(task.status)]
    return status_pill(task.get_status_display(), tone, icon)


@register.simple_tag
def action_plan_status(action_plan: ActionPlan) -> SafeString:
    tone, icon = TASK_LOOKS[TaskStatus(action_plan.status)]
    return status_pill(ActionPlanStatus(action_plan.status).label, tone, icon)


@register.simple_tag
def task_notes(task: AssessmentTask) -> str:
    """What else is worth knowing of a task in a list: its kind, how many, what it waits for."""
    notes = []
    if task.kind != ItemKind.TASK:
        notes.append(str(ItemKind(task.kind).label))
    if task.priority == Priority.HIGH:
        notes.append(_("High priority"))
    if task.target_quantity:
        amounts = {"done": quantity(task.quantity_done), "target": quantity(task.target_quantity)}
        notes.append(_("%(done)s of %(target)s") % amounts)
    if waits_for := getattr(task, "waits_for", None):
        notes.append(_("after “%(task)s”") % {"task": waits_for})
    return " · ".join(notes)


# --- Regions of the work page -----------------------------------------------------------------
@register.simple_tag
def task_target(task: AssessmentTask) -> str:
    return f"#task-{task.pk}"


@register.filter
def tasks_region(action_plan: ActionPlan) -> str:
    return f"#tasks-{action_plan.pk}"


@register.simple_tag
def refresh_of(action_plan: ActionPlan) -> str:
    """What a change of its tasks moves: the action plan and the progress above."""
    objective = action_plan.objective
    above = (objective.pk, objective.strategy_id, objective.plan_id)
    return " ".join([f"#actionplan-{action_plan.pk}", *(f"#progress-{pk}" for pk in above if pk)])


# --- Progress -----------------------------------------------------------------------------------
@register.simple_tag
def work_meter(node: Node) -> SafeString:
    """A bar and its number; a dash where there is nothing to measure."""
    percent = node.progress_percent
    if percent is None:
        return format_html('<span class="k-meter-none">{}</span>', _("Nothing to measure"))
    tone = pace_tone(node.row) if node.level == Level.OBJECTIVE else "ok" if percent == 100 else "info"
    return format_html(
        '<progress class="k-meter is-{}" max="100" value="{}" aria-label="{}"></progress>'
        '<span class="num">{}</span>',
        tone,
        percent,
        _("Progress of %(part)s") % {"part": node.row},
        format_percent(percent, digits=0),
    )


@register.filter
def share_percent(node: Node) -> Decimal | None:
    return None if node.share is None else node.share * 100
