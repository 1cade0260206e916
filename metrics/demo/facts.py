"""What the sample company holds, for the command's last lines and for whoever shows somebody around."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from uuid import UUID


@dataclass(frozen=True)
class SampleUser:
    username: str
    name: str
    role: str
    job_title: str

    @property
    def password(self) -> str:
        return f"{self.username}-demo"


@dataclass(frozen=True)
class SamplePlan:
    """One plan of the tour. `why` says what it is there to show."""

    id: UUID
    name: str
    owner: str
    why: str


@dataclass(frozen=True)
class Counts:
    users: int
    territories: int
    accounts: int
    contacts: int
    products: int
    exchange_rates: int
    goal_definitions: int
    action_plan_templates: int
    opportunities: int
    opportunity_lines: int
    revenue_schedules: int
    orders: int
    activities: int
    plans: int
    objectives: int

    def __iter__(self) -> Iterator[tuple[str, int]]:
        return ((field.name.replace("_", " "), getattr(self, field.name)) for field in fields(self))


@dataclass(frozen=True)
class Facts:
    """`plans` by key: "newton" is the ahead one, "harrowfen" the one behind; see `plan_data`."""

    users: tuple[SampleUser, ...]
    plans: dict[str, SamplePlan]
    counts: Counts
    not_converted: str  # the opportunity in a currency without a rate
