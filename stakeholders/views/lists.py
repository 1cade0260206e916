"""Who matters to a plan as a list, and where the people of an account are stakeholders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy

from crm.enums import ActivityStatus
from crm.models import Account, Activity, Contact
from kam.core.clock import company_today
from kam.core.forms import options_response
from kam.core.lists import list_filter, page_of
from kam.core.pages import typed
from kam.core.policy import object_required
from kam.users.models import User
from plans.enums import Meaning, TaskStatus
from plans.models import Plan
from stakeholders.filters import StakeholderFilter, StanceFilter
from stakeholders.gaps import REASON
from stakeholders.models import (
    AccountPlanStakeholder,
    ParticipantStakeholder,
    StakeholderAction,
    StakeholderProduct,
)
from stakeholders.models.stakeholders import accounts_around
from stakeholders.views.frame import frame_of, with_head

SHOWN_FILTERS = ("role", "influence", "support", "relationship_now", "owner")
OPEN = [status for status in TaskStatus if status.meaning == Meaning.OPEN]


@dataclass(frozen=True)
class Planned:
    """The next activity with somebody, as far as the reader may see it."""

    subject: str
    day: date
    is_late: bool


@object_required(Plan, "plans.view_accountplan", queryset=with_head)
def stakeholder_list(request: HttpRequest, plan: Plan) -> HttpResponse:
    frame = frame_of(request, plan, "list")
    rows = AccountPlanStakeholder.objects.visible_to(request.user).filter(plan=plan)
    filterset = list_filter(
        StanceFilter if frame["sees_stance"] else StakeholderFilter,
        request,
        rows.with_names().with_last_contact(),
        name="stakeholders",
        show=[name for name in SHOWN_FILTERS if name != "support" or frame["sees_stance"]],
        search_in={"owner": reverse_lazy("users:user_options")},
    )
    found = filterset.qs if request.GET.get("ordering") else filterset.qs.in_order()
    page = page_of(request, with_parts(found))
    add_planned(page.object_list, request.user)
    context = frame | {"filter": filterset, "page_obj": page, "today": company_today()}
    return render(request, "stakeholders/stakeholder_list.html", context)


def with_parts(rows: QuerySet) -> QuerySet:
    """Who of us, their products, and what is still to be done with them; a statement each."""
    colleagues = ParticipantStakeholder.objects.unscoped(REASON).select_related("participant__user")
    products = StakeholderProduct.objects.unscoped(REASON).select_related("product")
    actions = StakeholderAction.objects.unscoped(REASON).filter(task__status__in=OPEN)
    return rows.prefetch_related(
        Prefetch("participant_links", colleagues),
        Prefetch("products", products),
        Prefetch("actions", actions.select_related("task"), to_attr="open_actions"),
    )


def add_planned(rows: Sequence[Any], user: User) -> None:
    """`planned` of each: their next activity that the reader sees; one statement."""
    contacts = {row.contact_id for row in rows if row.contact_id}
    organisations = {row.organisation_id for row in rows if row.organisation_id}
    found: dict[Any, Planned] = {}
    today = company_today()
    planned = Activity.objects.visible_to(user).filter(status=ActivityStatus.PLANNED)
    planned = planned.filter(Q(contacts__in=contacts) | Q(account__in=organisations)).order_by("planned_for")
    for contact, account, subject, day in planned.values_list(
        "contacts", "account", "subject", "planned_for"
    ):
        for key in (contact, account):
            found.setdefault(key, Planned(subject, day, day < today))
    for row in rows:
        row.planned = found.get(row.contact_id or row.organisation_id)


@object_required(Plan, "stakeholders.add_accountplanstakeholder", queryset=with_head)
def contact_options(request: HttpRequest, plan: Plan) -> HttpResponse:
    """People who may be stakeholders of the plan, for a search field."""
    contacts = Contact.objects.visible_to(request.user).filter(account__in=accounts_around(plan).values("pk"))
    found = contacts.filter(name__icontains=typed(request)).select_related("account")
    return options_response(found, note=lambda contact: f"{contact.job_title} {contact.account}".strip())


# --- Of an account ------------------------------------------------------------------------------
@object_required(Account, "crm.view_account", queryset=lambda rows: rows.select_related("territory", "owner"))
def account_stakeholders(request: HttpRequest, account: Account) -> HttpResponse:
    """On which plans the people of an account are stakeholders: of the plans that the reader sees."""
    rows = AccountPlanStakeholder.objects.visible_to(request.user).in_shown_sections()
    rows = rows.filter(Q(contact__account=account) | Q(organisation=account)).with_names()
    page = page_of(request, rows.order_by("contact__name", "-plan__start_date", "id"))
    context = {
        "account": account,
        "account_tab": "stakeholders",
        "page_obj": page,
        "nav_section": "accounts",
    }
    return render(request, "stakeholders/account_stakeholders.html", context)
