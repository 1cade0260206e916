"""Opportunities: the list with its totals, one opportunity, and its form."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.filters import OpportunityFilter
from crm.forms import OpportunityForm
from crm.models import Account, Contact, Opportunity, OpportunityLine, RevenueSchedule
from crm.models.sales import OpportunityQuerySet
from kam.core.clock import company_today
from kam.core.forms import saved
from kam.core.history import readable
from kam.core.lists import OrderedRows, list_filter, page_of, tabs_of
from kam.core.models import Change
from kam.core.pages import as_uuid, asks_for_part, posted, render_form, vary_by_part
from kam.core.panels import render_panel
from kam.core.policy import object_required, permission_required

SHOWN_CHANGES = 8
# What a row of the list shows; a list of whole rows takes half as long again.
COLUMNS = (
    "name",
    "next_step",
    "amount",
    "currency",
    "probability",
    "close_date",
    "account__name",
    "stage__name",
    "stage__is_closed",
    "stage__is_won",
    "owner__first_name",
    "owner__last_name",
    "owner__username",
)
TOTALS_LIMIT = 100_000
FEW = 100
SHOWN_FILTERS = ("stage", "owner", "account", "close_date", "amount")


@permission_required("crm.view_commercial")
def opportunity_list(request: HttpRequest) -> HttpResponse:
    """A long list says what it adds up to in an answer of its own, which the page asks for when it is there."""
    filterset = list_filter(
        OpportunityFilter,
        request,
        Opportunity.objects.visible_to(request.user),
        name="opportunities",
        show=SHOWN_FILTERS,
        hidden=("is_closed", "slipped", "is_won"),
        search_in={
            "account": reverse_lazy("crm:account_options"),
            "owner": reverse_lazy("users:user_options"),
        },
    )
    asks_for_totals = request.GET.get("totals") == "show"
    if asks_for_totals and asks_for_part(request, "totals"):
        return vary_by_part(render(request, "crm/_opportunity_totals.html", totals_of_many(filterset.qs)))
    found = FoundOpportunities(filterset)
    page = page_of(request, filterset.qs, rows=found.rows)
    if page.paginator.count is not None:
        totals: dict[str, Any] = {"totals": found.totals() if page.paginator.count else []}
    else:
        totals = totals_of_many(filterset.qs) if asks_for_totals else {"totals_follow": True}
    context = {
        "filter": filterset,
        "page_obj": page,
        **totals,
        "tabs": list_tabs(request),
        "may_add": request.user.has_perm("crm.add_opportunity"),
        "today": company_today(),
        "nav_section": "opportunities",
    }
    return vary_by_part(render(request, "crm/opportunity_list.html", context))


class FoundOpportunities(OrderedRows):
    """The opportunities that a filter finds."""

    def __init__(self, filterset: OpportunityFilter) -> None:
        super().__init__(filterset.qs, picked=lambda: shown(picked_opportunities()))
        self.filterset = filterset

    def walked(self, bottom: int, top: int) -> list[Opportunity]:
        visible = Opportunity.objects.read_in_order().visible_to(self.filterset.request.user)
        found = self.filterset.filter_queryset(visible)
        return self.picked_by(list(found.values_list("pk", flat=True)[bottom:top]))

    def totals(self) -> QuerySet:
        """Of few by their ids; hundreds of ids take longer to send than to find again."""
        ids = self.first_ids
        few = picked_opportunities().filter(pk__in=ids) if len(ids) <= FEW else self.filterset.qs
        return few.totals_by_currency()


def picked_opportunities() -> OpportunityQuerySet:
    return Opportunity.objects.unscoped("rows whose ids came through the gate")


def shown(opportunities: QuerySet) -> QuerySet:
    return opportunities.select_related("account", "stage", "owner").only(*COLUMNS)


def totals_of_many(opportunities: QuerySet) -> dict[str, Any]:
    """What a long list adds up to, by currency; of too many rows nothing."""
    if opportunities.order_by().values("pk")[: TOTALS_LIMIT + 1].count() > TOTALS_LIMIT:
        return {"totals": None, "totals_limit": TOTALS_LIMIT}
    return {"totals": opportunities.totals_by_currency()}


def list_tabs(request: HttpRequest) -> list[dict[str, Any]]:
    """Ways into the list; each sets filters that can be changed."""
    mine = {"is_closed": "false", "owner": str(request.user.pk)}
    tabs = [
        (_("Open"), {"is_closed": "false"}),
        (_("Mine"), mine),
        (_("Slipped"), {"slipped": "true"}),
        (_("Won"), {"is_won": "true"}),
        (_("All"), {}),
    ]
    return tabs_of(request, tabs, within=("is_closed", "slipped", "is_won", "owner"))


def with_facts(opportunities: QuerySet) -> QuerySet:
    return opportunities.select_related("account", "stage", "owner")


@object_required(Opportunity, "crm.view_opportunity", queryset=with_facts)
def opportunity_detail(request: HttpRequest, opportunity: Opportunity) -> HttpResponse:
    user = request.user
    lines = OpportunityLine.objects.visible_to(user).filter(opportunity=opportunity)
    schedules = RevenueSchedule.objects.unscoped("parts of an opportunity that was loaded through the gate")
    context = {
        "opportunity": opportunity,
        "contacts": Contact.objects.visible_to(user).filter(opportunities=opportunity),
        "lines": lines.select_related("product").prefetch_related(Prefetch("schedules", schedules)),
        "plans_panel": render_panel(request, "metrics:opportunity_plans", opportunity),
        "changes": changes_of(opportunity),
        "may_change": user.has_perm("crm.change_opportunity", opportunity),
        "may_delete": user.has_perm("crm.delete_opportunity", opportunity),
        "nav_section": "opportunities",
    }
    return render(request, "crm/opportunity_detail.html", context)


def changes_of(opportunity: Opportunity) -> list[Any]:
    """What happened to it lately, in words."""
    changes = Change.objects.unscoped("history of an opportunity that was loaded through the gate")
    names = {
        str(row.pk): str(row) for row in (opportunity.account, opportunity.stage, opportunity.owner) if row
    }
    return readable(
        changes.filter(object_id=opportunity.pk)[:SHOWN_CHANGES],
        page_of=opportunity.pk,
        names=names,
        currency=opportunity.currency,
    )


@permission_required("crm.add_opportunity")
def opportunity_create(request: HttpRequest) -> HttpResponse:
    form = OpportunityForm(
        posted(request), initial=suggested(request), instance=Opportunity(), user=request.user
    )
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(opportunity)s” is added.") % {"opportunity": form.instance})
        return redirect(form.instance)
    context = {"form": form, "nav_section": "opportunities"}
    return render_form(request, "crm/opportunity_form.html", context)


def suggested(request: HttpRequest) -> dict[str, Any]:
    """What a new opportunity starts with: the account the reader came from, and its currency."""
    start: dict[str, Any] = {"owner": request.user, "currency": settings.COMPANY_CURRENCY}
    if pk := request.GET.get("account"):
        account = get_object_or_404(Account.objects.visible_to(request.user), pk=as_uuid(pk))
        start |= {"account": account, "currency": account.currency or settings.COMPANY_CURRENCY}
    return start


@object_required(Opportunity, "crm.change_opportunity", queryset=with_facts)
def opportunity_update(request: HttpRequest, opportunity: Opportunity) -> HttpResponse:
    form = OpportunityForm(posted(request), instance=opportunity, user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(opportunity)s” is saved.") % {"opportunity": opportunity})
        return redirect(opportunity)
    context = {"form": form, "opportunity": opportunity, "nav_section": "opportunities"}
    return render_form(request, "crm/opportunity_form.html", context)


@object_required(Opportunity, "crm.delete_opportunity", queryset=with_facts)
def opportunity_delete(request: HttpRequest, opportunity: Opportunity) -> HttpResponse:
    if request.method == "POST":
        name = str(opportunity)
        opportunity.delete()
        messages.success(request, _("“%(opportunity)s” is deleted.") % {"opportunity": name})
        return redirect("crm:opportunity_list")
    lines = OpportunityLine.objects.visible_to(request.user).filter(opportunity=opportunity).count()
    context = {
        "opportunity": opportunity,
        "consequences": [
            {"count": lines, "label": ngettext("line with its schedule", "lines with their schedules", lines)}
        ]
        if lines
        else [],
        "nav_section": "opportunities",
    }
    return render(request, "crm/opportunity_confirm_delete.html", context)
