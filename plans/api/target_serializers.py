"""Target lines as the API shows and takes them: growth and target are two views of one number."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers

from kam.core.api import fields
from kam.core.api.problems import invalid
from kam.core.api.serializers import BASE_FIELDS, KamModelSerializer
from plans import policies
from plans.actuals import LastYear, last_year_of
from plans.models import TargetLine
from plans.targeting import changed_view, target_of


class GrowthField(fields.DecimalNumberField):
    """So many percent more than last year; negative: less."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=Decimal(-100), max_value=Decimal(1_000_000), **kwargs)


class TargetLineSerializer(KamModelSerializer):
    """`last_year_actual` comes from orders unless it is written, which `last_year_source` then says; null
    takes the correction back. Of `target` and `growth_percent` one is enough; the other follows.
    """

    fixed_fields = ("plan",)
    last_year_actual = fields.MoneyField(
        source="last_year_entered", currency="plan.currency", required=False, allow_null=True
    )
    last_year_orders = serializers.SerializerMethodField()
    last_year_source = serializers.SerializerMethodField()
    growth_percent = GrowthField(required=False, allow_null=True)
    starts_on = serializers.SerializerMethodField()
    ends_on = serializers.SerializerMethodField()
    currency = serializers.CharField(source="plan.currency", read_only=True)

    class Meta(KamModelSerializer.Meta):
        model = TargetLine
        fields = (
            *BASE_FIELDS,
            "plan",
            "category",
            "year",
            "period",
            "number",
            "starts_on",
            "ends_on",
            "currency",
            "last_year_actual",
            "last_year_orders",
            "last_year_source",
            "growth_percent",
            "target",
            "stretch",
        )
        extra_kwargs: ClassVar[dict[str, Any]] = {
            "target": {"required": False, "allow_null": True, "currency": "plan.currency"},
            "stretch": {"currency": "plan.currency"},
        }

    # --- What is shown ---
    def prepare(self, rows: Sequence[TargetLine]) -> None:
        super().prepare(rows)
        self.last_year: dict[Any, LastYear] = last_year_of(rows)

    def get_last_year_orders(self, line: TargetLine) -> str:
        return fields.money_text(self.last_year[line.pk].from_orders, line.plan.currency)

    def get_last_year_source(self, line: TargetLine) -> str:
        return "entered" if self.last_year[line.pk].is_entered else "orders"

    def get_starts_on(self, line: TargetLine) -> str:
        return line.days[0].isoformat()

    def get_ends_on(self, line: TargetLine) -> str:
        return line.days[1].isoformat()

    def to_representation(self, instance: TargetLine) -> dict[str, Any]:
        growth_field = self.fields["growth_percent"]
        instance.growth_percent = None  # type: ignore[attr-defined]
        shown = super().to_representation(instance)
        amount = self.last_year[instance.pk].amount
        growth = policies.growth_percent(target=instance.target, last_year=amount)
        shown["last_year_actual"] = fields.money_text(amount, instance.plan.currency)
        shown["growth_percent"] = None if growth is None else growth_field.to_representation(growth)
        return shown

    # --- What is written ---
    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        growth, target = attrs.pop("growth_percent", None), attrs.pop("target", None)
        if self.instance is not None:
            now = last_year_of([self.instance])[self.instance.pk]
            growth, target = changed_view(self.instance, now, target=target, growth=growth)
            # Who sends back all they read has corrected nothing.
            if not now.is_entered and attrs.get("last_year_entered") == now.from_orders:
                del attrs["last_year_entered"]
        attrs["target"] = (
            target if growth is None and target is not None else self._meant(attrs, growth, target)
        )
        return super().validate(attrs)

    def _meant(self, attrs: dict[str, Any], growth: Decimal | None, target: Decimal | None) -> Decimal:
        old = self.instance or TargetLine()
        plan = attrs.get("plan") or old.plan
        names = ("category", "year", "period", "number", "last_year_entered")
        line = TargetLine(plan=plan, **{name: attrs.get(name, getattr(old, name)) for name in names})
        try:
            line.clean_fields(exclude=("plan", "category", "target"))
            line.check_period()
            return target_of(line, last_year_of([line])[line.pk], target=target, growth=growth)
        except DjangoValidationError as error:
            raise invalid(error) from error
