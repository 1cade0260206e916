"""The account plans that cover an opportunity, shown with it as far as the reader may see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import F, Q

from crm.models import Opportunity
from kam.core.api.contributed import contribute
from kam.core.api.serializers import RefSerializer
from kam.users.models import User
from plans.enums import PlanStatus
from plans.models import AccountPlan

OPPORTUNITY = "account__edges_down__descendant__opportunities"


def plans_covering(opportunities: Sequence[Opportunity], user: User) -> dict[UUID, list[dict[str, Any]]]:
    """By opportunity: the plans whose period and accounts it lies in (domain.md, linking revenue to plans)."""
    found = (
        AccountPlan.objects.visible_to(user)
        .exclude(status=PlanStatus.CANCELLED)
        .filter(
            Q(include_child_accounts=True) | Q(account__edges_down__depth=0),
            **{f"{OPPORTUNITY}__in": [row.pk for row in opportunities]},
            start_date__lte=F(f"{OPPORTUNITY}__close_date"),
            end_date__gte=F(f"{OPPORTUNITY}__close_date"),
        )
        .order_by("start_date", "name", "pk")
        .values_list(OPPORTUNITY, "pk", "name")
    )
    by_opportunity: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for opportunity_id, pk, name in found:
        by_opportunity[opportunity_id].append({"id": str(pk), "name": name})
    return by_opportunity


def register() -> None:
    contribute(
        Opportunity,
        "account_plans",
        compute=plans_covering,
        field=lambda: RefSerializer(many=True, read_only=True),
        default=list,
    )
