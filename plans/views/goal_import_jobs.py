"""Goals of the library into many plans at once: choose, look at what would be made, start the job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kam.core.filters import VisibleFilterSet
from kam.core.lists import list_filter
from kam.core.pages import as_uuid, typed
from kam.core.policy import permission_required
from plans.filters import AccountPlanFilter, PlanFilter, TerritoryBusinessPlanFilter
from plans.import_forms import GoalChoiceForm, PlanChoiceForm
from plans.models import AccountPlan, Plan, TerritoryBusinessPlan
from plans.operations import log_confidential_look
from plans.operations.goal_import_jobs import (
    MOST_PLANS,
    importable_plans,
    preview_imports,
    start_import,
    total_of,
)
from plans.operations.goal_imports import MOST_GOALS, offered_goals

SHOWN_PLANS = 100
SHOWN_GOALS = 100


@dataclass(frozen=True)
class Kind:
    """Plans of accounts or of territories: the library has goals for the one, the other or both."""

    name: str  # of the addresses: the list, and the steps of the import
    label: str | Promise
    subject: str | Promise
    plans: type[Plan]
    filters: type[PlanFilter]
    shown: tuple[str, ...]

    @property
    def for_territories(self) -> bool:
        return self.plans is TerritoryBusinessPlan

    @property
    def nav_section(self) -> str:
        return "territory_plans" if self.for_territories else "plans"

    @property
    def list_url(self) -> str:
        return reverse(f"plans:{self.name}_list")

    @property
    def choose_url(self) -> str:
        return reverse(f"plans:{self.name}_import")

    @property
    def preview_url(self) -> str:
        return reverse(f"plans:{self.name}_import_preview")

    @property
    def start_url(self) -> str:
        return reverse(f"plans:{self.name}_import_start")


KINDS = {
    "accountplan": Kind(
        "accountplan",
        gettext_lazy("Account plans"),
        gettext_lazy("Account"),
        AccountPlan,
        AccountPlanFilter,
        ("territory", "segment", "plan_type", "owner", "status", "current"),
    ),
    "territoryplan": Kind(
        "territoryplan",
        gettext_lazy("Territory plans"),
        gettext_lazy("Territory"),
        TerritoryBusinessPlan,
        TerritoryBusinessPlanFilter,
        ("territory", "plan_type", "owner", "status", "current"),
    ),
}


def given(request: HttpRequest) -> QueryDict:
    """What was chosen so far: more than fits into an address, so the steps after the first are posted."""
    return request.POST if request.method == "POST" else request.GET


def with_columns(plans: QuerySet) -> QuerySet:
    return plans.select_related("account", "territory", "owner", "plan_type")


def filtered_plans(request: HttpRequest, kind: Kind) -> VisibleFilterSet:
    """The filters of the plan list, over the plans that goals can be brought into."""
    plans = with_columns(importable_plans(request.user, kind.plans))
    request.GET = given(request)  # type: ignore[assignment]
    filterset = list_filter(kind.filters, request, plans, name=f"{kind.name}_import", show=kind.shown)
    filterset.form.fields["plan_type"].widget.attrs = {}  # no fields of the type here to read anew
    return filterset


def ticked(request: HttpRequest, name: str, most: int) -> list[Any]:
    found = (as_uuid(text) for text in given(request).getlist(name)[:most])
    return list(dict.fromkeys(pk for pk in found if pk))


# --- Choosing -------------------------------------------------------------------------------
@permission_required("plans.add_accountplan")
def plans_import(request: HttpRequest, kind: str) -> HttpResponse:
    return choosing(request, KINDS[kind])


def choosing(request: HttpRequest, kind: Kind, *refused: Form) -> HttpResponse:
    """Ticks stay while the lists are narrowed down; no tick among the plans means all that match."""
    filterset = filtered_plans(request, kind)
    plan_ids = ticked(request, "plan", MOST_PLANS)
    found = filterset.qs
    plans = list(found[: SHOWN_PLANS + 1])
    goals, has_more_goals = goals_to_choose(request, kind)
    context = {
        "kind": kind,
        "tabs": [
            {"label": each.label, "url": each.choose_url, "active": each is kind} for each in KINDS.values()
        ],
        "filter": filterset,
        "kept": kept_filters(request, kind),
        "plans": [{"plan": plan, "is_chosen": plan.pk in plan_ids} for plan in plans[:SHOWN_PLANS]],
        "plan_count": found.order_by().values("pk")[: MOST_PLANS + 1].count(),
        "most_plans": MOST_PLANS,
        "has_more_plans": len(plans) > SHOWN_PLANS,
        "goals": goals,
        "has_more_goals": has_more_goals,
        "text": goal_text(request),
        "start_date": given(request).get("start_date", "")[:10],
        "nav_section": kind.nav_section,
    }
    if refused:
        context |= {"form": refused[0], "problems": problems_of(*refused)}
    return render(request, "plans/import_choose.html", context, status=422 if refused else 200)


def goal_text(request: HttpRequest) -> str:
    return typed(request, "q")


def goals_to_choose(request: HttpRequest, kind: Kind) -> tuple[list[dict[str, Any]], bool]:
    """Those that are ticked, then those that match the search; and whether there are more."""
    goal_ids = ticked(request, "goal", MOST_GOALS)
    offered = offered_goals(request.user, for_territories=kind.for_territories).select_related("category")
    wanted = offered.exclude(pk__in=goal_ids)
    for word in goal_text(request).split()[:8]:
        wanted = wanted.filter(name__icontains=word) | wanted.filter(description__icontains=word)
    chosen = offered.filter(pk__in=goal_ids).order_by("name")
    others = list(wanted.order_by("name")[: SHOWN_GOALS + 1])
    rows = [{"goal": goal, "is_chosen": True} for goal in chosen]
    rows += [{"goal": goal, "is_chosen": False} for goal in others[:SHOWN_GOALS]]
    return rows, len(others) > SHOWN_GOALS


def kept_filters(request: HttpRequest, kind: Kind) -> list[tuple[str, str]]:
    """The filters that are set, for the form that goes on from here."""
    names = {*kind.shown, "search"}
    pairs = ((name, value) for name, values in given(request).lists() for value in values)
    return [(name, value) for name, value in pairs if name in names and value]


# --- Looking, starting ------------------------------------------------------------------------
@require_POST
@permission_required("plans.add_accountplan")
def plans_import_preview(request: HttpRequest, kind: str) -> HttpResponse:
    """What would be made in each plan; nothing is made yet."""
    chosen = KINDS[kind]
    choice = GoalChoiceForm(request.POST, user=request.user, kind=chosen.plans)
    if not choice.is_valid():
        return choosing(request, chosen, choice)
    plans = chosen_plans(request, chosen)
    if not plans or len(plans) > MOST_PLANS:
        text = _("These are more than %(most)s plans: narrow them down.") % {"most": MOST_PLANS}
        choice.add_error(None, text if plans else _("No plan is chosen, and none matches."))
        return choosing(request, chosen, choice)
    goals, start = list(choice.cleaned_data["goal"]), choice.cleaned_data["start_date"]
    previews = preview_imports(plans=plans, goals=goals, start_date=start)
    for plan in plans:
        if plan.is_confidential:
            log_confidential_look(plan=plan, user=request.user)
    context = {
        "kind": chosen,
        "previews": previews,
        "totals": total_of(previews),
        "goals": goals,
        "start_date": start,
        "kept": kept_filters(request, chosen),
        "nav_section": chosen.nav_section,
    }
    return render(request, "plans/import_preview.html", context)


def chosen_plans(request: HttpRequest, kind: Kind) -> list[Any]:
    """The plans that are ticked; without a tick all that match the filters. One too many tells that there are more."""
    found: QuerySet = filtered_plans(request, kind).qs
    if plan_ids := ticked(request, "plan", MOST_PLANS):
        plans = importable_plans(request.user, kind.plans).filter(pk__in=plan_ids)
        found = with_columns(plans).order_by("name", "pk")
    return list(found[: MOST_PLANS + 1])


@require_POST
@permission_required("plans.add_accountplan")
def plans_import_start(request: HttpRequest, kind: str) -> HttpResponse:
    """The job for the plans that stayed ticked."""
    user, chosen = request.user, KINDS[kind]
    choice = GoalChoiceForm(request.POST, user=user, kind=chosen.plans)
    picked = PlanChoiceForm(request.POST, user=user, kind=chosen.plans)
    if not (choice.is_valid() and picked.is_valid()):
        return choosing(request, chosen, *(form for form in (choice, picked) if form.errors))
    plans, goals = list(picked.cleaned_data["plan"]), list(choice.cleaned_data["goal"])
    try:
        job = start_import(user=user, plans=plans, goals=goals, start_date=choice.cleaned_data["start_date"])
    except ValidationError as error:
        choice.add_error(None, error.messages)
        return choosing(request, chosen, choice)
    messages.success(request, _("The import has been started. You can leave this page."))
    return redirect(job)


def problems_of(*forms: Form) -> list[str]:
    return [text for form in forms for texts in form.errors.values() for text in texts]
