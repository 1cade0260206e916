"""Strategic accounts with and without a plan, by owner and territory.

An account is strategic when its current or its target segment means so. It has a plan when one of it,
or of an account above that counts those below, is live and not over yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Case, Count, Q, QuerySet, Value, When

from crm.enums import SegmentMeaning
from crm.models import Account
from kam.users.models import User
from metrics.dashboards.covering import account_ids, plans_to_come
from metrics.dashboards.groups import Counts, Group, by_name, by_territory, people, summed
from metrics.enums import PlanState
from metrics.policies import percent_of
from plans.enums import PlanStatus

IS_STRATEGIC = Q(current_segment__meaning=SegmentMeaning.STRATEGIC) | Q(
    target_segment__meaning=SegmentMeaning.STRATEGIC
)


def strategic_accounts(user: User, *, today: date) -> QuerySet:
    """Those that the user may see, each with its `plan_state`, as far as the user may see plans."""
    plans = plans_to_come(user, today=today)
    drafts = plans.filter(status=PlanStatus.DRAFT)
    return (
        Account.objects.visible_to(user)
        .filter(IS_STRATEGIC)
        .annotate(
            plan_state=Case(
                When(
                    pk__in=account_ids(plans.exclude(status=PlanStatus.DRAFT)),
                    then=Value(PlanState.WITH_PLAN),
                ),
                When(pk__in=account_ids(drafts), then=Value(PlanState.DRAFT_ONLY)),
                default=Value(PlanState.WITHOUT_PLAN),
            )
        )
    )


@dataclass(frozen=True)
class Coverage:
    total: Counts
    by_owner: list[Group]
    by_territory: list[Group]


def coverage_of(accounts: QuerySet) -> Coverage:
    """How many of these accounts have a plan: three statements, whatever their number."""
    rows = accounts.order_by().values_list("owner_id", "territory_id", "plan_state").annotate(Count("pk"))
    counted = [(owner, territory, Counter({state: count})) for owner, territory, state, count in rows]
    owners = summed((owner, counts) for owner, _territory, counts in counted)
    return Coverage(
        total=sum(owners.values(), Counter()),
        by_owner=by_name(owners, people(owners)),
        by_territory=by_territory(summed((territory, counts) for _owner, territory, counts in counted)),
    )


def accounts_in(counts: Counts, states: Iterable[str] = PlanState.values) -> int:
    return sum(counts[state] for state in states)


def coverage_percent(counts: Counts) -> Decimal | None:
    """With a plan that is more than a draft; None of no accounts."""
    return percent_of(Decimal(counts[PlanState.WITH_PLAN]), Decimal(accounts_in(counts)))
