"""Lists of plans as files, with their numbers and the fields that their types add, as far as the reader may see."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _

from kam.core.export import Column, export_response, money, person
from kam.core.lists import list_filter
from kam.core.policy import signed_in
from kam.users.models import User
from metrics.filters import PlanNumbersFilter, TerritoryPlanNumbersFilter
from metrics.policies import coverage_ratio, percent_of, remaining_target
from metrics.views.panels import SHOWN_FILTERS
from metrics.views.territories import SHOWN_FILTERS as TERRITORY_FILTERS
from plans.enums import PlanStatus
from plans.models import AccountPlan, Plan, TerritoryBusinessPlan
from plans.operations import log_confidential_looks
from templates_app.enums import FieldKind, RevenueBasis
from templates_app.models import CustomField

FIELDS = (
    "id",
    "name",
    "account__name",
    "account__territory__name",
    "territory__name",
    "plan_type_id",
    "plan_type__name",
    "status",
    "owner__first_name",
    "owner__last_name",
    "owner__username",
    "start_date",
    "end_date",
    "is_confidential",
    "currency",
    "revenue_basis",
    "stretch_target",
    "updated_at",
    "custom_values",
)
KPIS = (
    "sales_target",
    "won_revenue",
    "pipeline",
    "weighted_pipeline",
    "total_expected_revenue",
    "forecast_target_variance",
)
NUMBERS = tuple(f"kpi__{name}" for name in (*KPIS, "currency", "open_count", "slipped_count", "computed_at"))


class OpenNumbers:
    """Of which plans the reader sees targets, pipeline and amounts: of all, or of those they take part in."""

    def __init__(self, user: User) -> None:
        self.of_all = user.has_perm("plans.view_numbers")
        self.ids: Collection[UUID] = ()
        if not self.of_all:
            mine = Plan.objects.visible_to(user).taking_part(user)
            self.ids = set(mine.values_list("pk", flat=True))

    @property
    def any(self) -> bool:
        return self.of_all or bool(self.ids)

    def only(self, value: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda row: value(row) if self.of_all or row.id in self.ids else None


def plan_columns() -> list[Column]:
    return [
        Column(_("Plan"), lambda row: row.name, 40),
        Column(_("Account"), lambda row: row.account__name, 30),
        Column(_("Territory"), lambda row: row.territory__name or row.account__territory__name, 24),
        Column(_("Plan type"), lambda row: row.plan_type__name, 24),
        Column(_("Status"), lambda row: PlanStatus(row.status).label),
        Column(_("Owner"), lambda row: person(row, "owner"), 22),
        Column(_("Starts"), lambda row: row.start_date, 12),
        Column(_("Ends"), lambda row: row.end_date, 12),
        Column(_("Confidential"), lambda row: row.is_confidential, 12),
        Column(_("Currency"), lambda row: row.currency, 9),
        Column(_("Revenue basis"), lambda row: RevenueBasis(row.revenue_basis).label),
    ]


def number_columns(numbers: OpenNumbers) -> list[Column]:
    """The stored numbers, in the currency of the plan."""

    def amount(name: str) -> Callable[[Any], Any]:
        return numbers.only(lambda row: money(getattr(row, f"kpi__{name}"), row.kpi__currency))

    def of_kpi(name: str) -> Any:
        return numbers.only(lambda row: getattr(row, f"kpi__{name}"))

    def known(row: Any) -> dict[str, Any]:
        return {"sales_target": row.kpi__sales_target, "won_revenue": row.kpi__won_revenue}

    return [
        Column(_("Sales target"), amount("sales_target")),
        Column(_("Stretch target"), numbers.only(lambda row: money(row.stretch_target, row.currency))),
        Column(_("Won revenue"), amount("won_revenue")),
        Column(_("Pipeline"), amount("pipeline")),
        Column(_("Weighted pipeline"), amount("weighted_pipeline")),
        Column(_("Total expected revenue"), amount("total_expected_revenue")),
        Column(_("Forecast target variance"), amount("forecast_target_variance")),
        Column(
            _("Remaining target"),
            numbers.only(lambda row: money(remaining_target(**known(row)), row.currency)),
        ),
        Column(
            _("Coverage"),
            numbers.only(lambda row: coverage_ratio(**known(row), pipeline=row.kpi__pipeline)),
            10,
        ),
        Column(
            _("Won in %"),
            numbers.only(lambda row: percent_of(row.kpi__won_revenue, row.kpi__sales_target)),
            10,
        ),
        Column(
            _("Expected in %"),
            numbers.only(lambda row: percent_of(row.kpi__total_expected_revenue, row.kpi__sales_target)),
            10,
        ),
        Column(_("Open opportunities"), of_kpi("open_count"), 10),
        Column(_("Slipped opportunities"), of_kpi("slipped_count"), 10),
        Column(_("Numbers as of"), of_kpi("computed_at"), 18),
    ]


# --- Fields that plan types add -----------------------------------------------------------------
def custom_columns(plans: QuerySet, user: User, numbers: OpenNumbers) -> list[Column]:
    """One for each label and kind: types that call a field the same share a column. Two statements."""
    fields = CustomField.objects.visible_to(user).filter(plan_type__in=plans.order_by().values("plan_type"))
    grouped: dict[tuple[str, str], dict[UUID, CustomField]] = {}
    for field in fields.order_by("is_retired", "plan_type__name", "order", "created_at", "id"):
        grouped.setdefault((field.label, field.kind), {}).setdefault(field.plan_type_id, field)
    people: dict[str, str] = {}
    if any(kind == FieldKind.USER for _label, kind in grouped):
        people = {str(colleague.pk): str(colleague) for colleague in User.objects.all()}
    columns = []
    for (label, kind), by_type in grouped.items():
        value = custom_value(by_type, kind, people)
        columns.append(Column(label, numbers.only(value) if kind == FieldKind.MONEY else value, 20))
    return columns


def custom_value(by_type: dict[UUID, CustomField], kind: str, people: dict[str, str]) -> Callable[[Any], Any]:
    def value(row: Any) -> Any:
        field = by_type.get(row.plan_type_id)
        text = row.custom_values.get(field.key) if field else None
        if text is None:
            return None
        if kind == FieldKind.MONEY:
            return money(Decimal(text), row.currency)
        if kind == FieldKind.NUMBER:
            return Decimal(text)
        if kind == FieldKind.DATE:
            return date.fromisoformat(text)
        return people.get(text) if kind == FieldKind.USER else text

    return value


# --- Answers ------------------------------------------------------------------------------------
@signed_in
def plan_export(request: HttpRequest) -> HttpResponse:
    """The plans that the filters of the list find."""
    filterset = list_filter(
        PlanNumbersFilter,
        request,
        AccountPlan.objects.visible_to(request.user),
        name="plans",
        show=SHOWN_FILTERS,
        hidden=("current",),
        search_in={
            "account": reverse_lazy("crm:account_options"),
            "owner": reverse_lazy("users:user_options"),
        },
    )
    return export_of(request, filterset.qs, name="plans", list_url=reverse("plans:accountplan_list"))


@signed_in
def territory_plan_export(request: HttpRequest) -> HttpResponse:
    filterset = list_filter(
        TerritoryPlanNumbersFilter,
        request,
        TerritoryBusinessPlan.objects.visible_to(request.user),
        name="territory_plans",
        show=TERRITORY_FILTERS,
        hidden=("current",),
        search_in={"owner": reverse_lazy("users:user_options")},
    )
    list_url = reverse("plans:territoryplan_list")
    return export_of(request, filterset.qs, name="territory-plans", list_url=list_url)


def export_of(request: HttpRequest, plans: QuerySet, *, name: str, list_url: str) -> HttpResponse:
    user = request.user
    numbers = OpenNumbers(user)
    log_confidential_looks(plans=plans, user=user)
    columns = [
        *plan_columns(),
        *(number_columns(numbers) if numbers.any else ()),
        *custom_columns(plans, user, numbers),
        Column(_("Changed"), lambda row: row.updated_at, 18),
        Column(_("Id"), lambda row: row.id, 38),
    ]
    rows = plans.values_list(*FIELDS, *NUMBERS, named=True)
    return export_response(request, name=name, columns=columns, rows=rows, list_url=list_url)
