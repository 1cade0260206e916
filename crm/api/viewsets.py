"""The CRM's resources."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from crm import filters, operations
from crm.api import serializers
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
from kam.core.api.problems import Conflict
from kam.core.api.viewsets import VisibleModelViewSet
from kam.users.models import User

BY_PARENT = "parts of rows that were loaded through the gate"
# What an opportunity shows of itself and of what it names: whole rows take half as long again.
OPPORTUNITY_COLUMNS = (
    *serializers.OpportunitySerializer.own_columns(),
    "account__name",
    "stage__name",
    "owner__first_name",
    "owner__last_name",
    "owner__username",
)


class PickListValueViewSet(VisibleModelViewSet):
    """Values of the lists that an administrator edits."""

    queryset = PickListValue.objects.all()
    serializer_class = serializers.PickListValueSerializer
    filterset_class = filters.PickListValueFilter


class TerritoryViewSet(VisibleModelViewSet):
    """Territories with who works in them; administrators write."""

    queryset = Territory.objects.all()
    serializer_class = serializers.TerritorySerializer
    filterset_class = filters.TerritoryFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        members = TerritoryMembership.objects.select_related("user").order_by("created_at", "pk")
        return queryset.select_related("parent").prefetch_related(
            Prefetch("memberships", members, "visible_memberships")
        )


class AccountViewSet(VisibleModelViewSet):
    """Customers and prospects. A parent that the reader may not see is shown as null."""

    queryset = Account.objects.all()
    serializer_class = serializers.AccountSerializer
    filterset_class = filters.AccountFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        related = ("territory", "owner", "industry", "account_type", "current_segment", "target_segment")
        parents = Prefetch("parent", Account.objects.visible_to(self.request.user))
        return queryset.with_last_activity().select_related(*related).prefetch_related(parents)


class ContactViewSet(VisibleModelViewSet):
    """People at accounts."""

    queryset = Contact.objects.all()
    serializer_class = serializers.ContactSerializer
    filterset_class = filters.ContactFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        managers = Prefetch("reports_to", Contact.objects.visible_to(self.request.user))
        return queryset.select_related("account").prefetch_related(managers)


class ProductCategoryViewSet(VisibleModelViewSet):
    queryset = ProductCategory.objects.all()
    serializer_class = serializers.ProductCategorySerializer
    filterset_class = filters.ProductCategoryFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("parent")


class ProductViewSet(VisibleModelViewSet):
    queryset = Product.objects.all()
    serializer_class = serializers.ProductSerializer
    filterset_class = filters.ProductFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("category")


class StageViewSet(VisibleModelViewSet):
    """Steps of the sales process."""

    queryset = Stage.objects.all()
    serializer_class = serializers.StageSerializer
    filterset_class = filters.StageFilter


class OpportunityViewSet(VisibleModelViewSet):
    """Opportunities with their lines and revenue schedules, written together."""

    queryset = Opportunity.objects.all()
    serializer_class = serializers.OpportunitySerializer
    filterset_class = filters.OpportunityFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        schedules = RevenueSchedule.objects.unscoped(BY_PARENT)
        lines = OpportunityLine.objects.unscoped(BY_PARENT).select_related("product")
        contacts = Contact.objects.visible_to(self.request.user).only("name")
        rows = queryset.select_related("account", "stage", "owner").only(*OPPORTUNITY_COLUMNS)
        return rows.prefetch_related(
            Prefetch("contacts", contacts, "visible_contacts"),
            Prefetch(
                "lines",
                lines.prefetch_related(Prefetch("schedules", schedules, "visible_schedules")),
                "visible_lines",
            ),
        )


class OrderViewSet(VisibleModelViewSet):
    """Order or invoice lines from the ERP; credit notes are negative."""

    queryset = Order.objects.all()
    serializer_class = serializers.OrderSerializer
    filterset_class = filters.OrderFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("account", "product")


class ActivityTypeViewSet(VisibleModelViewSet):
    queryset = ActivityType.objects.all()
    serializer_class = serializers.ActivityTypeSerializer
    filterset_class = filters.ActivityTypeFilter


class ActivityViewSet(VisibleModelViewSet):
    """Calls, visits, trainings: planned and done."""

    queryset = Activity.objects.all()
    serializer_class = serializers.ActivitySerializer
    filterset_class = filters.ActivityFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        contacts = Contact.objects.visible_to(self.request.user)
        return queryset.select_related("type", "account", "owner").prefetch_related(
            Prefetch("contacts", contacts, "visible_contacts"),
            Prefetch("participants", User.objects.all(), "visible_participants"),
        )

    @extend_schema(request=serializers.ActivityDoneSerializer, responses=serializers.ActivitySerializer)
    @action(detail=True, methods=["post"])
    def done(self, request: Request, pk: str) -> Response:
        """Mark it as done on a day."""
        activity = self.get_locked_object(self.permission("change"))
        body = serializers.ActivityDoneSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values: dict[str, Any] = {
            name: body.validated_data.get(name) for name in ("done_on", "notes", "quantity")
        }
        try:
            activity = operations.complete_activity(activity=activity, **values)
        except operations.ActivityStepNotAllowedError as error:
            raise Conflict(str(error)) from error
        return self.answer(self.written(activity))


class ExchangeRateViewSet(VisibleModelViewSet):
    """Units of company currency for one unit of a currency, from a day on."""

    queryset = ExchangeRate.objects.all()
    serializer_class = serializers.ExchangeRateSerializer
    filterset_class = filters.ExchangeRateFilter
