"""The people on a plan, as the API shows and takes them.

What we think of them is null for who may not see it, and not written by them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from kam.core.api.serializers import BASE_FIELDS, KamModelSerializer
from plans.models import Plan
from stakeholders.models import (
    AccountPlanStakeholder,
    ParticipantStakeholder,
    PartnerRole,
    StakeholderAction,
    StakeholderLink,
    StakeholderProduct,
)
from stakeholders.operations.links import save_link

NULLABLE = {"allow_null": True}


class SensitiveSerializer(KamModelSerializer):
    """The model's `sensitive_fields` are null but on own plans and in line; null written there changes nothing."""

    anchor: ClassVar[str] = "plan"  # the field by which a row belongs to a plan

    def prepare(self, rows: Sequence[Any]) -> None:
        super().prepare(rows)
        user = self.context["request"].user
        asked = {row.plan.pk for row in rows} or {UUID(int=0)}  # in any case: one statement less would tell
        plans = Plan.objects.visible_to(user).filter(pk__in=asked)
        self.open_plans = set(plans.open_to(user).order_by().values_list("pk", flat=True))

    def to_representation(self, instance: Any) -> Any:
        shown = super().to_representation(instance)
        if instance.plan.pk not in self.open_plans:
            shown.update(dict.fromkeys(instance.sensitive_fields))
        return shown

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        self._take_sensitive(attrs)
        return super().validate(attrs)

    def _take_sensitive(self, attrs: dict[str, Any]) -> None:
        model = self.Meta.model  # type: ignore[attr-defined]
        given = model.sensitive_fields & set(attrs)
        anchor = getattr(self.instance, self.anchor) if self.instance else attrs[self.anchor]
        is_open = self.context["request"].user.has_perm("plans.view_sensitive", anchor)
        errors = {}
        for name in given:
            if not is_open:
                if attrs.pop(name) not in (None, ""):
                    message = _("Only who works on the plan, or answers for it, writes this.")
                    errors[name] = [ErrorDetail(message, code="hidden")]
            elif attrs[name] is None and not model._meta.get_field(name).null:
                attrs[name] = ""
        if errors:
            raise ValidationError(errors)


class AccountPlanStakeholderSerializer(SensitiveSerializer):
    """A contact or an organisation. `last_contact` is the day of the latest done activity with them."""

    fixed_fields = ("plan", "contact", "organisation")
    last_contact = serializers.DateField(read_only=True, allow_null=True)

    class Meta(KamModelSerializer.Meta):
        model = AccountPlanStakeholder
        fields = (
            *BASE_FIELDS,
            "plan",
            "contact",
            "organisation",
            "role",
            "influence",
            "support",
            "relationship_now",
            "relationship_desired",
            "development",
            "owner",
            "notes",
            "last_contact",
        )
        extra_kwargs: ClassVar[dict[str, Any]] = {"development": NULLABLE, "notes": NULLABLE}


class StakeholderLinkSerializer(KamModelSerializer):
    """Both stakeholders are of the same plan. Lines of `reports_to` do not form a ring."""

    fixed_fields = ("from_stakeholder", "to_stakeholder")

    class Meta(KamModelSerializer.Meta):
        model = StakeholderLink
        fields = (*BASE_FIELDS, "from_stakeholder", "to_stakeholder", "kind")

    def write(self, row: StakeholderLink, relations: dict[str, Any]) -> StakeholderLink:
        return save_link(row)


class ParticipantStakeholderSerializer(KamModelSerializer):
    """A colleague on the plan (`account-plan-participants`) looks after a stakeholder of it."""

    fixed_fields = ("participant", "stakeholder")

    class Meta(KamModelSerializer.Meta):
        model = ParticipantStakeholder
        fields = (*BASE_FIELDS, "participant", "stakeholder")


class StakeholderProductSerializer(SensitiveSerializer):
    fixed_fields = ("stakeholder", "product")
    anchor = "stakeholder"

    class Meta(KamModelSerializer.Meta):
        model = StakeholderProduct
        fields = (*BASE_FIELDS, "stakeholder", "product", "attitude", "adoption_step", "comment")
        extra_kwargs: ClassVar[dict[str, Any]] = {"comment": NULLABLE}


class StakeholderActionSerializer(KamModelSerializer):
    """A task of the plan (`assessment-tasks`) is aimed at a stakeholder of it."""

    fixed_fields = ("stakeholder", "task")

    class Meta(KamModelSerializer.Meta):
        model = StakeholderAction
        fields = (*BASE_FIELDS, "stakeholder", "task")


class PartnerRoleSerializer(SensitiveSerializer):
    """Another company: an `account`, or by `name` one that is none. `contact` is null for who does not see them."""

    fixed_fields = ("plan",)

    class Meta(KamModelSerializer.Meta):
        model = PartnerRole
        fields = (*BASE_FIELDS, "plan", "account", "name", "role", "contact", "notes")
        extra_kwargs: ClassVar[dict[str, Any]] = {"notes": NULLABLE}
