"""SWOT, PESTEL and the products of a plan, as the API shows and takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from rest_framework import serializers

from kam.core.api import fields
from kam.core.api.serializers import BASE_FIELDS, ME, KamModelSerializer
from plans import operations
from plans.api.numbers import plans_with_numbers
from plans.models import AccountPlanProduct, RelatedObjectAnalysis
from plans.models.analyses import AMOUNTS


class AccountPlanProductSerializer(KamModelSerializer):
    """A `product` or a `category`. The amounts are null for who may not see the plan's numbers."""

    fixed_fields = ("plan",)
    name = serializers.CharField(source="__str__", read_only=True)
    last_year_actual = fields.MoneyField(currency="plan.currency", required=False, allow_null=True)
    target = fields.MoneyField(currency="plan.currency", required=False, allow_null=True)
    stretch = fields.MoneyField(currency="plan.currency", required=False, allow_null=True)
    currency = serializers.CharField(source="plan.currency", read_only=True)

    class Meta(KamModelSerializer.Meta):
        model = AccountPlanProduct
        fields = (
            *BASE_FIELDS,
            "plan",
            "name",
            "product",
            "category",
            "currency",
            "last_year_actual",
            "target",
            "stretch",
            "strategy_note",
            "order",
        )

    def prepare(self, rows: Sequence[AccountPlanProduct]) -> None:
        super().prepare(rows)
        self.with_numbers = plans_with_numbers({row.plan_id for row in rows}, self.context["request"].user)

    def to_representation(self, instance: AccountPlanProduct) -> dict[str, Any]:
        shown = super().to_representation(instance)
        if instance.plan_id not in self.with_numbers:
            shown.update(dict.fromkeys(AMOUNTS))
        return shown

    def write(self, row: AccountPlanProduct, relations: dict[str, Any]) -> AccountPlanProduct:
        return operations.save_plan_product(row)


class RelatedObjectAnalysisSerializer(KamModelSerializer):
    """An entry of SWOT or PESTEL, of the whole plan or of one of its products."""

    fixed_fields = ("plan",)

    class Meta(KamModelSerializer.Meta):
        model = RelatedObjectAnalysis
        fields = (
            *BASE_FIELDS,
            "plan",
            "product",
            "factor",
            "text",
            "impact",
            "likelihood",
            "owner",
            "objectives",
            "order",
        )
        extra_kwargs: ClassVar[dict[str, Any]] = {"owner": ME}

    def write(self, row: RelatedObjectAnalysis, relations: dict[str, Any]) -> RelatedObjectAnalysis:
        return operations.save_analysis(
            analysis=row, objectives=relations.get("objectives"), user=self.context["request"].user
        )
