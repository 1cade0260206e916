"""Activity: what was done with accounts in a period and what is planned, and the activities behind each count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse, reverse_lazy
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from kam.core.clock import company_today
from kam.core.filters import SearchFilter
from kam.core.lists import list_filter, page_of
from kam.core.policy import signed_in
from metrics.dashboards import activity
from metrics.dashboards.groups import Group
from metrics.enums import ActivityShown
from metrics.filters import ActivityDashboardFilter
from metrics.views.drill_down import Row, bar_of, cells_of, chosen, link, parts_of
from plans.charts import Series, stacked_months

SHOWN_FILTERS = ("date", "owner", "type", "territory")
STATES = {
    name: label for name, label in ActivityShown.choices if name != ActivityShown.JOINT
}  # each activity has one


def filter_of(request: HttpRequest, *, show: Sequence[str], hidden: Sequence[str] = ()) -> Any:
    return list_filter(
        ActivityDashboardFilter,
        request,
        activity.activities_of(request.user),
        name="activity_dashboard",
        show=show,
        hidden=hidden,
        search_in={"owner": reverse_lazy("users:user_options")},
    )


@signed_in
def activity_dashboard(request: HttpRequest) -> HttpResponse:
    user, today = request.user, company_today()
    filterset = filter_of(request, show=SHOWN_FILTERS, hidden=("shown", "account"))
    asked = filterset.form.cleaned_data if filterset.form.is_valid() else {}
    period, where = filterset.period, {name: asked.get(name) for name in ("owner", "territory")}
    found = activity.counts_of(filterset.qs, today=today, period=period)
    silent = activity.accounts_without_contact(activity.accounts_of(user, **where), period=period)
    rows = filterset.qs.select_related("account", "type", "owner")
    now = asked.get("shown") or ""
    context = {
        "filter": filterset,
        "page_obj": page_of(request, rows.filter(activity.shown(today)[now]) if now else rows),
        "period": period,
        "total": found.total,
        "parts": parts_of(found.total, STATES),
        "in_all": sum(found.total[name] for name in STATES),
        "chart": chart_of(found),
        "months": months_of(request, found, period),
        "tables": tables_of(request, found),
        "silent_count": silent.count(),
        "promised": activity.promised_by_type(user, today=today, kind=asked.get("type"), **where),
        "list_tabs": tabs_of(request, found, now),
        "today": today,
        "nav_section": "dashboards",
    }
    return render(request, "metrics/activity.html", context)


@signed_in
def activity_accounts(request: HttpRequest) -> HttpResponse:
    """Accounts with which nothing was done in the period."""
    user = request.user
    filterset = filter_of(request, show=("date", "owner", "territory"))
    asked = filterset.form.cleaned_data if filterset.form.is_valid() else {}
    accounts = activity.accounts_of(user, owner=asked.get("owner"), territory=asked.get("territory"))
    if words := asked.get("search"):
        accounts = SearchFilter(["name"]).filter(accounts, words)
    silent = activity.accounts_without_contact(accounts, period=filterset.period).with_last_activity()
    rows = silent.select_related("owner", "territory", "current_segment").order_by("name", "pk")
    context = {
        "filter": filterset,
        "page_obj": page_of(request, rows),
        "period": filterset.period,
        "activity_url": reverse("metrics:activity"),
        "may_add_activity": user.has_perm("crm.add_activity"),
        "nav_section": "dashboards",
    }
    return render(request, "metrics/activity_accounts.html", context)


def month_name(day: Any) -> str:
    return date_format(day, "M Y")


def chart_of(found: activity.ActivityCounts) -> Any:
    return stacked_months(
        chart_id="activities-by-month",
        months=[month_name(month.month) for month in found.by_month],
        series=[
            Series(str(label), look, [month.counts[name] for month in found.by_month])
            for look, (name, label) in enumerate(STATES.items(), 1)
        ],
        title=_("Activities by month"),
    )


def months_of(request: HttpRequest, found: activity.ActivityCounts, period: Any) -> list[Row]:
    rows = []
    for month in found.by_month:
        first, last = max(month.month, period[0]), min(activity.last_day_of(month.month), period[1])
        days = {"date_after": first.isoformat(), "date_before": last.isoformat()}
        links = {name: link(request, "activities", shown=name, **days) for name in ActivityShown.values}
        group = Group(None, month_name(month.month), month.counts)
        rows.append(Row(group.name, 0, list(cells_of(group, dict(ActivityShown.choices), links))))
    return rows


def tables_of(request: HttpRequest, found: activity.ActivityCounts) -> list[dict[str, Any]]:
    def row(name: str, group: Group) -> Row:
        labels = dict(ActivityShown.choices)
        links = {key: link(request, "activities", shown=key, **chosen(name, group)) for key in labels}
        cells = [bar_of(_("Shares"), name, group, STATES), *cells_of(group, labels, links)]
        return Row(group.name, group.level, cells)

    return [
        {
            "id": f"by-{name}",
            "title": title,
            "head": head,
            "nobody": "",
            "rows": [row(name, group) for group in groups],
        }
        for name, title, head, groups in (
            ("owner", _("By owner"), _("Owner"), found.by_owner),
            ("type", _("By type"), _("Type"), found.by_type),
        )
    ]


def tabs_of(request: HttpRequest, found: activity.ActivityCounts, now: str) -> list[dict[str, Any]]:
    choices = [("", _("All")), *ActivityShown.choices]
    in_all = sum(found.total[name] for name in STATES)
    return [
        {
            "label": str(label),
            "url": link(request, "activities", shown=name),
            "active": name == now,
            "count": found.total[name] if name else in_all,
        }
        for name, label in choices
    ]
