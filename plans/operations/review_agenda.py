"""What a review should talk about: what was decided last time, what is late, and what metrics see in the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kam.core.clock import company_today
from kam.users.models import User
from plans.enums import ObjectiveStatus, ReviewStatus
from plans.models import AssessmentTask, Objective, PlanReview
from plans.signals import agenda_asked

NAMED = 4
OPEN_OBJECTIVES = (ObjectiveStatus.NOT_STARTED, ObjectiveStatus.IN_PROGRESS)


def suggested_agenda(review: PlanReview, user: User, *, today: date | None = None) -> str:
    """One point a line; of the numbers only what this user may see."""
    today = today or company_today()
    lines = [*_last_time(review, user), *_late(review, user, today)]
    for _receiver, found in agenda_asked.send(PlanReview, review=review, user=user):
        lines += found or []
    return "\n".join([*lines, _("Next steps: who does what by when")])


def _last_time(review: PlanReview, user: User) -> list[str]:
    held = PlanReview.objects.visible_to(user).filter(plan=review.plan_id, status=ReviewStatus.HELD)
    last = held.exclude(pk=review.pk).order_by("-held_on", "-created_at").first()
    if last is None or last.held_on is None or not last.decisions:
        return []
    day = date_format(last.held_on)
    return [_("What became of the decisions of %(day)s") % {"day": day}]


def _late(review: PlanReview, user: User, today: date) -> list[str]:
    plan = {"item__action_plan__objective__plan": review.plan_id}
    tasks = AssessmentTask.objects.visible_to(user).filter(**plan, due_date__lt=today).to_do()
    late_tasks = list(tasks.order_by("due_date", "pk").values_list("name", flat=True))
    objectives = Objective.objects.visible_to(user).filter(
        plan=review.plan_id, status__in=OPEN_OBJECTIVES, target_date__lt=today
    )
    late_objectives = list(objectives.order_by("target_date", "pk").values_list("name", flat=True))
    lines = []
    if late_objectives:
        text = ngettext(
            "%(count)s objective is past its date: %(names)s",
            "%(count)s objectives are past their date: %(names)s",
            len(late_objectives),
        )
        lines.append(_filled(text, late_objectives))
    if late_tasks:
        text = ngettext(
            "%(count)s task is late: %(names)s", "%(count)s tasks are late: %(names)s", len(late_tasks)
        )
        lines.append(_filled(text, late_tasks))
    return lines


def _filled(text: str, names: Sequence[Any]) -> str:
    shown = ", ".join(names[:NAMED])
    more = len(names) - NAMED
    shown += _(" and %(count)s more") % {"count": more} if more > 0 else ""
    return text % {"count": len(names), "names": shown}
