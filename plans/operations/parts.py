"""What a plan holds, table by table, in the parts that a person takes along in a copy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kam.core.models import BaseModel
from kam.users.models import User
from plans import policies
from plans.enums import ActionPlanStatus, ObjectiveStatus, TaskStatus
from plans.models import (
    AccountPlanParticipant,
    AccountPlanProduct,
    ActionPlan,
    ActionPlanItem,
    AssessmentTask,
    Commitment,
    CoopFund,
    Objective,
    Plan,
    PlanEvent,
    RebateProgram,
    RebateTier,
    RelatedObjectAnalysis,
    Strategy,
    TargetLine,
)
from plans.periods import months_between


def nothing_stays(owner: User) -> Q | None:
    return None


Fit = Callable[[dict[str, Any]], bool]


def as_it_is(source: Plan, plan: Plan) -> Fit:
    return lambda values: True


@dataclass(frozen=True)
class Table:
    """How the rows of one model are copied. All names are attributes of a row.

    `parent` points at what they hang on. `links` point at other copied rows, and stay empty where these are
    not copied; a row stays behind without one of those that it `needed`. Rows that match `left_out` (asked with
    the new plan's owner) stay behind, with what hangs on them. `names` point at rows outside the plan that a row
    takes its name from. `fitting` makes what changes the values of a row for the new plan, and says whether it has
    a place there.
    """

    model: type[BaseModel]
    parent: str = "plan_id"
    links: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()  # many-to-many fields to other copied rows
    shifted: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    fresh: Mapping[str, Any] = field(default_factory=dict)
    left_out: Callable[[User], Q | None] = nothing_stays
    fitting: Callable[[Plan, Plan], Fit] = as_it_is

    @property
    def plan_path(self) -> str:
        return self.model.objects.all().plan_path  # type: ignore[attr-defined]

    def target_of(self, attname: str) -> type[models.Model]:
        return self.model._meta.get_field(attname.removesuffix("_id")).related_model  # type: ignore[return-value]


@dataclass(frozen=True)
class Part:
    """`needs` names the part that this one hangs on; `permission` is asked about the plan that is copied.

    What is promised is promised to one account: plans of territories have none of it.
    """

    name: str
    label: str | Promise
    tables: tuple[Table, ...]
    needs: str = ""
    permission: str = "plans.view_accountplan"
    for_territories: bool = True


_parts: dict[str, Part] = {}


def register_part(part: Part) -> None:
    """Add a part, or more tables to the part of that name. For apps above, in `AppConfig.ready`."""
    known = _parts.get(part.name)
    tables = known.tables if known else ()
    _parts[part.name] = replace(part, tables=tables + part.tables)


def parts() -> list[Part]:
    """In the order in which they hang on each other."""
    return list(_parts.values())


def offered_parts(plan: Plan, user: User) -> list[Part]:
    """What this user may take along from a plan."""
    fitting = (part for part in parts() if part.for_territories or not plan.is_of_territory)
    return [part for part in fitting if user.has_perm(part.permission, plan)]


def check_parts(include: Collection[str]) -> None:
    """Raises `ValidationError` for `include`."""
    for name in include:
        if name not in _parts:
            raise ValidationError({"include": _("“%(name)s” is no part of a plan.") % {"name": name}})
        needed = _parts[name].needs
        if needed and needed not in include:
            texts = {"part": _parts[name].label, "needed": _parts[needed].label}
            raise ValidationError({"include": _("“%(part)s” cannot come without “%(needed)s”.") % texts})


def fitting_target_lines(source: Plan, plan: Plan) -> Fit:
    """A line moves by whole calendar periods, and needs a day in the new plan's period."""
    months = months_between(source.start_date, plan.start_date)

    def fit(values: dict[str, Any]) -> bool:
        per_year = policies.PERIODS_A_YEAR[values["period"]]
        if months is None or months * per_year % 12:
            return False
        place = values["year"] * per_year + values["number"] - 1 + months * per_year // 12
        values["year"], number = divmod(place, per_year)
        values["number"] = number + 1
        start, end = policies.period_days(values["year"], values["period"], values["number"])
        return start <= plan.end_date and end >= plan.start_date

    return fit


# --- The parts of this app --------------------------------------------------------------------
PERIOD = ("start_date", "due_date")

register_part(Part("strategies", gettext_lazy("Strategies"), (Table(Strategy),)))
register_part(
    Part(
        "objectives",
        gettext_lazy("Objectives"),
        (
            Table(
                Objective,
                links=("strategy_id",),
                shifted=("start_date", "target_date"),
                people=("owner_id",),
                fresh={
                    "status": ObjectiveStatus.NOT_STARTED,
                    "current": None,
                    "manual_progress": None,
                    "owner_comments": "",
                    "manager_comments": "",
                    "lessons_learned": "",
                },
                left_out=lambda owner: Q(status=ObjectiveStatus.CANCELLED),
            ),
        ),
    )
)
register_part(
    Part(
        "action_plans",
        gettext_lazy("Action plans and tasks"),
        (
            Table(
                ActionPlan,
                parent="objective_id",
                shifted=PERIOD,
                people=("owner_id",),
                fresh={"status": ActionPlanStatus.OPEN},
                left_out=lambda owner: Q(status=ActionPlanStatus.CANCELLED),
            ),
            Table(
                ActionPlanItem,
                parent="action_plan_id",
                links=("prerequisite_id",),
                left_out=lambda owner: Q(task__status=TaskStatus.CANCELLED),
            ),
            Table(
                AssessmentTask,
                parent="item_id",
                shifted=PERIOD,
                people=("assignee_id",),
                fresh={
                    "status": TaskStatus.OPEN,
                    "quantity_done": 0,
                    "completed_at": None,
                    "notes": "",
                    "evidence_links": [],
                },
            ),
        ),
        needs="objectives",
    )
)
register_part(
    Part(
        "participants",
        gettext_lazy("Colleagues who take part"),
        (
            Table(
                AccountPlanParticipant,
                names=("user_id",),
                left_out=lambda owner: Q(user__is_active=False) | Q(user=owner),
            ),
        ),
    )
)
register_part(
    Part(
        "targets",
        gettext_lazy("Targets and products"),
        (
            Table(
                AccountPlanProduct,
                names=("product_id", "category_id"),
                fresh={"last_year_actual": None},
            ),
            Table(
                TargetLine,
                names=("category_id",),
                fresh={"last_year_entered": None},
                fitting=fitting_target_lines,
            ),
        ),
        permission="plans.view_numbers",
    )
)
register_part(
    Part(
        "analyses",
        gettext_lazy("SWOT and PESTEL"),
        (
            Table(
                RelatedObjectAnalysis,
                links=("product_id",),
                relations=("objectives",),
                people=("owner_id",),
            ),
        ),
    )
)
register_part(
    Part(
        "commitments",
        gettext_lazy("Promises, events, co-op funds and rebates"),
        (
            Table(Commitment, shifted=("due_date",), people=("owner_id",), names=("activity_type_id",)),
            Table(PlanEvent, shifted=("date", "end_date"), people=("owner_id",)),
            Table(CoopFund),
            Table(RebateProgram, shifted=("start_date", "end_date")),
            Table(RebateTier, parent="program_id"),
        ),
        permission="plans.view_numbers",
        for_territories=False,
    )
)
