"""Promises, as the API shows and takes them. Money is null for who may not see the numbers of the plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar
from uuid import UUID

from rest_framework import serializers

from kam.core.api import fields
from kam.core.api.serializers import BASE_FIELDS, ME, KamModelSerializer
from kam.users.models import User
from plans.models import (
    AccountPlan,
    Commitment,
    CoopExpense,
    CoopFund,
    Plan,
    PlanEvent,
    RebateProgram,
    RebateTier,
)

MOST_TIERS = 50
OF_AN_ACCOUNT = {"queryset": AccountPlan.objects.all()}


def plans_with_numbers(plan_ids: Iterable[UUID], user: User) -> set[UUID]:
    """Of these plans, those whose numbers the user may see: one question for all of them."""
    ids = set(plan_ids)
    if user.has_perm("plans.view_numbers"):
        return ids
    mine = Plan.objects.visible_to(user).taking_part(user)
    return set(mine.filter(pk__in=ids or {UUID(int=0)}).values_list("pk", flat=True))


class MoneySerializer(KamModelSerializer):
    """`hidden` is what stands for a money field where the reader may not see numbers."""

    hidden: ClassVar[dict[str, Any]] = {"amount": None}

    def prepare(self, rows: Sequence[Any]) -> None:
        super().prepare(rows)
        user = self.context["request"].user
        self.with_numbers = plans_with_numbers((row.plan.pk for row in rows), user)

    def to_representation(self, instance: Any) -> Any:
        shown = super().to_representation(instance)
        if instance.plan.pk not in self.with_numbers:
            shown.update(self.hidden)
        return shown


class CommitmentSerializer(KamModelSerializer):
    fixed_fields = ("plan",)

    class Meta(KamModelSerializer.Meta):
        model = Commitment
        fields = (
            *BASE_FIELDS,
            "plan",
            "activity_type",
            "quantity",
            "due_date",
            "owner",
            "description",
            "notes",
            "is_external",
        )
        extra_kwargs: ClassVar[dict[str, Any]] = {"owner": ME, "plan": OF_AN_ACCOUNT}


class PlanEventSerializer(KamModelSerializer):
    fixed_fields = ("plan",)

    class Meta(KamModelSerializer.Meta):
        model = PlanEvent
        fields = (
            *BASE_FIELDS,
            "plan",
            "name",
            "kind",
            "date",
            "end_date",
            "place",
            "owner",
            "notes",
            "is_external",
        )
        extra_kwargs: ClassVar[dict[str, Any]] = {"owner": ME, "plan": OF_AN_ACCOUNT}


class CoopFundSerializer(MoneySerializer):
    """`amount` is in the plan's currency."""

    fixed_fields = ("plan",)
    currency = serializers.CharField(source="plan.currency", read_only=True)
    amount = fields.MoneyField(currency="plan.currency")

    class Meta(KamModelSerializer.Meta):
        model = CoopFund
        fields = (*BASE_FIELDS, "plan", "name", "currency", "amount", "terms", "is_external")
        extra_kwargs: ClassVar[dict[str, Any]] = {"plan": OF_AN_ACCOUNT}


class CoopExpenseSerializer(MoneySerializer):
    """`amount` is in the plan's currency."""

    fixed_fields = ("fund",)
    currency = serializers.CharField(source="plan.currency", read_only=True)
    amount = fields.MoneyField(currency="plan.currency")

    class Meta(KamModelSerializer.Meta):
        model = CoopExpense
        fields = (
            *BASE_FIELDS,
            "fund",
            "name",
            "kind",
            "date",
            "currency",
            "amount",
            "status",
            "evidence",
            "is_external",
        )


class RebateTierSerializer(KamModelSerializer):
    """From `threshold` of orders on, in the plan's currency, `percent` back on all of them."""

    threshold = fields.MoneyField(currency="program.plan.currency")

    class Meta(KamModelSerializer.Meta):
        model = RebateTier
        fields = ("threshold", "percent")


class RebateProgramSerializer(MoneySerializer):
    """`tiers` are taken as they are given: those that are not named any more go."""

    fixed_fields = ("plan",)
    hidden: ClassVar[dict[str, Any]] = {"tiers": []}
    currency = serializers.CharField(source="plan.currency", read_only=True)
    tiers = RebateTierSerializer(many=True, required=False, max_length=MOST_TIERS)

    class Meta(KamModelSerializer.Meta):
        model = RebateProgram
        fields = (
            *BASE_FIELDS,
            "plan",
            "name",
            "start_date",
            "end_date",
            "terms",
            "is_external",
            "currency",
            "tiers",
        )
        extra_kwargs: ClassVar[dict[str, Any]] = {"plan": OF_AN_ACCOUNT}

    def write(self, row: RebateProgram, relations: dict[str, Any]) -> RebateProgram:
        if "tiers" in relations:
            row.save_with_tiers((tier["threshold"], tier["percent"]) for tier in relations["tiers"])
        else:
            row.save()
        return row
