"""The scenarios of a plan: which there are, a new one, its name, a copy, comparing them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from kam.core.clock import company_today
from kam.core.forms import saved
from kam.core.lists import page_of
from kam.core.pages import as_uuid, posted, render_form
from kam.core.policy import object_required
from kam.users.models import User
from metrics.charts import distribution_chart
from metrics.forecast import Chances
from metrics.models import Scenario
from metrics.scenario_forms import ScenarioForm
from metrics.scenario_operations import duplicate
from metrics.scenario_words import Told, told
from metrics.scenarios import Basis, Result, results_of
from plans.models import Plan
from plans.operations import log_confidential_look

MOST_COMPARED = 4
SHOWN = 20


def with_head(plans: QuerySet) -> QuerySet:
    return plans.select_related("account", "territory", "plan_type", "owner")


def with_plan(scenarios: QuerySet) -> QuerySet:
    return scenarios.select_related(
        "plan__account", "plan__territory", "plan__plan_type", "plan__owner", "owner"
    )


@dataclass(frozen=True)
class Entry:
    """A scenario, what it would bring, and what it changes as far as the reader may know."""

    scenario: Scenario
    result: Result
    told: Told
    may_change: bool = False

    @property
    def expected_difference(self) -> Decimal | None:
        """Without the chance, which takes a simulation."""
        before, after = self.result.basis.now.numbers, self.result.numbers
        return less(after.total_expected_revenue, before.total_expected_revenue)

    @property
    def difference(self) -> dict[str, Decimal | None]:
        return difference(self.result, self.result.basis.now)


def difference(then: Result, now: Result) -> dict[str, Decimal | None]:
    """By KPI and chance (percentage points): the scenario less the plan as it is."""
    pairs = {name: (getattr(then.numbers, name), getattr(now.numbers, name)) for name in DIFFERING}
    for name in ("chance_of_target", "chance_of_stretch"):
        pairs[name] = (getattr(then.forecast, name), getattr(now.forecast, name))
    return {name: less(after, before) for name, (after, before) in pairs.items()}


def less(after: Any, before: Any) -> Decimal | None:
    if after is None or before is None:
        return None
    return Decimal(str(after)) - Decimal(str(before))


DIFFERING = (
    "won_revenue",
    "pipeline",
    "weighted_pipeline",
    "total_expected_revenue",
    "forecast_target_variance",
    "coverage_ratio",
)


def entries_of(plan: Plan, scenarios: Sequence[Scenario], user: User) -> tuple[Basis, list[Entry]]:
    """Of scenarios that were loaded through the gate."""
    basis, results = results_of(plan, scenarios, today=company_today(), user=user)
    return basis, [entry_of(*pair, user) for pair in zip(scenarios, results, strict=True)]


def entry_of(scenario: Scenario, result: Result, user: User) -> Entry:
    may_change = user.has_perm("metrics.change_scenario", scenario)
    return Entry(scenario, result, told(scenario, result, user=user), may_change)


# --- All of a plan ------------------------------------------------------------------------------
@object_required(Plan, "plans.view_numbers", queryset=with_head)
def scenario_list(request: HttpRequest, plan: Plan) -> HttpResponse:
    log_confidential_look(plan=plan, user=request.user)
    rows = Scenario.objects.visible_to(request.user).filter(plan=plan).select_related("owner", "plan")
    page = page_of(request, rows.order_by("-updated_at", "pk"), per_page=SHOWN)
    basis, entries = entries_of(plan, list(page), request.user)
    context = {
        "plan": plan,
        "plan_tab": "what_if",
        "basis": basis,
        "entries": entries,
        "page_obj": page,
        "most": MOST_COMPARED,
        "nav_section": "plans",
    }
    return render(request, "metrics/scenarios.html", context)


@object_required(Plan, "plans.view_numbers", queryset=with_head)
def scenario_compare(request: HttpRequest, plan: Plan) -> HttpResponse:
    """Those that `?scenario=` names (several times), at most four, beside the plan as it is."""
    log_confidential_look(plan=plan, user=request.user)
    ids = {pk: None for text in request.GET.getlist("scenario") if (pk := as_uuid(text)) is not None}
    rows = Scenario.objects.visible_to(request.user).filter(plan=plan).select_related("owner", "plan")
    by_id = {row.pk: row for row in rows.filter(pk__in=list(ids)[:100])}
    wanted = [by_id[pk] for pk in ids if pk in by_id]
    basis, entries = entries_of(plan, wanted[:MOST_COMPARED], request.user)
    forecasts = [basis.now.forecast, *(entry.result.forecast for entry in entries)]
    span = span_of(forecasts)
    names = [None, *entries]
    context = {
        "plan": plan,
        "plan_tab": "what_if",
        "basis": basis,
        "entries": entries,
        "left_out": len(wanted) - len(entries),
        "most": MOST_COMPARED,
        "rows": compared(basis, entries),
        "charts": [
            (entry, chance_picture(forecast, span, chart_id=f"chance-{number}"))
            for number, (entry, forecast) in enumerate(zip(names, forecasts, strict=True))
        ],
        "nav_section": "plans",
    }
    return render(request, "metrics/scenario_compare.html", context)


def span_of(forecasts: Sequence[Chances]) -> list[Decimal]:
    """What pictures that are to be compared have in common: from the least to the most."""
    bars = [bar for forecast in forecasts for bar in forecast.bars]
    return [min(bar.low for bar in bars), max(bar.high for bar in bars)]


def chance_picture(
    forecast: Chances, span: Sequence[Decimal], *, chart_id: str, is_small: bool = False
) -> SafeString:
    return distribution_chart(
        chart_id=chart_id,
        currency=forecast.plan.currency,
        classes=[(bar.low, bar.high, bar.share) for bar in forecast.bars],
        target=forecast.kpi.sales_target,
        stretch=forecast.plan.stretch_target,
        title=_("How won revenue may turn out"),
        span=span,
        is_small=is_small,
    )


@dataclass(frozen=True)
class Cell:
    value: Any
    difference: Decimal | None = None
    name: str = ""


@dataclass(frozen=True)
class Row:
    label: str
    kind: str  # money, percent or ratio
    cells: Sequence[Cell]


NUMBERS = (
    ("sales_target", gettext_lazy("Sales target"), "money"),
    ("won_revenue", gettext_lazy("Won revenue"), "money"),
    ("pipeline", gettext_lazy("Pipeline"), "money"),
    ("weighted_pipeline", gettext_lazy("Weighted pipeline"), "money"),
    ("total_expected_revenue", gettext_lazy("Total expected"), "money"),
    ("forecast_target_variance", gettext_lazy("Against target"), "money"),
    ("coverage_ratio", gettext_lazy("Coverage"), "ratio"),
)
CHANCES = (
    ("chance_of_target", gettext_lazy("Reaches the target"), "percent"),
    ("chance_of_stretch", gettext_lazy("Reaches the stretch target"), "percent"),
    ("p10", gettext_lazy("P10: 9 in 10 end above"), "money"),
    ("p50", gettext_lazy("P50: the middle"), "money"),
    ("p90", gettext_lazy("P90: 1 in 10 ends above"), "money"),
)


def compared(basis: Basis, entries: Sequence[Entry]) -> list[Row]:
    """A row a number; those that are nowhere known are left out."""
    results = [basis.now, *(entry.result for entry in entries)]
    names = [_("As it is now"), *(entry.scenario.name for entry in entries)]
    rows = []
    for names_of, part in ((NUMBERS, "numbers"), (CHANCES, "forecast")):
        for field, label, kind in names_of:
            values = [getattr(getattr(result, part), field) for result in results]
            if all(value is None for value in values):
                continue
            cells = [
                Cell(
                    value, less(value, values[0]) if place and field != "sales_target" else None, names[place]
                )
                for place, value in enumerate(values)
            ]
            rows.append(Row(str(label), kind, cells))
    return rows


# --- One ----------------------------------------------------------------------------------------
def list_url(plan: Plan) -> str:
    return reverse("metrics:scenarios", args=[plan.pk])


@object_required(Plan, "plans.view_numbers", queryset=with_head)
def scenario_create(request: HttpRequest, plan: Plan) -> HttpResponse:
    scenario = Scenario(plan=plan, owner=request.user)
    form = ScenarioForm(posted(request), instance=scenario, user=request.user)
    if request.method == "POST" and saved(form, form.save):
        return redirect(scenario)
    return show_form(request, form, title=_("New scenario"), cancel_url=list_url(plan))


@object_required(Scenario, "metrics.change_scenario", queryset=with_plan)
def scenario_update(request: HttpRequest, scenario: Scenario) -> HttpResponse:
    form = ScenarioForm(posted(request), instance=scenario, user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(scenario)s” is saved.") % {"scenario": scenario})
        return redirect(scenario)
    return show_form(request, form, title=_("Edit scenario"), cancel_url=scenario.get_absolute_url())


def show_form(request: HttpRequest, form: Any, *, title: str, cancel_url: str) -> HttpResponse:
    plan = form.instance.plan
    context = {
        "form": form,
        "plan": plan,
        "title": title,
        "list_url": list_url(plan),
        "cancel_url": cancel_url,
        "nav_section": "plans",
    }
    return render_form(request, "metrics/scenario_form.html", context)


@object_required(Scenario, "metrics.delete_scenario", queryset=with_plan)
def scenario_delete(request: HttpRequest, scenario: Scenario) -> HttpResponse:
    plan = scenario.plan
    if request.method == "POST":
        name = scenario.name
        scenario.delete()
        messages.success(request, _("“%(scenario)s” is deleted. The plan is as it was.") % {"scenario": name})
        return redirect("metrics:scenarios", plan.pk)
    context = {
        "scenario": scenario,
        "plan": plan,
        "list_url": list_url(plan),
        "consequences": consequences(scenario),
        "nav_section": "plans",
    }
    return render(request, "metrics/scenario_confirm_delete.html", context)


def consequences(scenario: Scenario) -> list[dict[str, Any]]:
    changes = scenario.changes.unscoped("how many go with a scenario").count()
    blocks = scenario.blocks.unscoped("how many go with a scenario").count()
    found = [
        {"count": changes, "label": ngettext("change of a deal", "changes of deals", changes)},
        {"count": blocks, "label": ngettext("building block", "building blocks", blocks)},
    ]
    return [row for row in found if row["count"]]


@require_POST
@object_required(Scenario, "metrics.view_scenario", queryset=with_plan)
def scenario_duplicate(request: HttpRequest, scenario: Scenario) -> HttpResponse:
    name = _("%(scenario)s (copy)") % {"scenario": scenario.name}
    copy, hidden = duplicate(scenario, name=name, user=request.user)
    messages.success(request, _("This copy is yours alone, until you share it."))
    if hidden:
        text = ngettext(
            "%(count)s change of a deal that you cannot open was not copied.",
            "%(count)s changes of deals that you cannot open were not copied.",
            hidden,
        )
        messages.warning(request, text % {"count": hidden})
    return redirect(copy)
