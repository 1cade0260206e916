"""Pages and endpoints of the same kind as plain Django and plain DRF write them.

A page is one query of the rows (the plan's: one for each kind of row) and a plain table of as many
rows and the same columns: no gate, filters, totals, paging, layout. Middleware, session and login are
the application's. The pages of "own" opportunities also do what any page for one of many users has
to: they keep to the rows that the reader may see, and count them.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, Q, Subquery, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template import Context, Template
from rest_framework import pagination, parsers, permissions, renderers, serializers, viewsets

from benchmarks.models import (
    BareAccount,
    BareActivity,
    BareLine,
    BareObjective,
    BareOpportunity,
    BareParticipant,
    BarePlan,
)
from crm.models import TerritoryEdge
from kam.users.authentication import ApiTokenAuthentication

PAGE = 25
LAYOUT = "<!doctype html><html lang=en><title>{title}</title><h1>{title}</h1>{body}</html>"
BODY = "{{% for row in rows %}}<tr>{cells}</tr>{{% endfor %}}"
TABLE = f"<table><thead><tr>{{head}}</tr></thead><tbody>{BODY}</tbody></table>"
OPPORTUNITIES = (
    "name",
    "account",
    "stage",
    "amount",
    "currency",
    "probability",
    "close_date",
    "owner",
    "next_step",
)
ACCOUNTS = (
    "name",
    "parent_id",
    "current_segment",
    "target_segment",
    "territory",
    "owner",
    "industry",
    "last_contact",
)
PLANS = (
    "name", "owner", "account", "status", "start_date", "end_date", "kpi.won_revenue",
    "kpi.total_expected_revenue", "kpi.forecast_target_variance", "sales_target", "currency",
)  # fmt: skip
PORTFOLIO = (
    "name", "account", "start_date", "end_date", "status", "kpi.won_revenue", "kpi.pipeline", "kpi.weighted_pipeline",
    "kpi.total_expected_revenue",
)  # fmt: skip
NUMBERS = ("won_revenue", "pipeline", "weighted_pipeline", "total_expected_revenue", "forecast_target_variance",
           "won_count", "open_count")  # fmt: skip
TEXTS = ("vision", "goals", "customer_goals", "business_overview", "short_term_plan", "support_required", "risks",
         "competitors")  # fmt: skip


def table(columns: tuple[str, ...], rows: str = "rows") -> str:
    head = "".join(f"<th>{name}</th>" for name in columns)
    cells = "".join(f"<td>{{{{ row.{name} }}}}</td>" for name in columns)
    return TABLE.format(head=head, cells=cells).replace("in rows", f"in {rows}")


@cache
def list_template(title: str, columns: tuple[str, ...]) -> Template:
    return Template(LAYOUT.format(title=title, body=table(columns)))


@cache
def plan_template() -> Template:
    numbers = "".join(f"<dt>{name}</dt><dd>{{{{ plan.kpi.{name} }}}}</dd>" for name in NUMBERS)
    texts = "".join(f"<h2>{name}</h2>{{{{ plan.{name}|linebreaks }}}}" for name in TEXTS)
    parts = (
        table(("name", "owner", "status", "target_date", "current", "target", "approach"), "objectives"),
        table(("user", "role", "access"), "participants"),
        table(("type", "subject", "planned_for", "owner"), "activities"),
    )
    body = f"<p>{{{{ plan.account }}}} {{{{ plan.owner }}}}</p><dl>{numbers}</dl>{''.join(parts)}{texts}"
    return Template(LAYOUT.format(title="{{ plan }}", body=body))


def listing(title: str, columns: tuple[str, ...], rows: Any) -> HttpResponse:
    return HttpResponse(list_template(title, columns).render(Context({"rows": rows[:PAGE]})))


def open_opportunities() -> Any:
    rows = BareOpportunity.objects.select_related("account", "stage", "owner")
    return rows.filter(stage__is_closed=False).order_by("close_date", "id")


@login_required
def opportunities(request: HttpRequest) -> HttpResponse:
    return listing("Opportunities", OPPORTUNITIES, open_opportunities())


@login_required
def own_opportunities(request: HttpRequest) -> HttpResponse:
    user, territories = request.user.pk, TerritoryEdge.ids_of(request.user)
    rows = open_opportunities().filter(
        Q(owner=user) | Q(account__owner=user) | Q(account__territory__in=territories)
    )
    page = Paginator(rows, PAGE).page(1)
    return listing(f"{page.paginator.count} opportunities", OPPORTUNITIES, page.object_list)


@login_required
def accounts(request: HttpRequest) -> HttpResponse:
    done = BareActivity.objects.filter(
        account=OuterRef("pk"), status="done", type__counts_for_cadence=True
    ).order_by("-done_on")
    rows = BareAccount.objects.annotate(last_contact=Subquery(done.values("done_on")[:1]))
    rows = rows.select_related("territory", "owner", "industry", "current_segment", "target_segment")
    return listing("Accounts", ACCOUNTS, rows.order_by("name", "id"))


@login_required
def plans(request: HttpRequest) -> HttpResponse:
    rows = BarePlan.objects.select_related("account", "owner", "kpi").order_by("-start_date", "name", "id")
    return listing("Plans", PLANS, rows)


@login_required
def portfolio(request: HttpRequest) -> HttpResponse:
    rows = BarePlan.objects.select_related("account", "kpi").order_by("-start_date", "name", "id")
    return listing("Portfolio", PORTFOLIO, rows)


@login_required
def portfolio_sums(request: HttpRequest) -> HttpResponse:
    """All records added up, by currency: what several plans cover is not told from what none does."""
    rows = BareOpportunity.objects.filter(Q(stage__is_won=True) | Q(stage__is_closed=False)).order_by()
    sums = rows.values("currency", "stage__is_won").annotate(records=Count("pk"), total=Sum("amount"))
    return listing("Sums", ("currency", "stage__is_won", "records", "total"), sums)


@login_required
def plan(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = get_object_or_404(BarePlan.objects.select_related("account", "owner", "kpi"), pk=pk)
    context = {
        "plan": found,
        "objectives": BareObjective.objects.select_related("owner").filter(plan=found).order_by("created_at"),
        "participants": BareParticipant.objects.select_related("user").filter(plan=found),
        "activities": BareActivity.objects.select_related("type", "owner").filter(
            account=found.account_id, status="planned"
        )[:6],
    }
    return HttpResponse(plan_template().render(Context(context)))


# --- REST -----------------------------------------------------------------------------------
class LineSerializer(serializers.ModelSerializer):
    class Meta:
        model = BareLine
        fields = ("id", "quantity", "amount")


class OpportunitySerializer(serializers.ModelSerializer):
    lines = LineSerializer(many=True, read_only=True)

    class Meta:
        model = BareOpportunity
        fields = (
            "id", "version", "created_at", "updated_at", "source", "external_id", "account", "name", "stage",
            "amount", "currency", "probability", "close_date", "owner", "contacts", "next_step", "lines",
        )  # fmt: skip
        read_only_fields = ("contacts",)


class Pages(pagination.PageNumberPagination):
    page_size = 50


class OpportunityViewSet(viewsets.ModelViewSet):
    """DRF as it comes, behind the same login."""

    queryset = BareOpportunity.objects.prefetch_related("contacts", "lines").order_by("close_date", "id")
    serializer_class = OpportunitySerializer
    pagination_class = Pages
    authentication_classes = [ApiTokenAuthentication]
    permission_classes = [permissions.IsAuthenticated]
    parser_classes = [parsers.JSONParser]
    renderer_classes = [renderers.JSONRenderer]
    throttle_classes: list[Any] = []
    filter_backends: list[Any] = []
