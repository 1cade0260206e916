"""One search over what the reader may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.models import Account, Contact, Opportunity
from kam.core.pages import typed
from kam.core.policy import signed_in
from plans.models import AccountPlan, MedicalInsight, TerritoryBusinessPlan

SHOWN = 8
COUNTED = 100  # beyond that, the number of matches helps nobody


@dataclass(frozen=True)
class Group:
    """The matches of one kind: the first ones, how many there are, and where the rest is."""

    kind: str
    label: str
    icon: str
    rows: Sequence[Any]
    count: int
    more_url: str

    @property
    def is_capped(self) -> bool:
        return self.count >= COUNTED


@signed_in
def search(request: HttpRequest) -> HttpResponse:
    text = typed(request)
    groups = groups_for(request, text) if len(text) >= 2 else []
    context = {
        "search_query": text,
        "groups": [group for group in groups if group.rows],
        "is_too_short": len(text) == 1,
    }
    return render(request, "plans/search.html", context)


def groups_for(request: HttpRequest, text: str) -> list[Group]:
    user = request.user
    plans = AccountPlan.objects.visible_to(user).select_related("account", "owner")
    territory_plans = TerritoryBusinessPlan.objects.visible_to(user).select_related("territory", "owner")
    accounts = Account.objects.visible_to(user).select_related("territory", "owner")
    contacts = Contact.objects.visible_to(user).select_related("account")
    groups = [
        group(
            "plans",
            _("Plans"),
            "target",
            matching(plans, text, "account__name"),
            "plans:accountplan_list",
            text,
        ),
        group(
            "plans",
            _("Territory plans"),
            "world",
            matching(territory_plans, text, "territory__name"),
            "plans:territoryplan_list",
            text,
        ),
        group("accounts", _("Accounts"), "building", matching(accounts, text), "crm:account_list", text),
        group(
            "contacts", _("Contacts"), "users", matching(contacts, text, "email", "account__name"), "", text
        ),
    ]
    if user.has_perm("crm.view_commercial"):
        deals = Opportunity.objects.visible_to(user).select_related("account", "stage")
        found = matching(deals, text, "account__name")
        groups.insert(
            3, group("opportunities", _("Opportunities"), "coins", found, "crm:opportunity_list", text)
        )
    insights = MedicalInsight.objects.visible_to(user).select_related("topic", "account")
    found = matching(insights, text, "account__name", name="text")
    groups.append(
        group("insights", _("Medical insights"), "message", found, "plans:medicalinsight_list", text)
    )
    return groups


def matching(rows: QuerySet, text: str, *also: str, name: str = "name") -> QuerySet:
    """Every word occurs in the name or in one of the other fields."""
    for word in text.split()[:8]:
        condition = Q()
        for field in (name, *also):
            condition |= Q(**{f"{field}__icontains": word})
        rows = rows.filter(condition)
    return rows


def group(kind: str, label: str, icon: str, rows: QuerySet, list_name: str, text: str) -> Group:
    found = list(rows[:COUNTED])
    more = f"{reverse(list_name)}?{urlencode({'search': text})}" if list_name and len(found) > SHOWN else ""
    return Group(kind, label, icon, found[:SHOWN], len(found), more)
