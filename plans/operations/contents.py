"""What a plan holds, in words: it goes with the plan. Apps above register theirs in `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import ngettext

from kam.core.models import BaseModel
from kam.users.models import User
from plans.models import (
    AccountPlanParticipant,
    AccountPlanProduct,
    AssessmentTask,
    Commitment,
    CoopFund,
    Objective,
    Plan,
    PlanEvent,
    PlanPin,
    PlanReview,
    RebateProgram,
    RelatedObjectAnalysis,
    Strategy,
    TargetLine,
)

Words = Callable[[int], str]  # for so many
_contents: dict[type[BaseModel], Words] = {}


def register_content(model: type[BaseModel], words: Words) -> None:
    _contents[model] = words


def registered() -> frozenset[type[BaseModel]]:
    return frozenset(_contents)


def contents_of(plan: Plan, user: User) -> list[tuple[int, str]]:
    """How many of each kind this user sees, in sections that are left out, too; one statement a kind."""
    found = []
    for model, words in _contents.items():
        rows = model.objects.visible_to(user)  # type: ignore[attr-defined]
        if count := rows.filter(**{getattr(rows, "plan_path", "plan"): plan.pk}).count():
            found.append((count, words(count)))
    return found


register_content(Strategy, lambda count: ngettext("strategy", "strategies", count))
register_content(Objective, lambda count: ngettext("objective", "objectives", count))
register_content(AssessmentTask, lambda count: ngettext("task", "tasks", count))
register_content(TargetLine, lambda count: ngettext("target line", "target lines", count))
register_content(Commitment, lambda count: ngettext("promise", "promises", count))
register_content(AccountPlanParticipant, lambda count: ngettext("participant", "participants", count))
register_content(PlanEvent, lambda count: ngettext("event", "events", count))
register_content(CoopFund, lambda count: ngettext("co-op fund", "co-op funds", count))
register_content(RebateProgram, lambda count: ngettext("rebate programme", "rebate programmes", count))
register_content(AccountPlanProduct, lambda count: ngettext("product line", "product lines", count))
register_content(RelatedObjectAnalysis, lambda count: ngettext("analysis entry", "analysis entries", count))
register_content(PlanPin, lambda count: ngettext("pinned record", "pinned records", count))
register_content(PlanReview, lambda count: ngettext("review", "reviews", count))
