"""Plans and what lies under them, as the API shows and takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from kam.core.api import fields
from kam.core.api.problems import invalid
from kam.core.api.serializers import BASE_FIELDS, ME, KamModelSerializer, VersionedSerializer
from kam.users.models import User
from plans import operations
from plans.api.custom_values import CustomValuesField, people_in_custom_values
from plans.api.numbers import plans_with_numbers
from plans.enums import SECTIONS
from plans.models import (
    AccountPlan,
    AccountPlanObjective,
    AccountPlanParticipant,
    GoalAssignment,
    Plan,
    Strategy,
    TerritoryBusinessPlan,
)

NUMBERS = ("sales_target", "stretch_target")


FRAME = (
    *BASE_FIELDS,
    "name",
    "plan_type",
    "start_date",
    "end_date",
    "status",
    "owner",
    "currency",
    "sales_target",
    "stretch_target",
    "target_from_lines",
    "revenue_basis",
    "is_confidential",
    "review_frequency",
    "vision",
    "goals",
    "customer_goals",
    "business_overview",
    "short_term_plan",
    "support_required",
    "risks",
    "competitors",
    "custom_values",
    "percent_complete",
    "elapsed_percent",
)
REQUIRED: dict[str, Any] = {"required": True, "allow_null": False}
FRAME_EXTRA: dict[str, Any] = {
    "owner": ME,
    **{section: {"allow_null": True} for section in SECTIONS},
}


class PlanSerializer(KamModelSerializer):
    """What account plans and territory business plans share.

    `sales_target` and `stretch_target` are null for who may not see the plan's numbers. A text whose
    section the plan type leaves out is null and not written. `custom_values` holds the fields that the
    plan type adds, by their keys; those that are not named in a write stay.
    """

    custom_values = CustomValuesField(required=False)
    percent_complete = fields.PercentField(read_only=True, allow_null=True)
    elapsed_percent = fields.PercentField(read_only=True)
    links: ClassVar[tuple[str, ...]] = ("copied_from",)  # to other plans of the kind

    def prepare(self, rows: Sequence[Plan]) -> None:
        super().prepare(rows)
        user = self.context["request"].user
        self.with_numbers = plans_with_numbers({plan.pk for plan in rows}, user)
        self.people = people_in_custom_values(rows)
        self.link(rows, user)

    def link(self, rows: Sequence[Plan], user: User) -> None:
        """Other plans as far as the user sees them. Asked in any case: a statement more or less would tell."""
        ids = {getattr(plan, f"{name}_id") for plan in rows for name in self.links} - {None}
        plans: Any = self.Meta.model  # type: ignore[attr-defined]
        seen = plans.objects.visible_to(user).filter(pk__in=ids or {UUID(int=0)}).only("name", "version")
        by_id = {plan.pk: plan for plan in seen}
        for plan in rows:
            for name in self.links:  # what prefetching sets, and nothing that a save would write
                plan._state.fields_cache[name] = by_id.get(getattr(plan, f"{name}_id"))

    def to_representation(self, instance: Plan) -> dict[str, Any]:
        shown = super().to_representation(instance)
        if instance.pk not in self.with_numbers:
            shown.update(dict.fromkeys(NUMBERS))
        shown.update(dict.fromkeys(name for name in SECTIONS if not instance.plan_type.shows(name)))
        return shown

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = attrs.pop("custom_values", None)
        plan_type = attrs.get("plan_type") or (self.instance and self.instance.plan_type)
        self._take_sections(attrs, plan_type)
        attrs = super().validate(attrs)
        plan = self.candidate
        is_new_type = "plan_type" in {field.name for field in plan.changed_fields()}
        if given is not None or plan._state.adding or is_new_type:
            try:
                plan.take_custom_values(given or {})
            except DjangoValidationError as error:
                raise ValidationError({"custom_values": invalid(error).detail}) from error
        return attrs

    def write(self, row: Plan, relations: dict[str, Any]) -> Plan:
        return operations.save_plan(row)

    def _take_sections(self, attrs: dict[str, Any], plan_type: Any) -> None:
        """A text that is not shown reads as null: sending that back changes nothing."""
        errors = {}
        for name in SECTIONS:
            if name not in attrs:
                continue
            if plan_type and not plan_type.shows(name):
                if attrs.pop(name):
                    message = _("Plans of this type leave this section out.")
                    errors[name] = [ErrorDetail(message, code="left_out")]
            elif attrs[name] is None:
                attrs[name] = ""
        if errors:
            raise ValidationError(errors)


class AccountPlanSerializer(PlanSerializer):
    links = ("parent_plan", "copied_from")

    class Meta(KamModelSerializer.Meta):
        model = AccountPlan
        fields = (*FRAME, "account", "include_child_accounts", "parent_plan", "copied_from")
        extra_kwargs: ClassVar[dict[str, Any]] = {
            **FRAME_EXTRA,
            "account": REQUIRED,
            "parent_plan": {"queryset": AccountPlan.objects.all()},
        }


class TerritoryBusinessPlanSerializer(PlanSerializer):
    class Meta(KamModelSerializer.Meta):
        model = TerritoryBusinessPlan
        fields = (*FRAME, "territory", "copied_from")
        extra_kwargs: ClassVar[dict[str, Any]] = {**FRAME_EXTRA, "territory": REQUIRED}


class PlanStepSerializer(VersionedSerializer):
    comment = serializers.CharField(required=False, allow_blank=True, max_length=500)


class StrategySerializer(KamModelSerializer):
    fixed_fields = ("plan",)

    class Meta(KamModelSerializer.Meta):
        model = Strategy
        fields = (*BASE_FIELDS, "plan", "name", "description", "order")


OBJECTIVE_FIELDS = (
    *BASE_FIELDS,
    "plan",
    "strategy",
    "goal_definition",
    "name",
    "approach",
    "owner",
    "start_date",
    "target_date",
    "status",
    "weight",
    "measure_kind",
    "unit",
    "baseline",
    "current",
    "target",
    "stretch",
    "progress_mode",
    "manual_progress",
    "progress",
    "progress_percent",
    "owner_comments",
    "manager_comments",
    "lessons_learned",
    "order",
)


class ObjectiveSerializer(KamModelSerializer):
    fixed_fields = ("plan",)
    progress = fields.ShareField(read_only=True, allow_null=True)
    progress_percent = fields.PercentField(read_only=True, allow_null=True)


class AccountPlanObjectiveSerializer(ObjectiveSerializer):
    class Meta(KamModelSerializer.Meta):
        model = AccountPlanObjective
        fields = OBJECTIVE_FIELDS
        extra_kwargs: ClassVar[dict[str, Any]] = {
            "owner": ME,
            "plan": {"queryset": AccountPlan.objects.all()},
        }


class GoalAssignmentSerializer(ObjectiveSerializer):
    class Meta(KamModelSerializer.Meta):
        model = GoalAssignment
        fields = OBJECTIVE_FIELDS
        extra_kwargs: ClassVar[dict[str, Any]] = {
            "owner": ME,
            "plan": {"queryset": TerritoryBusinessPlan.objects.all()},
        }


class AccountPlanParticipantSerializer(KamModelSerializer):
    fixed_fields = ("plan", "user")

    class Meta(KamModelSerializer.Meta):
        model = AccountPlanParticipant
        fields = (*BASE_FIELDS, "plan", "user", "role", "access")
