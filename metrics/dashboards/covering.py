"""Which plans look after which accounts, as far as a reader may see them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from kam.users.models import User
from plans.models import AccountPlan

DESCENDANT = "account__edges_down__descendant"


class PlanOfAccount(NamedTuple):
    """A plan of the account or, where it counts those below it, of one above."""

    id: UUID
    name: str
    status: str


def plans_in_force(user: User, *, today: date) -> QuerySet:
    """Live plans whose period has this day in it."""
    return AccountPlan.objects.visible_to(user).current(today=today)


def plans_to_come(user: User, *, today: date) -> QuerySet:
    """Live plans whose period is not over: in force, or still to begin."""
    return AccountPlan.objects.visible_to(user).live().filter(end_date__gte=today)


def account_ids(plans: QuerySet) -> QuerySet:
    """The accounts that these plans look after, for use in a subquery."""
    return _reaching(plans).order_by().values(DESCENDANT)


def plans_by_account(accounts: Any, plans: QuerySet) -> dict[UUID, list[PlanOfAccount]]:
    """Of these plans those that look after each account (ids, or a subquery): one statement.

    The account's own ones come first.
    """
    rows = _reaching(plans, **{f"{DESCENDANT}__in": accounts})
    rows = rows.order_by("account__edges_down__depth", "start_date", "name", "pk")
    found: dict[UUID, list[PlanOfAccount]] = defaultdict(list)
    for account_id, *plan in rows.values_list(DESCENDANT, "pk", "name", "status"):
        found[account_id].append(PlanOfAccount(*plan))
    return found


def _reaching(plans: QuerySet, **accounts: Any) -> QuerySet:
    return plans.filter(Q(include_child_accounts=True) | Q(account__edges_down__depth=0), **accounts)
