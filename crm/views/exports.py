"""Opportunities as a file."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _

from crm.filters import OpportunityFilter
from crm.models import Opportunity
from crm.views.opportunities import SHOWN_FILTERS
from kam.core.export import Column, export_response, money, person
from kam.core.lists import list_filter
from kam.core.policy import permission_required

FIELDS = (
    "name",
    "account__name",
    "account__territory__name",
    "stage__name",
    "stage__is_closed",
    "stage__is_won",
    "amount",
    "probability",
    "currency",
    "close_date",
    "owner__first_name",
    "owner__last_name",
    "owner__username",
    "next_step",
    "source",
    "external_id",
    "id",
)


def opportunity_columns() -> list[Column]:
    return [
        Column(_("Opportunity"), lambda row: row.name, 36),
        Column(_("Account"), lambda row: row.account__name, 30),
        Column(_("Territory"), lambda row: row.account__territory__name, 24),
        Column(_("Stage"), lambda row: row.stage__name),
        Column(_("Closed"), lambda row: row.stage__is_closed, 9),
        Column(_("Won"), lambda row: row.stage__is_won, 9),
        Column(_("Amount"), lambda row: money(row.amount, row.currency)),
        Column(_("Currency"), lambda row: row.currency, 9),
        Column(_("Probability in %"), lambda row: row.probability, 12),
        Column(_("Weighted amount"), lambda row: money(row.amount * row.probability / 100, row.currency)),
        Column(_("Close date"), lambda row: row.close_date, 12),
        Column(_("Owner"), lambda row: person(row, "owner"), 22),
        Column(_("Next step"), lambda row: row.next_step, 40),
        Column(_("Source"), lambda row: row.source, 10),
        Column(_("External id"), lambda row: row.external_id),
        Column(_("Id"), lambda row: row.id, 38),
    ]


@permission_required("crm.view_commercial")
def opportunity_export(request: HttpRequest) -> HttpResponse:
    """What the filters of the list find."""
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
    return export_response(
        request,
        name="opportunities",
        columns=opportunity_columns(),
        rows=filterset.qs.values_list(*FIELDS, named=True),
        list_url=reverse("crm:opportunity_list"),
    )
