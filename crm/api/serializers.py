"""CRM records as the API shows and takes them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from crm import operations
from crm.enums import TerritoryRole
from crm.models import (
    Account,
    Activity,
    ActivityType,
    Contact,
    ExchangeRate,
    Opportunity,
    OpportunityLine,
    Order,
    PickListValue,
    Product,
    ProductCategory,
    RevenueSchedule,
    Stage,
    Territory,
    TerritoryMembership,
)
from kam.core.api import fields
from kam.core.api.serializers import (
    BASE_FIELDS,
    ME,
    SOURCED_FIELDS,
    KamModelSerializer,
    VersionedSerializer,
)
from kam.core.models import BaseModel
from kam.users.models import Role

MAX_PARTS = 200  # lines of an opportunity, schedules of a line, members of a territory


class SourcedSerializer(KamModelSerializer):
    """Records that other systems feed. A system writes under its own source only (`crm.write_source`)."""

    def _filled(self, attrs: dict[str, Any]) -> Any:
        row = super()._filled(attrs)
        user = self.context["request"].user
        if row._state.adding and user.source:
            row.source = row.source or user.source
        changed = {field.name for field in row.changed_fields()} & {"source", "external_id"}
        if changed and not user.has_perm("crm.write_source", row):
            message = _("Only the system that owns a record names its source.")
            if user.source:
                message = _("You may write under the source “%(source)s” only.") % {"source": user.source}
            raise ValidationError({"source": [ErrorDetail(message, code="permission")]})
        return row


class PickListValueSerializer(KamModelSerializer):
    class Meta(KamModelSerializer.Meta):
        model = PickListValue
        fields = (*BASE_FIELDS, "pick_list", "name", "meaning", "order", "is_retired")


class MembershipSerializer(KamModelSerializer):
    """A user's role in a territory."""

    role = serializers.ChoiceField(choices=TerritoryRole.choices, default=TerritoryRole.KAM)

    class Meta(KamModelSerializer.Meta):
        model = TerritoryMembership
        fields = ("user", "role")


class TerritorySerializer(SourcedSerializer):
    memberships = MembershipSerializer(many=True, required=False, max_length=MAX_PARTS)

    class Meta(KamModelSerializer.Meta):
        model = Territory
        fields = (*SOURCED_FIELDS, "name", "code", "parent", "memberships")

    def validate_memberships(self, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        users = [row["user"].pk for row in value if "user" in row]
        if len(set(users)) != len(value):
            raise ValidationError(_("Name each user once."), code="duplicate")
        return value

    def write(self, row: BaseModel, relations: dict[str, Any]) -> Any:
        return operations.save_territory(territory=row, members=relations.get("memberships"))


class AccountSerializer(SourcedSerializer):
    last_activity_on = fields.DayField(read_only=True, allow_null=True)
    next_activity_due_on = fields.DayField(read_only=True, allow_null=True)

    class Meta(KamModelSerializer.Meta):
        model = Account
        fields = (
            *SOURCED_FIELDS,
            "name",
            "parent",
            "territory",
            "owner",
            "industry",
            "account_type",
            "current_segment",
            "target_segment",
            "website",
            "address",
            "currency",
            "business_overview",
            "call_frequency",
            "last_activity_on",
            "next_activity_due_on",
        )


class ContactSerializer(SourcedSerializer):
    class Meta(KamModelSerializer.Meta):
        model = Contact
        fields = (
            *SOURCED_FIELDS,
            "account",
            "name",
            "job_title",
            "department",
            "specialty",
            "email",
            "phone",
            "reports_to",
        )


class ProductCategorySerializer(SourcedSerializer):
    class Meta(KamModelSerializer.Meta):
        model = ProductCategory
        fields = (*SOURCED_FIELDS, "name", "code", "parent")


class ProductSerializer(SourcedSerializer):
    class Meta(KamModelSerializer.Meta):
        model = Product
        fields = (*SOURCED_FIELDS, "code", "name", "category", "is_active", "is_competitor")


class StageSerializer(SourcedSerializer):
    class Meta(KamModelSerializer.Meta):
        model = Stage
        fields = (
            *SOURCED_FIELDS,
            "name",
            "order",
            "default_probability",
            "is_closed",
            "is_won",
            "forecast_category",
        )


class ScheduleSerializer(KamModelSerializer):
    """When part of a line's amount is expected."""

    id = serializers.UUIDField(required=False, help_text="Of a stored schedule; leave it out for a new one.")
    amount = fields.MoneyField(currency="line.opportunity.currency")

    class Meta(KamModelSerializer.Meta):
        model = RevenueSchedule
        fields = ("id", "date", "amount")


class LineSerializer(KamModelSerializer):
    """One product of an opportunity."""

    id = serializers.UUIDField(required=False, help_text="Of a stored line; leave it out for a new one.")
    unit_price = fields.MoneyField(currency="opportunity.currency", required=False, allow_null=True)
    amount = fields.MoneyField(currency="opportunity.currency")
    schedules = ScheduleSerializer(many=True, required=False, max_length=MAX_PARTS)

    class Meta(KamModelSerializer.Meta):
        model = OpportunityLine
        fields = ("id", "product", "quantity", "unit_price", "amount", "schedules")


class OpportunitySerializer(SourcedSerializer):
    lines = LineSerializer(many=True, required=False, max_length=MAX_PARTS)

    class Meta(KamModelSerializer.Meta):
        model = Opportunity
        fields = (
            *SOURCED_FIELDS,
            "account",
            "name",
            "stage",
            "amount",
            "currency",
            "probability",
            "close_date",
            "owner",
            "contacts",
            "next_step",
            "lines",
        )
        extra_kwargs: ClassVar[dict[str, Any]] = {
            "owner": {"help_text": "Left out of a new one: who makes it; a system's has none."},
            "probability": {"allow_null": True, "help_text": "0 to 100; null takes the stage's own."},
        }

    def _filled(self, attrs: dict[str, Any]) -> Any:
        user = self.context["request"].user
        if self.instance is None and user.role != Role.INTEGRATION:
            attrs.setdefault("owner", user)
        stage = attrs.get("stage")
        if self.instance is not None and stage is not None and stage.pk != self.instance.stage_id:
            attrs.setdefault("probability", None)  # a new stage brings its own
        return super()._filled(attrs)

    def write(self, row: BaseModel, relations: dict[str, Any]) -> Any:
        return operations.save_opportunity(opportunity=row, user=self.context["request"].user, **relations)


class OrderSerializer(SourcedSerializer):
    class Meta(KamModelSerializer.Meta):
        model = Order
        fields = (
            *SOURCED_FIELDS,
            "account",
            "date",
            "product",
            "quantity",
            "amount",
            "currency",
            "document_number",
        )


class ActivityTypeSerializer(SourcedSerializer):
    class Meta(KamModelSerializer.Meta):
        model = ActivityType
        fields = (*SOURCED_FIELDS, "name", "counts_for_cadence", "counts_as_commitment")


class ActivitySerializer(SourcedSerializer):
    class Meta(KamModelSerializer.Meta):
        model = Activity
        fields = (
            *SOURCED_FIELDS,
            "type",
            "account",
            "subject",
            "status",
            "planned_for",
            "done_on",
            "owner",
            "contacts",
            "participants",
            "quantity",
            "notes",
            "next_step",
        )
        extra_kwargs: ClassVar[dict[str, Any]] = {"owner": ME}


class ActivityDoneSerializer(VersionedSerializer):
    done_on = fields.DayField()
    notes = serializers.CharField(required=False, allow_blank=True, max_length=20_000)
    quantity = fields.QuantityField(required=False)


class ExchangeRateSerializer(SourcedSerializer):
    class Meta(KamModelSerializer.Meta):
        model = ExchangeRate
        fields = (*SOURCED_FIELDS, "currency", "valid_from", "rate")
