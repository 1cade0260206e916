"""The revenue of a plan, and of an account without one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from crm.models import Account
from kam.core.api.fields import DayField, money_text
from kam.core.api.permissions import BY_OBJECT
from kam.core.api.serializers import RefSerializer
from kam.core.api.views import KamAPIView
from kam.core.api.viewsets import found as found_row
from kam.core.clock import company_today
from kam.core.pages import as_uuid
from metrics import revenue
from metrics.api.parameters import flag_of, refuse
from metrics.api.plan_views import PlanNumbersView
from metrics.api.serializers import decimal_text
from metrics.pipeline import Cell, Column, Deal, Pipeline
from metrics.revenue import NamedDeals, Revenue, RevenueMonth
from metrics.sales_history import CategoryHistory, LeftOut, SalesHistory
from metrics.territories import AccountPart, ByAccount


class RevenueYearSerializer(serializers.Serializer):
    label = serializers.CharField()
    starts_on = DayField()
    ends_on = DayField()
    is_whole = serializers.BooleanField(help_text="False: as far as it is over.")


class CategoryHistorySerializer(serializers.Serializer):
    """What was ordered of a category and those below it, in each year and each month of these years."""

    category = RefSerializer(allow_null=True)
    name = serializers.CharField()
    years = serializers.ListField(child=serializers.CharField())
    months = serializers.ListField(child=serializers.CharField())
    a_year_before = serializers.CharField(help_text="In the days of the last year, a year earlier.")


class LeftOutSerializer(serializers.Serializer):
    """Records that are in no sum: there is no exchange rate for their currency and day."""

    currency = serializers.CharField()
    count = serializers.IntegerField()
    amount = serializers.CharField(help_text="In that currency.")
    first = DayField()
    last = DayField()


class RevenueMonthSerializer(serializers.Serializer):
    month = serializers.CharField(help_text="YYYY-MM")
    target = decimal_text(help_text="By the season; null without a target, and for accounts.")
    won = serializers.CharField()
    ordered = decimal_text()
    a_year_before = decimal_text(help_text="Ordered in the same month.")
    open = serializers.CharField()
    weighted = serializers.CharField()


class OpenCellSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    amount = serializers.CharField()
    weighted = serializers.CharField()


class OpenColumnSerializer(serializers.Serializer):
    starts_on = DayField(allow_null=True, help_text="Null: what has slipped.")
    ends_on = DayField(allow_null=True, help_text="Null: everything later.")


class OpenStageSerializer(serializers.Serializer):
    stage = serializers.CharField()
    cells = OpenCellSerializer(many=True)
    total = OpenCellSerializer()


class OpenByStageSerializer(serializers.Serializer):
    columns = OpenColumnSerializer(many=True)
    stages = OpenStageSerializer(many=True)
    totals = OpenCellSerializer(many=True)
    total = OpenCellSerializer()


class RevenueDealSerializer(serializers.Serializer):
    opportunity = RefSerializer()
    account = RefSerializer()
    close_date = DayField()
    stage = serializers.CharField()
    is_open = serializers.BooleanField()
    probability = serializers.FloatField(allow_null=True)
    amount = serializers.CharField(help_text="In the currency of the answer.")
    days_late = serializers.IntegerField()


class NamedDealsSerializer(serializers.Serializer):
    results = RevenueDealSerializer(many=True)
    count = serializers.IntegerField(help_text="Those that you may open.")
    hidden_count = serializers.IntegerField(help_text="Those that count and that you may not open.")


class AccountPartSerializer(serializers.Serializer):
    """What one account brings in the period, or several together (`account` null)."""

    account = RefSerializer(allow_null=True)
    won = serializers.CharField()
    open = serializers.CharField()


class ByAccountSerializer(serializers.Serializer):
    results = AccountPartSerializer(
        many=True, help_text="Those that bring the most, as far as you may open them."
    )
    others = AccountPartSerializer(allow_null=True, help_text="More accounts that you may open.")
    others_count = serializers.IntegerField()
    hidden = AccountPartSerializer(allow_null=True, help_text="What counts and you may not open.")


class RevenueSerializer(serializers.Serializer):
    currency = serializers.CharField()
    date = DayField()
    starts_on = DayField()
    ends_on = DayField()
    counts_hidden = serializers.BooleanField(
        help_text="True: the sums count all records; false: only those that you may open."
    )
    includes_child_accounts = serializers.BooleanField()
    years = RevenueYearSerializer(many=True)
    total = CategoryHistorySerializer()
    categories = CategoryHistorySerializer(many=True)
    not_converted_orders = LeftOutSerializer(many=True)
    not_converted_deals = serializers.IntegerField()
    months = RevenueMonthSerializer(many=True)
    pipeline = OpenByStageSerializer()
    accounts = ByAccountSerializer(allow_null=True, help_text="Null: of an account.")
    largest = NamedDealsSerializer()
    slipped = NamedDealsSerializer()


CATEGORY = OpenApiParameter("category", OpenApiTypes.UUID, description="The parts of this category.")


def category_of(request: Request) -> UUID | None:
    text = request.query_params.get("category")
    if text is None:
        return None
    category_id = as_uuid(text)
    if category_id is None:
        raise refuse("category", _("Enter an id."))
    return category_id


def answer_of(found: Revenue | None) -> Response:
    if found is None:
        raise refuse("category", _("There is no such category."), "does_not_exist")
    return Response(revenue_answer(found))


class PlanRevenueView(PlanNumbersView):
    """Three years before the plan and its period, by month; what is open, by stage and month; the deals in it."""

    query_parameters = (CATEGORY,)

    @extend_schema(responses=RevenueSerializer, operation_id="account_plans_revenue")
    def get(self, request: Request, pk: UUID) -> Response:
        plan = self.plan(pk)
        today, category_id = company_today(), category_of(request)
        return answer_of(revenue.plan_revenue(plan, user=request.user, today=today, category_id=category_id))


class AccountRevenueView(KamAPIView):
    """The same of an account without a plan, in this calendar year: only what you may open."""

    kam_policy = BY_OBJECT
    query_parameters = (
        CATEGORY,
        OpenApiParameter("children", OpenApiTypes.BOOL, description="With the accounts below (default)."),
    )

    @extend_schema(responses=RevenueSerializer, operation_id="accounts_revenue")
    def get(self, request: Request, pk: UUID) -> Response:
        account = found_row(Account.objects.visible_to(request.user), pk)
        if not request.user.has_perm("crm.view_commercial", account):
            raise PermissionDenied()
        return answer_of(
            revenue.account_revenue(
                account,
                user=request.user,
                today=company_today(),
                includes_below=flag_of(request, "children", default=True),
                category_id=category_of(request),
            )
        )


class _Texts:
    """Amounts as text in one currency."""

    def __init__(self, currency: str) -> None:
        self.currency = currency

    def amount(self, value: Decimal) -> str:
        return money_text(value, self.currency)

    def amount_or_none(self, value: Decimal | None) -> str | None:
        return None if value is None else self.amount(value)

    def part(self, part: CategoryHistory) -> dict[str, Any]:
        return {
            "category": part.category_id and {"id": str(part.category_id), "name": part.name},
            "name": part.name,
            "years": [self.amount(value) for value in part.years],
            "months": [self.amount(value) for value in part.months],
            "a_year_before": self.amount(part.a_year_before),
        }

    def month(self, month: RevenueMonth) -> dict[str, Any]:
        return {
            "month": f"{month.first:%Y-%m}",
            "target": self.amount_or_none(month.target),
            "won": self.amount(month.won),
            "ordered": self.amount_or_none(month.ordered),
            "a_year_before": self.amount_or_none(month.a_year_before),
            "open": self.amount(month.open),
            "weighted": self.amount(month.weighted),
        }

    def cell(self, cell: Cell) -> dict[str, Any]:
        return {
            "count": cell.count,
            "amount": self.amount(cell.amount),
            "weighted": self.amount(cell.weighted),
        }

    def pipeline(self, pipeline: Pipeline) -> dict[str, Any]:
        return {
            "columns": [column_answer(column) for column in pipeline.columns],
            "stages": [
                {
                    "stage": row.stage,
                    "cells": [self.cell(cell) for cell in row.cells],
                    "total": self.cell(row.total),
                }
                for row in pipeline.rows
            ],
            "totals": [self.cell(cell) for cell in pipeline.totals],
            "total": self.cell(pipeline.total),
        }

    def deal(self, deal: Deal) -> dict[str, Any]:
        return {
            "opportunity": {"id": str(deal.opportunity_id), "name": deal.name},
            "account": {"id": str(deal.account_id), "name": deal.account_name},
            "close_date": deal.date.isoformat(),
            "stage": deal.stage,
            "is_open": deal.is_open,
            "probability": None if deal.probability is None else float(deal.probability),
            "amount": self.amount(deal.value),
            "days_late": deal.days_late,
        }

    def account(self, part: AccountPart | None) -> dict[str, Any] | None:
        return part and {
            "account": part.account_id and {"id": str(part.account_id), "name": part.name},
            "won": self.amount(part.won),
            "open": self.amount(part.open),
        }

    def accounts(self, found: ByAccount | None) -> dict[str, Any] | None:
        return found and {
            "results": [self.account(part) for part in found.rows],
            "others": self.account(found.others),
            "others_count": found.others.count if found.others else 0,
            "hidden": self.account(found.hidden),
        }

    def deals(self, named: NamedDeals) -> dict[str, Any]:
        return {
            "results": [self.deal(deal) for deal in named.deals],
            "count": named.seen_count,
            "hidden_count": named.hidden_count,
        }


def column_answer(column: Column) -> dict[str, Any]:
    return {
        "starts_on": column.first and column.first.isoformat(),
        "ends_on": column.last and column.last.isoformat(),
    }


def years_answer(history: SalesHistory) -> list[dict[str, Any]]:
    return [
        {
            "label": year.label,
            "starts_on": year.first.isoformat(),
            "ends_on": year.last.isoformat(),
            "is_whole": year.is_whole,
        }
        for year in history.years
    ]


def left_out_answer(row: LeftOut) -> dict[str, Any]:
    return {
        "currency": row.currency,
        "count": row.count,
        "amount": money_text(row.amount, row.currency),
        "first": row.first.isoformat(),
        "last": row.last.isoformat(),
    }


def revenue_answer(found: Revenue) -> dict[str, Any]:
    texts, history = _Texts(found.currency), found.history
    return {
        "currency": found.currency,
        "date": found.today.isoformat(),
        "starts_on": found.start.isoformat(),
        "ends_on": found.end.isoformat(),
        "counts_hidden": found.plan is not None,
        "includes_child_accounts": found.includes_below,
        "years": years_answer(history),
        "total": texts.part(history.total),
        "categories": [texts.part(part) for part in history.categories],
        "not_converted_orders": [left_out_answer(row) for row in history.left_out],
        "not_converted_deals": found.not_converted_count,
        "months": [texts.month(month) for month in found.months],
        "pipeline": texts.pipeline(found.pipeline),
        "accounts": texts.accounts(found.accounts),
        "largest": texts.deals(found.largest),
        "slipped": texts.deals(found.slipped),
    }
