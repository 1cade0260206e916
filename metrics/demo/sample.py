"""What the parts of the sample company share: the day, the random numbers and who was made so far."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from django.utils import timezone

from crm.models import (
    Account,
    ActivityType,
    Contact,
    ExchangeRate,
    Opportunity,
    PickListValue,
    Product,
    Stage,
    Territory,
)
from kam.users.models import User
from plans.models import AccountPlan
from templates_app.models import PlanType

SEED = 2128
ERP, CRM = "erp", "crm"  # the systems the records come from


@dataclass
class Sample:
    """The company while it is being made. Keys are the short names that the data files use."""

    today: date
    users: dict[str, User] = field(default_factory=dict)
    territories: dict[str, Territory] = field(default_factory=dict)
    values: dict[tuple[str, str], PickListValue] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)
    stages: dict[str, Stage] = field(default_factory=dict)
    activity_types: dict[str, ActivityType] = field(default_factory=dict)
    plan_types: dict[str, PlanType] = field(default_factory=dict)
    rates: list[ExchangeRate] = field(default_factory=list)
    accounts: dict[str, Account] = field(default_factory=dict)
    contacts: dict[str, list[Contact]] = field(default_factory=dict)
    opportunities: list[Opportunity] = field(default_factory=list)
    plans: dict[str, AccountPlan] = field(default_factory=dict)
    _ids: Random = field(default_factory=lambda: Random(f"{SEED} ids"))

    def random(self, part: str) -> Random:
        """A generator of its own for each part, so that a change in one leaves the others alone."""
        return Random(f"{SEED} {part}")

    def new_id(self) -> uuid.UUID:
        return uuid.UUID(int=self._ids.getrandbits(128), version=4)

    def day(self, offset: int) -> date:
        return self.today + timedelta(days=offset)

    def month(self, offset: int) -> date:
        """The first day of the month that lies `offset` months from this one."""
        years, month = divmod(self.today.month - 1 + offset, 12)
        return date(self.today.year + years, month + 1, 1)

    def moment(self, day: date, hour: int = 9) -> datetime:
        """An instant of the day, never in the future."""
        instant = datetime.combine(day, time(hour), tzinfo=timezone.get_default_timezone())
        return min(instant, datetime.combine(self.today, time(0), tzinfo=timezone.get_default_timezone()))


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
