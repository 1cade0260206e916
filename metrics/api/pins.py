"""What people put into a plan's numbers, or left out of them, by hand."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers, status
from rest_framework.exceptions import ErrorDetail, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from kam.core.api.fields import DayField, money_text
from kam.core.api.problems import invalid
from kam.core.api.serializers import BASE_FIELDS, KamModelSerializer, RefSerializer, StrictSerializer
from kam.core.api.viewsets import VisibleModelViewSet, found
from metrics.api.serializers import RECORD_KINDS
from plans.enums import PinEffect
from plans.models import AccountPlan, PlanPin, TerritoryBusinessPlan
from plans.models.pins import RECORDS, facts_of
from plans.operations import log_confidential_look
from plans.operations.pins import pin_record


class PinnedRecordSerializer(serializers.Serializer):
    """The record as it stands."""

    kind = serializers.ChoiceField(choices=RECORD_KINDS)
    id = serializers.UUIDField()
    name = serializers.CharField()
    opportunity = serializers.UUIDField(allow_null=True)
    account = RefSerializer()
    date = DayField()
    amount = serializers.CharField()
    currency = serializers.CharField()


class PlanPinSerializer(KamModelSerializer):
    """`is_used`: whether the plan counts records of this kind; else the pin waits until its basis changes."""

    record = serializers.SerializerMethodField()
    created_by = serializers.SerializerMethodField()
    is_used = serializers.BooleanField(read_only=True)

    class Meta(KamModelSerializer.Meta):
        model = PlanPin
        fields = (*BASE_FIELDS, "created_by", "record", "effect", "reason", "is_used")
        read_only_fields = fields

    @extend_schema_field(PinnedRecordSerializer)
    def get_record(self, pin: PlanPin) -> dict[str, Any]:
        facts = facts_of(pin)
        return {
            "kind": pin.kind,
            "id": str(pin.record_id),
            "name": facts.name,
            "opportunity": str(facts.opportunity_id) if facts.opportunity_id else None,
            "account": {"id": str(facts.account.pk), "name": str(facts.account)},
            "date": facts.date.isoformat(),
            "amount": money_text(facts.amount, facts.currency),
            "currency": facts.currency,
        }

    @extend_schema_field(RefSerializer(allow_null=True))
    def get_created_by(self, pin: PlanPin) -> dict[str, Any] | None:
        author = pin.created_by
        return None if author is None else {"id": str(author.pk), "name": str(author)}


class NewPinSerializer(StrictSerializer):
    record = serializers.ChoiceField(choices=RECORD_KINDS)
    id = serializers.UUIDField(help_text="Of the record: of any account whose records you see.")
    effect = serializers.ChoiceField(choices=PinEffect.choices)
    reason = serializers.CharField(max_length=500)


def described(area: str) -> Any:
    """The names of the operations in the schema."""
    return extend_schema_view(
        list=extend_schema(operation_id=f"{area}_pins_list"),
        create=extend_schema(
            operation_id=f"{area}_pins_create",
            request=NewPinSerializer,
            responses={200: PlanPinSerializer, 201: PlanPinSerializer},
        ),
        retrieve=extend_schema(operation_id=f"{area}_pins_retrieve"),
        destroy=extend_schema(operation_id=f"{area}_pins_destroy"),
    )


@described("account_plans")
class PlanPinViewSet(VisibleModelViewSet):
    """Records put in (`include`) or left out (`exclude`) by hand, each with a reason.

    They hold whatever else changes. The same again is answered with the pin that there is (200).
    """

    plans: ClassVar[Any] = AccountPlan
    queryset = PlanPin.objects.all()
    serializer_class = PlanPinSerializer
    requires_version = True

    @cached_property
    def plan(self) -> Any:
        """Through the gate (404); its numbers are asked for apart (403)."""
        plan = found(self.plans.objects.visible_to(self.request.user), self.kwargs["plan_id"])
        if not self.request.user.has_perm("plans.view_numbers", plan):
            raise PermissionDenied()
        log_confidential_look(plan=plan, user=self.request.user)
        return plan

    def visible(self) -> QuerySet:
        return super().visible().filter(plan=self.plan)

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.with_records().select_related("plan").order_by("created_at", "id")

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.require("plans.add_planpin", PlanPin(plan=self.plan))
        body = NewPinSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        record = RECORDS[given["record"]].objects.visible_to(request.user).filter(pk=given["id"]).first()
        if record is None:
            raise ValidationError({"id": [ErrorDetail(_("There is no such object."), code="does_not_exist")]})
        try:
            pin, is_new = pin_record(
                plan=self.plan,
                record=record,
                kind=given["record"],
                effect=given["effect"],
                reason=given["reason"],
            )
        except DjangoValidationError as error:
            raise invalid(error) from error
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        response = self.answer(self.written(pin), code)
        response["Location"] = request.build_absolute_uri(f"{request.path}{pin.pk}/")
        return response


@described("territory_business_plans")
class TerritoryPlanPinViewSet(PlanPinViewSet):
    plans = TerritoryBusinessPlan
