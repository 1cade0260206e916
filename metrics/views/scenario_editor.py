"""The editor of a scenario: open deals otherwise, deals that do not exist yet, and what comes of it.

Every row is a form of its own that is kept when a field of it changes. With HTMX only the words beside
it and the results are swapped, so that nothing is lost that somebody is typing; without, the page is
shown again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from http import HTTPStatus
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from crm.models import Opportunity
from kam.core.changes import StaleObjectError
from kam.core.clock import company_today
from kam.core.forms import saved
from kam.core.pages import typed
from kam.core.policy import object_required
from kam.users.models import User
from metrics.models import BuildingBlock, Scenario, ScenarioChange
from metrics.records import possible_records
from metrics.scenario_forms import BlockForm, DealForm, category_choices
from metrics.scenario_operations import (
    clear_changes,
    forget_change,
    keep_block,
    keep_change,
    remove_block,
)
from metrics.scenario_words import Line
from metrics.scenarios import Basis, Effect, basis_of, content_of, open_reader, result_of
from metrics.views.scenarios import Entry, chance_picture, entries_of, entry_of, span_of, with_plan
from metrics.what_if import rounded, stakes_of
from plans.operations import log_confidential_look

A_PAGE = 25
SHOWS = {
    "plan": gettext_lazy("In the plan's period"),
    "outside": gettext_lazy("Outside the period"),
    "changed": gettext_lazy("Changed here"),
}
ORDERINGS = {
    "amount": gettext_lazy("Largest first"),
    "date": gettext_lazy("Next to close first"),
    "name": gettext_lazy("By name"),
}


def with_scenario(blocks: QuerySet) -> QuerySet:
    return blocks.select_related(
        "scenario__plan__account", "scenario__plan__territory", "scenario__plan__owner", "scenario__owner"
    )


def with_account(deals: QuerySet) -> QuerySet:
    return deals.select_related("stage", "account")


# --- What is shown ------------------------------------------------------------------------------
@dataclass
class DealRow:
    """An open deal: what it brings to the plan, in truth and in the scenario."""

    deal: Opportunity
    form: DealForm
    now: Decimal
    effect: Effect | None = None
    line: Line | None = None

    @property
    def key(self) -> str:
        return self.deal.pk.hex

    @property
    def then(self) -> Decimal:
        return self.now if self.effect is None else self.effect.after


@dataclass
class BlockRow:
    block: BuildingBlock
    form: BlockForm
    counts: bool = True

    @property
    def key(self) -> str:
        return self.form.key


@dataclass(frozen=True)
class Asked:
    """Which deals the reader wants to see."""

    search: str
    show: str
    ordering: str

    @classmethod
    def of(cls, request: HttpRequest) -> Asked:
        show, ordering = request.GET.get("show", ""), request.GET.get("ordering", "")
        return cls(
            typed(request, "search"),
            show if show in SHOWS else "plan",
            ordering if ordering in ORDERINGS else "amount",
        )

    @property
    def is_plain(self) -> bool:
        return not self.search and self.show == "plan"


class Named(NamedTuple):
    """What deals are found and ordered by: there may be very many."""

    key: UUID
    name: str
    account: str
    close_date: date

    COLUMNS = ("pk", "name", "account__name", "close_date")


@dataclass(frozen=True)
class DealList:
    rows: Page
    hidden: int


def deals_of(
    basis: Basis, entry: Entry, asked: Asked, user: User, number: Any, sent: DealForm | None = None
) -> DealList:
    """A page of the open deals that were asked for; the one whose form was sent stands first."""
    amounts = amounts_of(basis, entry, asked)
    visible = Opportunity.objects.visible_to(user).open().filter(pk__in=list(amounts))
    named = [Named._make(row) for row in visible.order_by().values_list(*Named.COLUMNS)]
    hidden = len(amounts) - len(named)
    text = asked.search.casefold()
    found = [deal for deal in named if text in f"{deal.name} {deal.account}".casefold()]
    orders: dict[str, Callable[[Named], Any]] = {
        "amount": lambda deal: (-amounts[deal.key], deal.name),
        "date": lambda deal: (deal.close_date, deal.name),
        "name": lambda deal: (deal.name.casefold(), deal.close_date),
    }
    page = Paginator(sorted(found, key=orders[asked.ordering]), A_PAGE).get_page(number)
    shown = with_account(Opportunity.objects.visible_to(user)).in_bulk(
        [deal.key for deal in page.object_list]
    )
    listed = [shown[deal.key] for deal in page.object_list if deal.key in shown]
    if sent is not None and sent.deal not in listed:
        listed.insert(0, sent.deal)
    page.object_list = [row_of(deal, basis, entry, amounts.get(deal.pk), sent) for deal in listed]
    return DealList(page, hidden)


def amounts_of(basis: Basis, entry: Entry, asked: Asked) -> dict[UUID, Decimal]:
    """The deals that were asked for, by what they bring, or would bring on their own day."""
    currency = basis.plan.currency
    stakes = basis.sums.stakes
    changed = {effect.change.opportunity_id for effect in entry.result.effects if effect.still_applies}
    if asked.show == "outside":
        records = possible_records(open_reader(basis.plan))
        possible = stakes_of(
            (record.opportunity_id, record.contribution or Decimal(0), record.probability or Decimal(0))
            for record in records
            if record.opportunity_id is not None and record.opportunity_id not in stakes
        )
        return {key: rounded(stake.amount, currency) for key, stake in possible.items()}
    keys = changed if asked.show == "changed" else stakes.keys()
    return {key: basis.now.brings(key) for key in keys if key is not None}


def row_of(
    deal: Opportunity, basis: Basis, entry: Entry, now: Decimal | None, sent: DealForm | None = None
) -> DealRow:
    effects = {effect.change.opportunity_id: effect for effect in entry.result.effects}
    effect = effects.get(deal.pk)
    line = next((line for line in entry.told.lines if line.effect is effect), None) if effect else None
    form = DealForm(None, deal=deal, change=effect.change if effect else None)
    if sent is not None and sent.deal == deal:
        form = sent
    in_plan = basis.now.brings(deal.pk)
    return DealRow(deal, form, in_plan or now or Decimal(0), effect, line)


def block_rows(scenario: Scenario, user: User, sent: BlockForm | None = None) -> list[BlockRow]:
    """The blocks, and last an empty one to add."""
    categories = category_choices()
    blocks = [*BuildingBlock.objects.visible_to(user).filter(scenario=scenario), new_block(scenario)]
    rows = []
    for block in blocks:
        block.scenario = scenario
        form = BlockForm(None, instance=block, user=user, categories=categories)
        if sent is not None and sent.key == form.key:
            form = sent
        in_period = scenario.plan.start_date <= block.date <= scenario.plan.end_date
        rows.append(BlockRow(block, form, in_period))
    return rows


def new_block(scenario: Scenario) -> BuildingBlock:
    return BuildingBlock(scenario=scenario, date=scenario.plan.end_date)


def results_context(basis: Basis, entry: Entry) -> dict[str, Any]:
    """What stands beside the deals: numbers, chance and words."""
    now, then = basis.now.forecast, entry.result.forecast
    span = span_of([now, then])
    return {
        "plan": basis.plan,
        "scenario": entry.scenario,
        "basis": basis,
        "entry": entry,
        "now": basis.now,
        "then": entry.result,
        "difference": entry.difference,
        "chart_then": chance_picture(then, span, chart_id="chance-then"),
        "chart_now": chance_picture(now, span, chart_id="chance-now", is_small=True),
        "may_change": entry.may_change,
    }


def show_editor(
    request: HttpRequest,
    scenario: Scenario,
    *,
    deal_form: DealForm | None = None,
    block_form: BlockForm | None = None,
    status: int = 200,
) -> HttpResponse:
    basis, (entry,) = entries_of(scenario.plan, [scenario], request.user)
    asked = Asked.of(request)
    context = {
        **results_context(basis, entry),
        "plan_tab": "what_if",
        "asked": asked,
        "shows": SHOWS.items(),
        "orderings": ORDERINGS.items(),
        "query": request.GET.urlencode(),
        "nav_section": "plans",
    }
    if entry.may_change:
        found = deals_of(basis, entry, asked, request.user, request.GET.get("page"), deal_form)
        context |= {
            "deals": found,
            "page_obj": found.rows,
            "blocks": block_rows(scenario, request.user, block_form),
        }
    return render(request, "metrics/scenario.html", context, status=status)


@object_required(Scenario, "metrics.view_scenario", queryset=with_plan)
def scenario_editor(request: HttpRequest, scenario: Scenario) -> HttpResponse:
    log_confidential_look(plan=scenario.plan, user=request.user)
    return show_editor(request, scenario)


def back_to(request: HttpRequest, scenario: Scenario, anchor: str) -> HttpResponse:
    """The page that the form stood on, at the same place."""
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    return redirect(f"{scenario.get_absolute_url()}{query}#{anchor}")


def swapped(
    request: HttpRequest,
    scenario: Scenario,
    part: str,
    status: int = 200,
    *,
    found: tuple[Basis, Entry] | None = None,
    **context: Any,
) -> HttpResponse:
    """The part that a form of HTMX swaps, and the results beside it (`found`, where they are at hand)."""
    if found is None:
        basis, (entry,) = entries_of(scenario.plan, [scenario], request.user)
    else:
        basis, entry = found
    context |= {**results_context(basis, entry), "part": part, "query": request.GET.urlencode()}
    if "deal" in context:
        context["row"] = row_of(context["deal"], basis, entry, None, context.get("deal_form"))
    return render(request, "metrics/scenario/_answer.html", context, status=status)


# --- One deal -----------------------------------------------------------------------------------
@require_POST
@object_required(Scenario, "metrics.change_scenario", queryset=with_plan)
def scenario_deal(request: HttpRequest, scenario: Scenario, deal_id: UUID) -> HttpResponse:
    """Let a deal be otherwise, or (with `reset`) as it is."""
    basis = basis_of(
        scenario.plan, scenarios=[scenario.pk], user=request.user, today=company_today(), deal_id=deal_id
    )
    deal = basis.deals.get(deal_id)
    if deal is None or deal_id not in basis.openable:
        raise Http404
    if "reset" in request.POST:
        forget_change(scenario=scenario, deal_id=deal.pk)
        if request.htmx:
            found = with_content(basis, scenario, request.user)
            return swapped(request, scenario, "deal", found=found, deal=deal)
        return back_to(request, scenario, f"deal-{deal.pk.hex}")
    form = DealForm(request.POST, deal=deal, change=None)
    status, changes = kept(form, scenario, basis)
    if not request.htmx:
        if status == HTTPStatus.OK:
            return back_to(request, scenario, f"deal-{deal.pk.hex}")
        return show_editor(request, scenario, deal_form=form, status=status)
    found = with_content(basis, scenario, request.user, changes)
    refused = {} if status == HTTPStatus.OK else {"deal_form": form}
    return swapped(request, scenario, "state", status, found=found, deal=deal, **refused)


def kept(form: DealForm, scenario: Scenario, basis: Basis) -> tuple[int, list[ScenarioChange] | None]:
    """Keep what was sent; the status of the answer (with the errors in the form), and the scenario's changes."""
    if not form.is_valid():
        return HTTPStatus.UNPROCESSABLE_ENTITY, None
    deal, values = form.deal, dict(form.cleaned_data)
    if deal.pk not in basis.pieces:
        form.add_error(None, _("This is no open deal of the plan (any more)."))
        return HTTPStatus.UNPROCESSABLE_ENTITY, None
    try:
        changes = keep_change(scenario=scenario, deal=deal, values=values, version=values.pop("version"))
    except ValidationError as error:
        form.take(error)
        return HTTPStatus.UNPROCESSABLE_ENTITY, None
    except StaleObjectError as error:
        form.go_on_from(error.instance)
        return HTTPStatus.CONFLICT, None
    return HTTPStatus.OK, changes


def with_content(
    basis: Basis, scenario: Scenario, user: User, changes: list[ScenarioChange] | None = None
) -> tuple[Basis, Entry]:
    """What comes of the scenario as it stands now, on a basis that was read before it was changed."""
    content = content_of(scenario, changes)
    if {row.opportunity_id for row in content.changes} - {None} - basis.deals.keys():  # another window's
        basis = basis_of(scenario.plan, scenarios=[scenario.pk], user=user, today=basis.today)
    return basis, entry_of(scenario, result_of(basis, content), user)


@require_POST
@object_required(Scenario, "metrics.change_scenario", queryset=with_plan)
def scenario_tidy(request: HttpRequest, scenario: Scenario) -> HttpResponse:
    """Remove the changes that have nothing to change any more, of those that the reader sees."""
    _basis, (entry,) = entries_of(scenario.plan, [scenario], request.user)
    clear_changes(scenario=scenario, ids=[effect.change.pk for effect in entry.told.over])
    messages.success(request, _("Changes that no longer applied are removed."))
    return back_to(request, scenario, "told")


# --- Deals that do not exist yet ----------------------------------------------------------------
@require_POST
@object_required(Scenario, "metrics.change_scenario", queryset=with_plan)
def block_create(request: HttpRequest, scenario: Scenario) -> HttpResponse:
    return keep(request, BuildingBlock(scenario=scenario))


@require_POST
@object_required(BuildingBlock, "metrics.change_buildingblock", queryset=with_scenario)
def block_update(request: HttpRequest, block: BuildingBlock) -> HttpResponse:
    """Change a block, or (with `remove`) take it away."""
    if "remove" not in request.POST:
        return keep(request, block)
    scenario = block.scenario
    remove_block(block)
    if request.htmx:
        return swapped(request, scenario, "blocks", blocks=block_rows(scenario, request.user))
    return back_to(request, scenario, "blocks")


def keep(request: HttpRequest, block: BuildingBlock) -> HttpResponse:
    scenario, is_new = block.scenario, block._state.adding
    form = BlockForm(request.POST, instance=block, user=request.user, categories=category_choices())
    if saved(form, lambda: keep_block(form.instance)):
        if not request.htmx:
            return back_to(request, scenario, "blocks")
        if is_new:
            return swapped(request, scenario, "blocks", blocks=block_rows(scenario, request.user))
        return swapped(request, scenario, "block", block=only(block_rows(scenario, request.user), block))
    status = 409 if form.conflict else 422
    if not request.htmx:
        return show_editor(request, scenario, block_form=form, status=status)
    rows = block_rows(scenario, request.user, form)
    if is_new:
        return swapped(request, scenario, "blocks", status, blocks=rows)
    return swapped(request, scenario, "block", status, block=BlockRow(block, form))


def only(rows: Sequence[BlockRow], block: BuildingBlock) -> BlockRow:
    return next(row for row in rows if row.block.pk == block.pk)
