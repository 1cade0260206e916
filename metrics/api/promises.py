"""How far promises are kept, shown with each of them (`kam.core.api.contributed`)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from rest_framework import serializers

from kam.core.api.contributed import contribute
from kam.core.api.fields import DayField, money_text
from kam.core.clock import company_today
from kam.users.models import User
from metrics.api.serializers import decimal_text
from metrics.enums import CurveSource
from metrics.promises import CommitmentProgress, balances_of, progress_of
from metrics.rebates import RebateStanding, standings_of
from metrics.rules import plans_with_numbers
from plans.models import Commitment, CoopFund, RebateProgram, RebateTier

STATES = ("kept", "on_pace", "at_risk", "behind", "overdue", "to_come", "cancelled")


class CommitmentProgressSerializer(serializers.Serializer):
    """Counted from done activities of the type in the plan's period."""

    done = serializers.CharField()
    count = serializers.IntegerField(help_text="How many activities that are.")
    remaining = serializers.CharField()
    percent_complete = serializers.FloatField(help_text="More than 100 where more was done.")
    expected = serializers.CharField(help_text="What should be done by today: every day counts the same.")
    needed_per_month = decimal_text(help_text="From now on; null when the time is over.")
    due = DayField()
    state = serializers.ChoiceField(choices=STATES)


class FundBalanceSerializer(serializers.Serializer):
    """In plan currency. What is only planned does not lessen what remains."""

    currency = serializers.CharField()
    spent = serializers.CharField()
    approved = serializers.CharField()
    planned = serializers.CharField()
    remaining = serializers.CharField()


class TierSerializer(serializers.Serializer):
    threshold = serializers.CharField()
    percent = serializers.FloatField()


class RebateStandingSerializer(serializers.Serializer):
    """From the orders of the plan's accounts in the programme's period, in plan currency."""

    currency = serializers.CharField()
    turnover = serializers.CharField()
    orders = serializers.IntegerField()
    not_converted = serializers.IntegerField(help_text="Left out of the sum: no exchange rate on their day.")
    reached_tier = TierSerializer(allow_null=True)
    next_tier = TierSerializer(allow_null=True)
    missing = decimal_text(help_text="What has to be ordered by `due` to reach the next tier.")
    due = DayField()
    rebate = serializers.CharField(help_text="The reached tier's percent of the turnover.")
    projected = decimal_text(help_text="The turnover at the end if the season goes on like this.")
    expected = decimal_text(help_text="What should be ordered by now on the way to the next tier.")
    needed_per_month = decimal_text(help_text="To reach the next tier, from now on; null when it is over.")
    elapsed_percent = serializers.FloatField(help_text="The part of the season that is over.")
    curve_source = serializers.ChoiceField(choices=CurveSource.choices)
    curve_reason = serializers.CharField()
    state = serializers.ChoiceField(
        choices=STATES, allow_null=True, help_text="Of the next tier; kept: the highest is reached."
    )


def plain(value: Decimal) -> str:
    """A quantity without the zeros of its scale."""
    text = f"{round(value, 3):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def commitment_progress(rows: Sequence[Commitment], user: User) -> dict[UUID, dict[str, Any]]:
    found = progress_of(rows, today=company_today())
    return {pk: progress_answer(progress) for pk, progress in found.items()}


def progress_answer(found: CommitmentProgress) -> dict[str, Any]:
    needed = found.needed_per_month
    return {
        "done": plain(found.done),
        "count": found.count,
        "remaining": plain(found.remaining),
        "percent_complete": float(found.percent),
        "expected": plain(found.expected),
        "needed_per_month": None if needed is None else plain(needed),
        "due": found.commitment.due_on.isoformat(),
        "state": found.state,
    }


def with_open_numbers(rows: Sequence[Any], user: User) -> list[Any]:
    """Those of plans whose numbers the user may see. Asked in any case: a statement less would tell."""
    plans = plans_with_numbers(user).filter(pk__in={row.plan_id for row in rows} or {UUID(int=0)})
    seen = set(plans.values_list("pk", flat=True))
    return [row for row in rows if row.plan_id in seen]


def fund_balances(rows: Sequence[CoopFund], user: User) -> dict[UUID, dict[str, Any]]:
    funds = with_open_numbers(rows, user)
    currencies = {fund.pk: fund.plan.currency for fund in funds}
    return {
        pk: {
            "currency": currencies[pk],
            **{
                name: money_text(getattr(balance, name), currencies[pk])
                for name in ("spent", "approved", "planned", "remaining")
            },
        }
        for pk, balance in balances_of(funds).items()
    }


def rebate_standings(rows: Sequence[RebateProgram], user: User) -> dict[UUID, dict[str, Any]]:
    found = standings_of(with_open_numbers(rows, user), today=company_today())
    return {pk: standing_answer(standing) for pk, standing in found.items()}


def standing_answer(found: RebateStanding) -> dict[str, Any]:
    currency = found.program.plan.currency

    def text(amount: Decimal | None) -> str | None:
        return None if amount is None else money_text(amount, currency)

    return {
        "currency": currency,
        "turnover": text(found.turnover),
        "orders": found.order_count,
        "not_converted": found.not_converted_count,
        "reached_tier": tier_answer(found.reached, currency),
        "next_tier": tier_answer(found.next, currency),
        "missing": text(found.missing),
        "due": found.program.end_date.isoformat(),
        "rebate": text(found.rebate),
        "projected": text(found.projected),
        "expected": text(found.expected),
        "needed_per_month": text(found.needed_per_month),
        "elapsed_percent": float(found.pace.share_percent),
        "curve_source": found.season.curve.source,
        "curve_reason": found.season.reason,
        "state": found.state or None,
    }


def tier_answer(tier: RebateTier | None, currency: str) -> dict[str, Any] | None:
    if tier is None:
        return None
    return {"threshold": money_text(tier.threshold, currency), "percent": float(tier.percent)}


def register() -> None:
    contribute(
        Commitment,
        "progress",
        compute=commitment_progress,
        field=lambda: CommitmentProgressSerializer(read_only=True),
    )
    contribute(
        CoopFund,
        "balance",
        compute=fund_balances,
        field=lambda: FundBalanceSerializer(read_only=True, allow_null=True),
    )
    contribute(
        RebateProgram,
        "standing",
        compute=rebate_standings,
        field=lambda: RebateStandingSerializer(read_only=True, allow_null=True),
    )
