"""The revenue of a plan and of an account: years before, the period by month, what is open and what is late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from crm.models import Account
from kam.core.clock import company_today
from kam.core.pages import as_uuid
from kam.core.policy import object_required
from metrics import revenue
from metrics.charts import MonthPoint, OpenPart, YearOfMonths, month_bars, pipeline_chart, years_chart
from metrics.pipeline import Column
from metrics.revenue import Revenue
from metrics.sales_history import CategoryHistory, SalesHistory
from plans.models import Plan
from plans.operations import log_confidential_look

SMALL_CHARTS = 8


def with_head(plans: QuerySet) -> QuerySet:
    return plans.select_related("account", "territory", "plan_type", "owner")


def with_facts(accounts: QuerySet) -> QuerySet:
    return accounts.select_related("territory", "owner", "current_segment")


@object_required(Plan, "plans.view_numbers", queryset=with_head)
def plan_revenue(request: HttpRequest, plan: Plan) -> HttpResponse:
    log_confidential_look(plan=plan, user=request.user)
    found = revenue.plan_revenue(
        plan, user=request.user, today=company_today(), category_id=category_of(request)
    )
    if found is None:
        raise Http404
    context = {"plan": plan, "plan_tab": "revenue", "nav_section": "plans", **context_of(found, request)}
    return render(request, "metrics/plan_revenue.html", context)


@object_required(Account, "crm.view_commercial", queryset=with_facts)
def account_revenue(request: HttpRequest, account: Account) -> HttpResponse:
    """Without a plan; with `?children=no` without the accounts below."""
    found = revenue.account_revenue(
        account,
        user=request.user,
        today=company_today(),
        includes_below=request.GET.get("children") != "no",
        category_id=category_of(request),
    )
    if found is None:
        raise Http404
    context = {
        "account": account,
        "account_tab": "revenue",
        "may_add": request.user.has_perm("crm.add_opportunity"),
        "nav_section": "accounts",
        **context_of(found, request),
    }
    return render(request, "metrics/account_revenue.html", context)


def category_of(request: HttpRequest) -> UUID | None:
    text = request.GET.get("category", "")
    if not text:
        return None
    category_id = as_uuid(text)
    if category_id is None:
        raise Http404
    return category_id


def address(request: HttpRequest, **values: str) -> str:
    """This page with other parameters; empty ones are left out."""
    kept = {name: request.GET[name] for name in ("children", "category") if name in request.GET}
    return "?" + urlencode({name: value for name, value in {**kept, **values}.items() if value})


def context_of(found: Revenue, request: HttpRequest) -> dict[str, Any]:
    history = found.history
    return {
        "found": found,
        "as_of": found.found.kpi.as_of if found.found else timezone.now(),
        "history_chart": history_chart(history),
        "small_charts": small_charts(history),
        "history_rows": [row_of(part, history, request) for part in (history.total, *history.categories)],
        "all_url": address(request, category=""),
        "period_chart": period_chart(found),
        "pipeline_chart": open_chart(found),
        "column_labels": [label_of(column) for column in found.pipeline.columns],
        "most_open": max((row.total.amount for row in found.pipeline.rows), default=Decimal(0)),
        "with_below_url": address(request, children=""),
        "without_below_url": address(request, children="no"),
    }


# --- The years before ---------------------------------------------------------------------------
@dataclass(frozen=True)
class HistoryRow:
    """A line of the table: the years with their change, and the months behind them."""

    part: CategoryHistory
    years: list[tuple[str, Decimal, Decimal | None]]
    by_month: list[tuple[str, list[Decimal | None], Decimal]]
    url: str  # one level down


def row_of(part: CategoryHistory, history: SalesHistory, request: HttpRequest) -> HistoryRow:
    last = len(history.years) - 1
    years = []
    for place, year in enumerate(history.years):
        change = part.change(place) if year.is_whole else None
        if place == last and not year.is_whole:
            change = part.latest_change
        years.append((year_label(history, place), part.years[place], change if place else None))
    goes_down = part.has_below and not part.is_rest and part is not history.total
    url = address(request, category=str(part.category_id)) if goes_down else ""
    return HistoryRow(part, years, months_of(part, history), url)


def year_label(history: SalesHistory, place: int) -> str:
    year = history.years[place]
    return year.label if year.is_whole else _("%(year)s so far") % {"year": year.label}


def months_of(
    part: CategoryHistory, history: SalesHistory
) -> list[tuple[str, list[Decimal | None], Decimal]]:
    rows = []
    for place, year in enumerate(history.years):
        months: list[Decimal | None] = list(part.months[place * 12 : place * 12 + 12])
        months += [None] * (12 - len(months))
        rows.append((year.label, months, part.years[place]))
    return rows


def years_of(part: CategoryHistory, history: SalesHistory) -> list[YearOfMonths]:
    years = []
    for place, year in enumerate(history.years):
        span = slice(place * 12, place * 12 + 12)
        months = [
            (date_format(first, "YEAR_MONTH_FORMAT"), amount)
            for (first, _last), amount in zip(history.months[span], part.months[span], strict=True)
        ]
        years.append(YearOfMonths(year.label, months, is_latest=place == len(history.years) - 1))
    return years


def history_chart(history: SalesHistory) -> SafeString:
    return years_chart(
        chart_id="history",
        currency=history.currency,
        years=years_of(history.total, history),
        title=_("Orders by month: %(name)s") % {"name": history.total.name},
    )


def small_charts(history: SalesHistory) -> list[tuple[CategoryHistory, SafeString]]:
    """The largest categories, on one scale; nothing where there is only one."""
    shown = history.categories[:SMALL_CHARTS]
    if len(history.categories) < 2:
        return []
    amounts = [amount for part in shown for amount in part.months]
    return [
        (
            part,
            years_chart(
                chart_id=f"history-{place}",
                currency=history.currency,
                years=years_of(part, history),
                title=_("Orders by month: %(name)s") % {"name": part.name},
                reach=(min(amounts), max(amounts)),
            ),
        )
        for place, part in enumerate(shown)
    ]


# --- The period ---------------------------------------------------------------------------------
def period_chart(found: Revenue) -> SafeString:
    """Won against the target of each month; of an account ordered against the same month a year before."""
    points = []
    for month in found.months:
        is_over = month.is_over(found.today)
        actual = month.won if found.plan else month.ordered
        points.append(
            MonthPoint(
                date_format(month.first, "M"),
                actual=(actual or Decimal(0)) if is_over else None,
                target=month.target if found.plan else month.a_year_before,
                forecast=None if is_over else month.weighted,
            )
        )
    over = sum(1 for month in found.months if month.is_over(found.today))
    return month_bars(
        chart_id="period",
        currency=found.currency,
        months=points,
        title=_("Won by month, and the target") if found.plan else _("Ordered by month, and a year before"),
        today_index=over,
        mark="" if found.plan else _("a year before"),
    )


# --- What is open -------------------------------------------------------------------------------
def label_of(column: Column) -> str:
    if column.is_slipped:
        return _("Overdue")
    if column.is_later or column.first is None:
        return _("Later")
    return date_format(column.first, "M")


def open_chart(found: Revenue) -> SafeString:
    pipeline = found.pipeline
    parts: Sequence[OpenPart] = [
        OpenPart(label_of(column), cell.amount, cell.weighted, column.is_slipped)
        for column, cell in zip(pipeline.columns, pipeline.totals, strict=True)
    ]
    return pipeline_chart(chart_id="pipeline", currency=found.currency, parts=parts)
