"""Calls due: which accounts are due for contact until a day, what is overdue first."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _

from crm.enums import CallFrequency
from crm.filters import CallsDueFilter
from crm.models import Account
from crm.models.cadence import with_next_due
from kam.core.clock import company_today
from kam.core.export import Column, export_response, person
from kam.core.lists import list_filter, page_of
from kam.core.policy import signed_in
from metrics.dashboards.covering import plans_by_account, plans_in_force

SHOWN_FILTERS = ("until", "owner", "territory", "current_segment", "call_frequency")
RELATED = ("territory", "owner", "current_segment")
COLUMNS = (
    "name",
    "call_frequency",
    "created_at",
    "territory__name",
    "owner__first_name",
    "owner__last_name",
    "owner__username",
    "current_segment__name",
)
FIELDS = (*COLUMNS, "id", "last_activity_on", "next_due_on")
AHEAD = (0, 7, 30)  # days that one click looks ahead


def filter_of(request: HttpRequest) -> Any:
    return list_filter(
        CallsDueFilter,
        request,
        with_next_due(Account.objects.visible_to(request.user)),
        name="calls_due",
        show=SHOWN_FILTERS,
        hidden=("target_segment",),
        search_in={"owner": reverse_lazy("users:user_options")},
    )


@signed_in
def calls_due(request: HttpRequest) -> HttpResponse:
    user, today = request.user, company_today()
    filterset = filter_of(request)
    page = page_of(request, filterset.qs.select_related(*RELATED).only(*COLUMNS))
    plans = plans_by_account([account.pk for account in page], plans_in_force(user, today=today))
    for account in page:
        account.current_plans = plans.get(account.pk, [])
        account.days_late = max((today - account.next_due_on).days, 0)
    context = {
        "filter": filterset,
        "page_obj": page,
        "until": filterset.until_day,
        "periods": periods(filterset.until_day, today),
        "today": today,
        "may_add_activity": user.has_perm("crm.add_activity"),
        "nav_section": "dashboards",
    }
    return render(request, "metrics/calls_due.html", context)


def periods(until: date, today: date) -> list[dict[str, Any]]:
    """The days until which one click looks."""
    labels = {0: _("Today"), 7: _("7 days"), 30: _("30 days")}
    days = {number: today + timedelta(days=number) for number in AHEAD}
    return [
        {"label": labels[number], "until": day.isoformat(), "active": day == until}
        for number, day in days.items()
    ]


@signed_in
def calls_due_export(request: HttpRequest) -> HttpResponse:
    """What the filters of the list find."""
    today = company_today()
    found = filter_of(request).qs
    plans = plans_by_account(found.order_by().values("pk"), plans_in_force(request.user, today=today))
    return export_response(
        request,
        name="calls-due",
        columns=columns(plans, today),
        rows=found.values_list(*FIELDS, named=True),
        list_url=reverse("metrics:calls_due"),
    )


def columns(plans: dict[Any, Any], today: date) -> list[Column]:
    return [
        Column(_("Account"), lambda row: row.name, 36),
        Column(_("Due"), lambda row: row.next_due_on, 12),
        Column(_("Days late"), lambda row: max((today - row.next_due_on).days, 0), 10),
        Column(_("Last contact"), lambda row: row.last_activity_on, 12),
        Column(_("Call frequency"), lambda row: CallFrequency(row.call_frequency).label, 18),
        Column(_("Segment"), lambda row: row.current_segment__name, 20),
        Column(_("Territory"), lambda row: row.territory__name, 24),
        Column(_("Owner"), lambda row: person(row, "owner"), 22),
        Column(_("Plans"), lambda row: ", ".join(plan.name for plan in plans.get(row.id, ())), 40),
        Column(_("Id"), lambda row: row.id, 38),
    ]
