"""What a sample plan is described with, and the list of all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from plans.enums import Access, ColleagueRole, MeasureKind, ObjectiveStatus
from templates_app.enums import RevenueBasis


class Story(Enum):
    """How the plan stands. The target is set so that the numbers tell it."""

    AHEAD = "expected above target, won faster than time passes"
    ON_TRACK = "expected about the target"
    BEHIND = "expected clearly below target, won slower than time passes"
    TO_COME = "the period has not started"
    REACHED = "the period is over, the target was won"
    NO_TARGET = "no target yet"


@dataclass(frozen=True)
class Objective:
    """Measured from `baseline` to `target` if it has one, else progress is `manual` (percent).

    `start` and `due` are months from the plan's first month.
    """

    name: str
    approach: str = ""
    weight: int = 1
    owner: str = ""
    status: str = ObjectiveStatus.IN_PROGRESS
    start: int = 0
    due: int = 12
    kind: str = MeasureKind.NUMBER
    unit: str = ""
    baseline: int = 0
    current: int | None = None
    target: int | None = None
    stretch: int | None = None
    manual: int | None = None
    owner_comments: str = ""
    manager_comments: str = ""


@dataclass(frozen=True)
class Focus:
    """A strategy and what is to be reached with it; without a name the objectives stand alone."""

    name: str
    description: str = ""
    objectives: tuple[Objective, ...] = ()


@dataclass(frozen=True)
class Seat:
    """A colleague on the plan."""

    username: str
    role: str = ColleagueRole.TEAM_MEMBER
    access: str = Access.READ


@dataclass(frozen=True)
class PlanSpec:
    """`name` may hold {account} and {period}; `first_month` counts from this month."""

    key: str
    account: str
    owner: str
    story: Story
    why: str
    name: str = "{account} {period}"
    plan_type: str = "Key Account Plan"
    first_month: int = -7
    months: int = 12
    revenue_basis: str = RevenueBasis.OPPORTUNITY
    steps: tuple[tuple[str, str], ...] = (("activate", "Agreed with the team."),)
    is_confidential: bool = False
    parent: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    focus: tuple[Focus, ...] = ()
    seats: tuple[Seat, ...] = ()
