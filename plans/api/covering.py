"""The account plans that cover an opportunity, shown with it as far as the reader may see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from crm.models import Opportunity
from kam.core.api.contributed import contribute
from kam.core.api.serializers import RefSerializer
from kam.users.models import User
from plans.coverage import covering


def plans_covering(opportunities: Sequence[Opportunity], user: User) -> dict[UUID, list[dict[str, Any]]]:
    by_opportunity: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for pair in covering([row.pk for row in opportunities], user):
        by_opportunity[pair.opportunity_id].append({"id": str(pair.plan_id), "name": pair.name})
    return by_opportunity


def register() -> None:
    contribute(
        Opportunity,
        "account_plans",
        compute=plans_covering,
        field=lambda: RefSerializer(many=True, read_only=True),
        default=list,
    )
