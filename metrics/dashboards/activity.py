"""What was done with accounts in a period and what is planned, by owner, type and month.

An activity lies on the day it was done, or else on the day it is planned for. It is joint when a
colleague takes part beside its owner. Cancelled ones are left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, DateField, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import TruncMonth

from crm.enums import ActivityStatus
from crm.models import Account, Activity
from crm.policies import add_months
from kam.users.models import User
from metrics.dashboards.completion import NAMES, called
from metrics.dashboards.covering import plans_in_force
from metrics.dashboards.groups import Counts, Group, by_name, summed
from metrics.enums import ActivityShown
from metrics.policies import percent_of
from metrics.promises import counted_in
from plans.models import Commitment

MOST_MONTHS = 60
WHY = "which activities and accounts count, of rows that came through the gate"


def activities_of(user: User) -> QuerySet:
    """Those that the user may see and nobody cancelled, each with its `day`."""
    done_on = When(status=ActivityStatus.DONE, then=F("done_on"))
    return (
        Activity.objects.visible_to(user)
        .exclude(status=ActivityStatus.CANCELLED)
        .annotate(day=Case(done_on, default=F("planned_for"), output_field=DateField()))
    )


def shown(today: date) -> dict[str, Q]:
    """What each list shows. What is overdue is no more planned: each activity counts once."""
    late = Q(planned_for__lt=today)
    others = Activity.participants.through._base_manager.filter(activity=OuterRef("pk")).exclude(
        user=OuterRef("owner")
    )
    done, planned = Q(status=ActivityStatus.DONE), Q(status=ActivityStatus.PLANNED)
    return {
        ActivityShown.DONE: done,
        ActivityShown.PLANNED: planned & ~late,
        ActivityShown.OVERDUE: planned & late,
        ActivityShown.JOINT: done & Q(Exists(others)),
    }


@dataclass(frozen=True)
class MonthOfActivity:
    month: date  # its first day
    counts: Counts


@dataclass(frozen=True)
class ActivityCounts:
    total: Counts
    by_owner: list[Group]
    by_type: list[Group]
    by_month: list[MonthOfActivity]


def counts_of(activities: QuerySet, *, today: date, period: tuple[date, date]) -> ActivityCounts:
    """One statement, whatever their number."""
    conditions = shown(today)
    rows = activities.order_by().annotate(
        month=TruncMonth("day"),
        is_joint=Case(When(conditions.pop(ActivityShown.JOINT), then=Value(True)), default=Value(False)),
    )
    conditions[ActivityShown.JOINT] = Q(is_joint=True)
    columns = ("owner_id", "type_id", "month", "type__name", *(f"owner__{part}" for part in NAMES))
    numbers = {f"{name}_count": Count("pk", filter=condition) for name, condition in conditions.items()}
    owners: dict[UUID, str] = {}
    types: dict[UUID, str] = {}
    counted: list[tuple[UUID, UUID, date, Counts]] = []
    for owner, kind, month, kind_name, first, last, username, *found in rows.values_list(*columns).annotate(
        **numbers
    ):
        owners[owner], types[kind] = called(first, last, username), kind_name
        pairs = zip(conditions, found, strict=True)
        counted.append((owner, kind, month, Counter({name: count for name, count in pairs if count})))
    by_month = summed((month, counts) for _owner, _kind, month, counts in counted)
    return ActivityCounts(
        total=sum((counts for *_key, counts in counted), Counter()),
        by_owner=by_name(summed((owner, counts) for owner, _kind, _month, counts in counted), owners),
        by_type=by_name(summed((kind, counts) for _owner, kind, _month, counts in counted), types),
        by_month=[
            MonthOfActivity(month, by_month.get(month, Counter())) for month in months(by_month, *period)
        ],
    )


def months(found: Iterable[date], first: date, last: date) -> list[date]:
    """The first days of the months of the period; of a very long one those in which there is something."""
    start = first.replace(day=1)
    number = (last.year - start.year) * 12 + last.month - start.month + 1
    if number > MOST_MONTHS:
        return sorted(found)[-MOST_MONTHS:]
    return [add_months(start, index) for index in range(number)]


def last_day_of(month: date) -> date:
    return add_months(month, 1) - timedelta(days=1)


def accounts_without_contact(accounts: QuerySet, *, period: tuple[date, date]) -> QuerySet:
    """Of these accounts those with no done activity in the period that counts for cadence."""
    contacts = Activity.objects.unscoped(WHY).filter(
        account=OuterRef("pk"),
        status=ActivityStatus.DONE,
        done_on__range=period,
        type__counts_for_cadence=True,
    )
    return accounts.filter(~Exists(contacts))


def accounts_of(user: User, *, owner: User | None, territory: Any) -> QuerySet:
    """The accounts that the filters of activities choose, where they speak of accounts."""
    rows = Account.objects.visible_to(user)
    rows = rows.filter(owner=owner) if owner else rows
    return rows.filter(territory__edges_up__ancestor=territory) if territory else rows


# --- Against what was promised ----------------------------------------------------------------
@dataclass(frozen=True)
class Promised:
    """Commitments of one activity type in the plans in force."""

    type_id: UUID
    name: str
    commitments: int
    promised: Decimal
    done: Decimal  # of each no more than was promised

    @property
    def percent(self) -> Decimal | None:
        return percent_of(self.done, self.promised)


def promised_by_type(
    user: User, *, today: date, owner: User | None, territory: Any, kind: Any
) -> list[Promised]:
    """What the plans in force promise and how much of it was done in their whole periods: two statements."""
    plans = plans_in_force(user, today=today)
    plans = plans.filter(account__territory__edges_up__ancestor=territory) if territory else plans
    rows = Commitment.objects.visible_to(user).filter(plan__in=plans.values("pk")).order_by()
    rows = rows.filter(owner=owner) if owner else rows
    rows = rows.filter(activity_type=kind) if kind else rows
    found: dict[tuple[str, UUID], list[tuple[UUID, Decimal]]] = defaultdict(list)
    for pk, quantity, type_id, name in rows.values_list(
        "pk", "quantity", "activity_type_id", "activity_type__name"
    ):
        found[name, type_id].append((pk, quantity))
    done = counted_in(rows.values("pk")) if found else {}
    return [
        Promised(
            type_id,
            name,
            commitments=len(listed),
            promised=sum((quantity for _pk, quantity in listed), Decimal(0)),
            done=sum(
                (min(quantity, done.get(pk, (0, Decimal(0)))[1]) for pk, quantity in listed), Decimal(0)
            ),
        )
        for (name, type_id), listed in sorted(found.items())
    ]
