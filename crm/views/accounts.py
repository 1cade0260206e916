"""Accounts: the list, one account, and what its owner keeps up to date."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _

from crm.enums import ActivityStatus
from crm.filters import AccountFilter
from crm.forms import AccountForm, AccountOverviewForm
from crm.models import Account, Activity, Contact, Opportunity
from kam.core.clock import company_today
from kam.core.forms import options_response, saved
from kam.core.lists import list_filter, page_of
from kam.core.pages import posted, render_form, typed
from kam.core.panels import render_panel
from kam.core.policy import object_required, signed_in, with_rights
from kam.users.models import User

SHOWN_OPPORTUNITIES = 8
SHOWN_DONE = 8
SHOWN_PLANNED = 20
TREE_LIMIT = 100
# What a row of the list shows; a list of whole rows takes half as long again.
COLUMNS = (
    "name",
    "parent_id",
    "call_frequency",
    "created_at",
    "territory__name",
    "owner__first_name",
    "owner__last_name",
    "owner__username",
    "industry__name",
    "current_segment__name",
    "target_segment__name",
)


@signed_in
def account_list(request: HttpRequest) -> HttpResponse:
    accounts = (
        Account.objects.visible_to(request.user)
        .with_last_activity()
        .select_related("territory", "owner", "industry", "current_segment", "target_segment")
        .only(*COLUMNS)
    )
    filterset = list_filter(
        AccountFilter,
        request,
        accounts,
        name="accounts",
        show=("territory", "owner", "current_segment", "industry"),
        search_in={"owner": reverse_lazy("users:user_options")},
    )
    page = page_of(request, filterset.qs)
    context = {
        "filter": filterset,
        "page_obj": page,
        "groups": visible_parents(page, request.user),
        "today": company_today(),
        "nav_section": "accounts",
    }
    return render(request, "crm/account_list.html", context)


def visible_parents(accounts: Iterable[Account], user: User) -> set[Any]:
    """The ids of their parents that the user may see: a hidden one is not even mentioned."""
    parents = {account.parent_id for account in accounts}
    return set(Account.objects.visible_to(user).filter(pk__in=parents).values_list("pk", flat=True))


def with_facts(accounts: QuerySet) -> QuerySet:
    return accounts.with_last_activity().select_related(
        "parent", "territory", "owner", "industry", "account_type", "current_segment", "target_segment"
    )


@object_required(Account, "crm.view_account", queryset=with_facts)
def account_detail(request: HttpRequest, account: Account) -> HttpResponse:
    user = request.user
    may_sell = user.has_perm("crm.view_commercial")
    context = {
        "account": account,
        "account_tab": "overview",
        "ancestors": ancestors_of(account, user),
        "tree": tree_below(account, user),
        "may_sell": may_sell,
        "opportunities": open_opportunities(account, user) if may_sell else [],
        "shown_opportunities": SHOWN_OPPORTUNITIES,
        "contacts": Contact.objects.visible_to(user).filter(account=account).select_related("reports_to"),
        "plans_panel": render_panel(request, "metrics:account_plans", account),
        "insights_panel": render_panel(request, "plans:account_insights", account),
        "may_change": user.has_perm("crm.change_account", account),
        "may_add_contact": user.has_perm("crm.add_contact"),
        "may_add_activity": user.has_perm("crm.add_activity"),
        "may_add_opportunity": user.has_perm("crm.add_opportunity"),
        "today": company_today(),
        "nav_section": "accounts",
        **timeline_of(account, user),
    }
    return render(request, "crm/account_detail.html", context)


@dataclass
class Branch:
    """An account in the tree of one page."""

    account: Account
    level: int
    children: list[Branch] = field(default_factory=list)


def ancestors_of(account: Account, user: User) -> list[Account]:
    """The groups above, from the top, as far as the user may see them."""
    if account.parent_id is None:
        return []
    above = Account.objects.visible_to(user).filter(edges_down__descendant=account, edges_down__depth__gt=0)
    return list(above.order_by("-edges_down__depth"))


def tree_below(account: Account, user: User) -> list[Branch]:
    """What lies below, parents before their children. A child of a hidden account moves up to the next visible."""
    below = Account.objects.visible_to(user).filter(edges_up__ancestor=account, edges_up__depth__gt=0)
    rows = list(
        below.annotate(depth=F("edges_up__depth"))
        .select_related("owner")
        .order_by("depth", "name")[:TREE_LIMIT]
    )
    branches = {row.pk: Branch(row, 0) for row in rows}
    roots = []
    for row in rows:
        above = branches.get(row.parent_id)
        (above.children if above else roots).append(branches[row.pk])

    def flat(of: list[Branch], level: int) -> list[Branch]:
        listed = []
        for branch in of:
            branch.level = level
            listed += [branch, *flat(branch.children, level + 1)]
        return listed

    return flat(roots, 0)


def open_opportunities(account: Account, user: User) -> list[Opportunity]:
    """The next ones to close, one more than is shown: the page then says that there are more."""
    rows = Opportunity.objects.visible_to(user).filter(account=account).open()
    return list(rows.select_related("stage", "owner").order_by("close_date", "pk")[: SHOWN_OPPORTUNITIES + 1])


def timeline_of(account: Account, user: User) -> dict[str, Any]:
    """What is planned, and what was done last."""
    activities = Activity.objects.visible_to(user).filter(account=account).select_related("type", "owner")
    planned = activities.filter(status=ActivityStatus.PLANNED).order_by("planned_for", "pk")[:SHOWN_PLANNED]
    done = activities.done().order_by("-done_on", "-created_at")[: SHOWN_DONE + 1]
    return {
        "planned": with_rights(planned, user, "crm.change_activity"),
        "done": with_rights(done, user, "crm.change_activity"),
        "shown_done": SHOWN_DONE,
    }


@object_required(Account, "crm.change_account")
def account_update(request: HttpRequest, account: Account) -> HttpResponse:
    form = AccountForm(posted(request), instance=account, user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(account)s” is saved.") % {"account": account})
        return redirect(account)
    context = {"form": form, "account": account, "nav_section": "accounts"}
    return render_form(request, "crm/account_form.html", context)


@object_required(Account, "crm.change_account")
def account_overview(request: HttpRequest, account: Account) -> HttpResponse:
    """The business overview, edited in place."""
    form = AccountOverviewForm(posted(request), instance=account, user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("The business overview is saved."))
        return redirect(account)
    context = {"form": form, "account": account, "nav_section": "accounts"}
    return render_form(request, "crm/account_form.html", context)


@signed_in
def account_options(request: HttpRequest) -> HttpResponse:
    """Accounts whose name matches, for search fields."""
    accounts = Account.objects.visible_to(request.user).filter(name__icontains=typed(request))
    return options_response(
        accounts.select_related("territory"), note=lambda row: row.territory.name if row.territory else ""
    )
