"""SWOT and PESTEL: the panel on the plan's page, and its entries, kept in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kam.core.forms import saved
from kam.core.pages import as_uuid, posted, render_form
from kam.core.policy import object_required
from plans import operations
from plans.enums import ANALYSES, SECTION_OF_FACTOR, Factor
from plans.forms import AnalysisForm
from plans.models import Objective, Plan, RelatedObjectAnalysis
from templates_app.enums import PlanSection

REASON = "entries of a plan that was loaded through the gate"
LOOKS: dict[str, tuple[str, str | Promise]] = {
    Factor.STRENGTH: (
        "star",
        gettext_lazy("What do we do better here than anybody else this customer could buy from?"),
    ),
    Factor.WEAKNESS: (
        "alert-circle",
        gettext_lazy("Where do we lose against others, or hang on one person?"),
    ),
    Factor.OPPORTUNITY: ("trending-up", gettext_lazy("What changes at the customer that we could use?")),
    Factor.THREAT: (
        "alert-triangle",
        gettext_lazy("What could cost us this customer, or a part of the business?"),
    ),
    Factor.POLITICAL: (
        "flag",
        gettext_lazy("Health policy, public budgets, elections that reach this customer."),
    ),
    Factor.ECONOMIC: ("coins", gettext_lazy("Prices, wages, interest: what makes them spend more or less.")),
    Factor.SOCIAL: ("users", gettext_lazy("Patients, staff and public opinion: what people expect now.")),
    Factor.TECHNOLOGICAL: ("affiliate", gettext_lazy("New methods and systems that change how they work.")),
    Factor.ENVIRONMENTAL: ("world", gettext_lazy("Waste, energy, climate: what they must report or save.")),
    Factor.LEGAL: ("books", gettext_lazy("Rules, approvals and liabilities that come or go.")),
}


@dataclass(frozen=True)
class AnalysisField:
    """One of the four fields of SWOT or the six of PESTEL, with its entries in order."""

    factor: Factor
    icon: str
    guidance: str
    entries: list[RelatedObjectAnalysis] = field(default_factory=list)


SHOWN = (
    "factor",
    "text",
    "impact",
    "likelihood",
    "order",
    "owner__first_name",
    "owner__last_name",
    "owner__username",
    "product__product__name",
    "product__category__name",
)


@dataclass(frozen=True)
class AnalysisPanel:
    section: str
    views: list[dict[str, Any]]
    fields: list[AnalysisField]
    url: str


def analysis_panel(request: HttpRequest, plan: Plan, objectives: Sequence[Objective]) -> AnalysisPanel | None:
    """The analysis that `?analysis=` asks for, else the first one that the plan's type shows; one statement."""
    shown = [section for section in plan.plan_type.sections if section in ANALYSES]
    if not shown:
        return None
    asked = request.GET.get("analysis", "")
    section = asked if asked in shown else shown[0]
    entries = entries_of(plan, section, objectives)
    fields = [
        AnalysisField(factor, LOOKS[factor][0], str(LOOKS[factor][1]), entries[factor])
        for factor in ANALYSES[section]
    ]
    views = [
        {"label": PlanSection(key).label, "url": address_of(plan, key), "active": key == section}
        for key in shown
    ]
    return AnalysisPanel(section, views, fields, address_of(plan, section))


def entries_of(
    plan: Plan, section: str, objectives: Sequence[Objective]
) -> dict[str, list[RelatedObjectAnalysis]]:
    """By factor; each entry gets the `answers` among the objectives that the page has read already.

    The plan comes with `has_analyses`.
    """
    by_factor: dict[str, list[RelatedObjectAnalysis]] = {factor: [] for factor in ANALYSES[section]}
    if not plan.has_analyses:
        return by_factor
    by_id = {objective.pk: objective for objective in objectives}
    rows = RelatedObjectAnalysis.objects.unscoped(REASON).filter(plan=plan, factor__in=ANALYSES[section])
    rows = rows.select_related("owner", "product__product", "product__category").only(*SHOWN)
    found: dict[UUID, Any] = {}
    for row in rows.annotate(answer=F("objectives")).order_by("order", "created_at", "id"):
        entry = found.setdefault(row.pk, row)
        entry.__dict__.setdefault("answers", [])
        if row.answer in by_id:
            entry.answers.append(by_id[row.answer])
    for entry in found.values():
        by_factor[entry.factor].append(entry)
    return by_factor


def address_of(plan: Plan, section: str) -> str:
    """The plan's page with this analysis open."""
    return f"{plan.get_absolute_url()}?analysis={section}#analyses"


def with_plan(rows: QuerySet) -> QuerySet:
    return rows.select_related("plan__plan_type", "owner")


def with_type(rows: QuerySet) -> QuerySet:
    return rows.select_related("plan_type")


@object_required(Plan, "plans.add_relatedobjectanalysis", queryset=with_type)
def analysis_create(request: HttpRequest, plan: Plan) -> HttpResponse:
    factor = request.GET.get("factor", "")
    if factor not in Factor.values or not plan.plan_type.shows(SECTION_OF_FACTOR[Factor(factor)]):
        raise Http404
    entry = RelatedObjectAnalysis(plan=plan, factor=factor)
    form = AnalysisForm(posted(request), initial={"owner": request.user}, instance=entry, user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(entry)s” is added.") % {"entry": form.instance})
        return redirect(address_of(plan, form.instance.section))
    return form_page(request, form, plan, Factor(factor).label)


@object_required(RelatedObjectAnalysis, "plans.change_relatedobjectanalysis", queryset=with_plan)
def analysis_update(request: HttpRequest, entry: RelatedObjectAnalysis) -> HttpResponse:
    refuse_left_out(entry)
    form = AnalysisForm(posted(request), instance=entry, user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(entry)s” is saved.") % {"entry": entry})
        return redirect(address_of(entry.plan, entry.section))
    return form_page(request, form, entry.plan, _("Edit entry"))


def form_page(request: HttpRequest, form: AnalysisForm, plan: Plan, title: Any) -> HttpResponse:
    context = {
        "form": form,
        "plan": plan,
        "title": title,
        "back": address_of(plan, form.instance.section),
        "nav_section": "plans",
    }
    return render_form(request, "plans/analysis_form.html", context)


@object_required(RelatedObjectAnalysis, "plans.delete_relatedobjectanalysis", queryset=with_plan)
def analysis_delete(request: HttpRequest, entry: RelatedObjectAnalysis) -> HttpResponse:
    refuse_left_out(entry)
    if request.method == "POST":
        name = str(entry)
        entry.delete()
        messages.success(request, _("“%(entry)s” is deleted.") % {"entry": name})
        return redirect(address_of(entry.plan, entry.section))
    context = {
        "part": entry,
        "plan": entry.plan,
        "back": address_of(entry.plan, entry.section),
        "nav_section": "plans",
    }
    return render(request, "plans/part_confirm_delete.html", context)


@require_POST
@object_required(Plan, "plans.change_accountplan", queryset=with_type)
def analyses_reorder(request: HttpRequest, plan: Plan) -> HttpResponse:
    """The entries of one `factor`: by drag (all ids in their new order) or by a button (`move` = “id:up”)."""
    factor = request.POST.get("factor", "")
    if factor not in Factor.values:
        raise Http404
    text, colon, direction = request.POST.get("move", "").partition(":")
    try:
        if colon:
            rows = RelatedObjectAnalysis.objects.editable_by(request.user).filter(plan=plan, factor=factor)
            entry = get_object_or_404(rows, pk=as_uuid(text))
            operations.move_analysis(analysis=entry, up=direction == "up")
        else:
            order = [as_uuid(pk) for pk in request.POST.getlist("order")]
            operations.reorder_analyses(plan=plan, factor=factor, order=order)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect(address_of(plan, SECTION_OF_FACTOR[Factor(factor)]))


def refuse_left_out(entry: RelatedObjectAnalysis) -> None:
    """What the type of a plan leaves out is not there."""
    if not entry.is_shown:
        raise Http404
