"""Scenarios of a plan with what they change, and what would come of it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Count, Prefetch, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from kam.core.api import fields
from kam.core.api.serializers import BASE_FIELDS, KamModelSerializer, RefSerializer
from kam.core.api.viewsets import VisibleModelViewSet, found
from kam.core.clock import company_today
from metrics import policies
from metrics.api.outlook import BarSerializer, amount_text
from metrics.api.serializers import PercentSerializer, decimal_text, text
from metrics.enums import ChangeState
from metrics.filters import ScenarioFilter
from metrics.models import BuildingBlock, Scenario, ScenarioChange
from metrics.scenario_models import MOST_BLOCKS, MOST_CHANGES
from metrics.scenario_operations import save_scenario
from metrics.scenario_words import Told, told
from metrics.scenarios import Basis, Result, results_of
from plans.models import AccountPlan, Plan, TerritoryBusinessPlan
from plans.operations import log_confidential_look


# --- What is kept -------------------------------------------------------------------------------
class ScenarioChangeSerializer(KamModelSerializer):
    """What would be otherwise with an open deal of the plan; null: as it is. `amount` in the deal's currency."""

    amount = fields.MoneyField(currency="opportunity.currency", allow_null=True, required=False)

    class Meta(KamModelSerializer.Meta):
        model = ScenarioChange
        fields = ("opportunity", "date", "amount", "probability", "outcome")
        extra_kwargs: ClassVar[dict[str, Any]] = {"opportunity": {"required": True, "allow_null": False}}


class BuildingBlockSerializer(KamModelSerializer):
    """A deal that does not exist yet; `amount` in the plan's currency."""

    amount = fields.MoneyField(currency="scenario.plan.currency")

    class Meta(KamModelSerializer.Meta):
        model = BuildingBlock
        fields = ("name", "amount", "date", "probability", "product_category")


class ScenarioSerializer(KamModelSerializer):
    """`changes` and `blocks` are taken as they are given: those that are not named any more go.

    Changes of deals that the reader may not open are counted in `hidden_changes`, and stay.
    """

    changes = ScenarioChangeSerializer(many=True, required=False, max_length=MOST_CHANGES)
    blocks = BuildingBlockSerializer(many=True, required=False, max_length=MOST_BLOCKS)
    hidden_changes = serializers.SerializerMethodField()

    class Meta(KamModelSerializer.Meta):
        model = Scenario
        fields = (
            *BASE_FIELDS,
            "plan",
            "name",
            "note",
            "owner",
            "is_shared",
            "changes",
            "blocks",
            "hidden_changes",
        )
        read_only_fields = ("plan", "owner")

    def prepare(self, rows: Sequence[Any]) -> None:
        super().prepare(rows)
        changes = ScenarioChange.objects.unscoped("how many changes there are, seen or not")
        counted = changes.filter(scenario__in=[row.pk for row in rows], opportunity__isnull=False)
        self.counts = dict(counted.order_by().values_list("scenario").annotate(Count("pk")))

    @extend_schema_field(serializers.IntegerField)
    def get_hidden_changes(self, scenario: Scenario) -> int:
        return self.counts.get(scenario.pk, 0) - len(scenario.changes.all())

    def _filled(self, attrs: dict[str, Any]) -> Any:
        row = super()._filled(attrs)
        if self.instance is None:
            row.plan, row.owner = self.context["view"].plan, self.context["request"].user
        return row

    def write(self, row: Scenario, relations: dict[str, Any]) -> Scenario:
        return save_scenario(scenario=row, user=self.context["request"].user, **relations)


# --- What comes of it ---------------------------------------------------------------------------
class ImaginedNumbersSerializer(serializers.Serializer):
    """KPIs by the plan's own formulas; chances in percent. `p10` is exceeded in nine of ten cases."""

    sales_target = decimal_text()
    won_revenue = serializers.CharField()
    pipeline = serializers.CharField()
    weighted_pipeline = serializers.CharField()
    total_expected_revenue = serializers.CharField()
    forecast_target_variance = decimal_text()
    remaining_target = decimal_text()
    coverage_ratio = decimal_text()
    percent = PercentSerializer()
    deals = serializers.IntegerField(help_text="Open deals that count.")
    method = serializers.ChoiceField(choices=("exact", "simulation"))
    probability_of_target = serializers.FloatField(allow_null=True)
    probability_of_stretch = serializers.FloatField(allow_null=True)
    p10 = serializers.CharField()
    p50 = serializers.CharField()
    p90 = serializers.CharField()
    distribution = BarSerializer(many=True)


class DifferenceSerializer(serializers.Serializer):
    """`result` less `now`; chances in percentage points."""

    won_revenue = serializers.CharField()
    pipeline = serializers.CharField()
    weighted_pipeline = serializers.CharField()
    total_expected_revenue = serializers.CharField()
    forecast_target_variance = decimal_text()
    probability_of_target = serializers.FloatField(allow_null=True)
    probability_of_stretch = serializers.FloatField(allow_null=True)


class EffectSerializer(serializers.Serializer):
    """What became of a change; `before` and `after` are what the deal brings to the plan, in its currency."""

    opportunity = RefSerializer(allow_null=True)
    state = serializers.ChoiceField(choices=ChangeState.choices)
    still_applies = serializers.BooleanField()
    before = serializers.CharField()
    after = serializers.CharField()
    text = serializers.CharField()


class ScenarioResultSerializer(serializers.Serializer):
    scenario = RefSerializer()
    plan = serializers.UUIDField()
    currency = serializers.CharField()
    basis = serializers.CharField()
    date = fields.DayField()
    as_of = fields.UtcDateTimeField()
    fresh = serializers.BooleanField()
    now = ImaginedNumbersSerializer()
    result = ImaginedNumbersSerializer()
    difference = DifferenceSerializer()
    changes = EffectSerializer(many=True)
    blocks = serializers.ListField(child=serializers.CharField(), help_text="In words.")
    hidden_changes = serializers.IntegerField(help_text="Of deals that you cannot open; they count.")


MONEY = (
    "sales_target",
    "won_revenue",
    "pipeline",
    "weighted_pipeline",
    "total_expected_revenue",
    "forecast_target_variance",
    "remaining_target",
)
CHANCES = {"probability_of_target": "chance_of_target", "probability_of_stretch": "chance_of_stretch"}


def numbers_of(found: Result) -> dict[str, Any]:
    numbers, forecast, currency = found.numbers, found.forecast, found.numbers.currency
    return {
        **{name: amount_text(getattr(numbers, name), currency) for name in MONEY},
        "coverage_ratio": text(numbers.coverage_ratio),
        "percent": {name: text(value) for name, value in numbers.percent.items()},
        "deals": found.open_count,
        "method": "exact" if forecast.outcomes.is_exact else "simulation",
        **{name: getattr(forecast, attribute) for name, attribute in CHANCES.items()},
        **{f"p{percent}": amount_text(forecast.quantile(percent), currency) for percent in (10, 50, 90)},
        "distribution": [
            {
                "from": amount_text(bar.low, currency),
                "to": amount_text(bar.high, currency),
                "percent": round(bar.share * 100, 2),
            }
            for bar in forecast.bars
        ],
    }


def difference_of(then: Result, now: Result) -> dict[str, Any]:
    currency = then.numbers.currency
    amounts = {
        name: (getattr(then.numbers, name), getattr(now.numbers, name)) for name in policies.PERCENT_KPIS
    }
    chances = {
        name: (getattr(then.forecast, attribute), getattr(now.forecast, attribute))
        for name, attribute in CHANCES.items()
    }
    return {
        **{name: None if b is None else amount_text(a - b, currency) for name, (a, b) in amounts.items()},
        **{name: None if b is None else float(exact(a) - exact(b)) for name, (a, b) in chances.items()},
    }


def exact(value: float) -> Decimal:
    return Decimal(str(value))


def result_answer(scenario: Scenario, basis: Basis, result: Result, words: Told) -> dict[str, Any]:
    currency = basis.plan.currency
    return {
        "scenario": {"id": str(scenario.pk), "name": scenario.name},
        "plan": str(basis.plan.pk),
        "currency": currency,
        "basis": basis.plan.revenue_basis,
        "date": basis.today.isoformat(),
        "as_of": fields.UtcDateTimeField().to_representation(basis.as_of),
        "fresh": True,  # read from the records themselves
        "now": numbers_of(basis.now),
        "result": numbers_of(result),
        "difference": difference_of(result, basis.now),
        "changes": [
            {
                "opportunity": effect.deal and {"id": str(effect.deal.pk), "name": effect.deal.name},
                "state": effect.state,
                "still_applies": effect.still_applies,
                "before": amount_text(effect.before, currency),
                "after": amount_text(effect.after, currency),
                "text": line.text,
            }
            for line in words.lines
            if (effect := line.effect) is not None
        ],
        "blocks": [line.text for line in words.lines if line.effect is None],
        "hidden_changes": words.hidden,
    }


# --- The resource -------------------------------------------------------------------------------
ACTIONS = ("list", "create", "retrieve", "update", "partial_update", "destroy")


def described(area: str) -> Any:
    """The names of the operations, of plans of one kind."""
    return extend_schema_view(
        **{name: extend_schema(operation_id=f"{area}_scenarios_{name}") for name in ACTIONS}
    )


@described("account_plans")
class ScenarioViewSet(VisibleModelViewSet):
    """What ifs of a plan: one's own, and those that others share. Nothing real changes."""

    plans: ClassVar[Any] = AccountPlan
    queryset = Scenario.objects.all()
    serializer_class = ScenarioSerializer
    filterset_class = ScenarioFilter
    requires_version = True

    @cached_property
    def plan(self) -> Plan:
        """Through the gate (404); its numbers are asked for apart (403)."""
        plan = found(self.plans.objects.visible_to(self.request.user), self.kwargs["plan_id"])
        if not self.request.user.has_perm("plans.view_numbers", plan):
            raise PermissionDenied()
        log_confidential_look(plan=plan, user=self.request.user)
        return plan

    def visible(self) -> QuerySet:
        return super().visible().filter(plan=self.plan)

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        _ = self.plan  # hidden and missing are the same, before anything of the body is looked at
        return super().create(request, *args, **kwargs)

    def with_related(self, queryset: QuerySet) -> QuerySet:
        changes = ScenarioChange.objects.visible_to(self.request.user).filter(opportunity__isnull=False)
        blocks = BuildingBlock.objects.visible_to(self.request.user).select_related("product_category")
        return queryset.select_related("plan", "owner").prefetch_related(
            Prefetch("changes", changes.select_related("opportunity")), Prefetch("blocks", blocks)
        )

    def reverse_action(self, url_name: str, *args: Any, **kwargs: Any) -> str:
        (pk,) = args[0]
        return self.request.build_absolute_uri(f"{self.request.path}{pk}/")

    @extend_schema(responses=ScenarioResultSerializer, operation_id="account_plans_scenarios_result")
    def result(self, request: Request, plan_id: UUID, pk: UUID) -> Response:
        """KPIs and chance with the scenario's changes, as they are now, and the difference."""
        scenario = found(self.visible().select_related("owner"), pk)
        basis, (result,) = results_of(self.plan, [scenario], today=company_today(), user=request.user)
        words = told(scenario, result, user=request.user)
        return Response(result_answer(scenario, basis, result, words))


@described("territory_business_plans")
class TerritoryScenarioViewSet(ScenarioViewSet):
    plans = TerritoryBusinessPlan

    @extend_schema(
        responses=ScenarioResultSerializer, operation_id="territory_business_plans_scenarios_result"
    )
    def result(self, request: Request, plan_id: UUID, pk: UUID) -> Response:
        """KPIs and chance with the scenario's changes, as they are now, and the difference."""
        return super().result(request, plan_id, pk)
