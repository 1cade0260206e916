"""Goals of the library into many plans of a kind at once: what would be made, and the job that makes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kam.jobs.kinds import ItemState, JobKind, Outcome
from kam.jobs.models import Job
from kam.jobs.operations import start_job
from kam.users.models import User
from plans.models import Plan
from plans.operations.goal_imports import (
    ImportDraft,
    Sources,
    draft_import,
    import_goals,
    offered_goals,
)
from templates_app.models import GoalDefinition

NAME = "import-goals"
MOST_PLANS = 500


def importable_plans(user: User, kind: type[Plan] = Plan) -> QuerySet:
    """Plans (of this kind) that the user may edit and that are not over."""
    return kind.objects.editable_by(user).live()


# --- What would be made ---------------------------------------------------------------------
@dataclass
class PlanPreview:
    """One plan: the goals it has already, and what the others would make."""

    plan: Plan
    there: list[GoalDefinition] = field(default_factory=list)
    draft: ImportDraft | None = None
    problem: str = ""

    @property
    def makes_something(self) -> bool:
        return self.draft is not None and bool(self.draft.goals)

    @property
    def counts(self) -> dict[str, int]:
        return self.draft.counts if self.draft else {"objectives": 0, "action_plans": 0, "tasks": 0}

    @property
    def people(self) -> list[tuple[User, int]]:
        """Who would get how many tasks, the most first."""
        tasks = self.draft.tasks() if self.draft else ()
        counted = Counter(draft.task.assignee for draft in tasks)
        return sorted(counted.items(), key=lambda pair: (-pair[1], str(pair[0])))

    @property
    def fallen_count(self) -> int:
        """Tasks that fall to the owner, as nobody on the plan has the role."""
        return sum(draft.falls_to_owner for draft in self.draft.tasks()) if self.draft else 0


def preview_imports(
    *, plans: Sequence[Plan], goals: Sequence[GoalDefinition], start_date: date | None = None
) -> list[PlanPreview]:
    """By plan; six statements, however many plans and goals."""
    sources = Sources(plans, goals)
    previews = []
    for plan in plans:
        known = sources.known[plan.pk]
        preview = PlanPreview(plan, there=[goal for goal in goals if goal.pk in known])
        wanted = [goal for goal in goals if goal.pk not in known]
        try:
            preview.draft = draft_import(plan=plan, goals=wanted, start_date=start_date, sources=sources)
        except ValidationError as error:
            preview.problem = " ".join(error.messages)
        previews.append(preview)
    return previews


def total_of(previews: Sequence[PlanPreview]) -> dict[str, int]:
    totals = {"plans": 0, "objectives": 0, "action_plans": 0, "tasks": 0}
    for preview in previews:
        totals["plans"] += preview.makes_something
        for name, count in preview.counts.items():
            totals[name] += count
    return totals


# --- The job --------------------------------------------------------------------------------
def start_import(
    *,
    user: User,
    plans: Sequence[Plan],
    goals: Sequence[GoalDefinition],
    start_date: date | None = None,
) -> Job:
    """A job that imports these goals into each plan; raises `ValidationError` where there are too many."""
    if len(plans) > MOST_PLANS:
        raise ValidationError({"plans": _("At most %(most)s plans at a time.") % {"most": MOST_PLANS}})
    title = ngettext("Goal for many plans: %(names)s", "Goals for many plans: %(names)s", len(goals))
    return start_job(
        kind=NAME,
        title=title % {"names": ", ".join(str(goal) for goal in goals)},
        owner=user,
        targets=[plan.pk for plan in plans],
        parameters={
            "goals": [str(goal.pk) for goal in goals],
            "start_date": start_date.isoformat() if start_date else None,
        },
    )


def import_into_plan(job: Job, plan_id: UUID) -> Outcome:
    """What the owner of the job may still do counts, and goals that the plan has by now are left out."""
    plans = importable_plans(job.owner).filter(pk=plan_id).select_related("owner", "plan_type")
    if connection.features.has_select_for_update_of:
        plans = plans.select_for_update(of=("self",))  # what it has stays so until we are done
    plan = plans.first()
    if plan is None:
        return Outcome(
            ItemState.SKIPPED, _("Nothing was made: it is over, or you may not change it any more.")
        )
    wanted: list[str] = job.parameters["goals"]
    offered = offered_goals(job.owner, for_territories=plan.is_of_territory).filter(pk__in=wanted)
    goals = sorted(offered, key=lambda goal: wanted.index(str(goal.pk)))
    if not goals:
        return Outcome(ItemState.FAILED, _("The library offers these goals no more."))
    sources = Sources([plan], goals)
    missing = [goal for goal in goals if goal.pk not in sources.known[plan.pk]]
    if not missing:
        return Outcome(ItemState.SKIPPED, _("The plan has objectives from these goals already."))
    start = job.parameters["start_date"]
    draft = draft_import(
        plan=plan,
        goals=missing,
        start_date=date.fromisoformat(start) if start else None,
        sources=sources,
    )
    import_goals(draft)
    return Outcome(ItemState.DONE, _note(draft, len(goals) - len(missing)))


def _note(draft: ImportDraft, there: int) -> str:
    counts = draft.counts
    objectives = ngettext("%(count)s objective", "%(count)s objectives", counts["objectives"])
    tasks = ngettext("%(count)s task", "%(count)s tasks", counts["tasks"])
    note = f"{objectives % {'count': counts['objectives']}}, {tasks % {'count': counts['tasks']}}"
    if there:
        text = ngettext("%(count)s goal was there already", "%(count)s goals were there already", there)
        note += f"; {text % {'count': there}}"
    return note


def visible_plans(user: User) -> QuerySet[Any]:
    return Plan.objects.visible_to(user)


KIND = JobKind(NAME, gettext_lazy("Import of goals"), gettext_lazy("Plans"), import_into_plan, visible_plans)
