"""Which plans look after which accounts, as far as a reader may see them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q

from kam.users.models import User
from plans.models import AccountPlan


class PlanOfAccount(NamedTuple):
    """A plan that runs now, of the account or, where it counts those below it, of one above."""

    id: UUID
    name: str


def plans_by_account(accounts: Any, user: User, *, today: date) -> dict[UUID, list[PlanOfAccount]]:
    """The plans in force of these accounts (ids, or a subquery) that the user may see: one statement.

    The account's own ones come first.
    """
    plans = AccountPlan.objects.visible_to(user).current(today=today)
    plans = plans.filter(
        Q(include_child_accounts=True) | Q(account__edges_down__depth=0),
        account__edges_down__descendant__in=accounts,
    )
    rows = plans.order_by("account__edges_down__depth", "start_date", "name", "pk")
    found: dict[UUID, list[PlanOfAccount]] = defaultdict(list)
    for account_id, pk, name in rows.values_list("account__edges_down__descendant", "pk", "name"):
        found[account_id].append(PlanOfAccount(pk, name))
    return found
