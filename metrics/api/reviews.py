"""The numbers of a plan as they stood when it was reviewed (`kam.core.api.contributed`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from kam.core.api.contributed import contribute
from kam.core.api.fields import UtcDateTimeField, money_text
from kam.users.models import User
from metrics.api.serializers import NumbersSerializer, decimal_text, instant, numbers_answer
from metrics.history import frozen_numbers
from plans.api.numbers import plans_with_numbers
from plans.models import PlanReview


class FrozenNumbersSerializer(NumbersSerializer):
    """As they stood when the review was held; they never change. Null before, and for who sees no numbers."""

    as_of = UtcDateTimeField()
    stretch_target = decimal_text()


def numbers_of(rows: Sequence[PlanReview], user: User) -> dict[UUID, dict[str, Any]]:
    """Asked in any case: a statement less would tell."""
    open_plans = plans_with_numbers({row.plan_id for row in rows}, user)
    found = frozen_numbers(rows)
    return {
        row.pk: {
            "as_of": instant(found[row.pk]),
            "stretch_target": None
            if found[row.pk].stretch_target is None
            else money_text(found[row.pk].stretch_target, found[row.pk].currency),
            **numbers_answer(found[row.pk], in_company_currency=False),
        }
        for row in rows
        if row.pk in found and row.plan_id in open_plans
    }


def register() -> None:
    contribute(
        PlanReview,
        "kpis",
        compute=numbers_of,
        field=lambda: FrozenNumbersSerializer(allow_null=True, read_only=True),
    )
