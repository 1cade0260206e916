"""The targets of a plan by category and period: one grid, edited by keyboard and by paste."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from kam.core.changes import StaleObjectError
from kam.core.policy import object_required
from plans import policies
from plans.actuals import LastYear, last_year_of
from plans.models import Plan, TargetLine
from plans.operations import log_confidential_look
from plans.target_forms import AddLinesForm, GrowAllForm, TargetLineForm, grid_of
from plans.targeting import NothingToAddError, add_lines, grow_all, lines_of, save_lines, sold_categories

NOTHING = Decimal(0)


def whole(plans: QuerySet) -> QuerySet:
    return plans.select_related("account", "plan_type", "owner")


@object_required(Plan, "plans.view_numbers", queryset=whole)
def target_grid(request: HttpRequest, plan: Plan) -> HttpResponse:
    log_confidential_look(plan=plan, user=request.user)
    may_change = request.user.has_perm("plans.change_accountplan", plan)
    if request.method != "POST":
        return show(request, plan)
    if not may_change:
        raise PermissionDenied
    lines = lines_of(plan)
    grid = grid_of(lines, last_year_of(lines), request.POST)
    sent = [form for form in grid if form.is_bound]
    passed = [form.is_valid() for form in sent]  # all of them: each shows its own errors
    if not all(passed):
        return show(request, plan, grid=grid, status=422)
    removed = [form.line for form in sent if form.cleaned_data["remove"]]
    changed = [form.apply() for form in sent if form.has_changed() and not form.cleaned_data["remove"]]
    try:
        save_lines(plan=plan, changed=changed, removed=removed)
    except StaleObjectError:
        messages.error(request, _("Somebody saved the targets at this moment. Look again, then save."))
        return show(request, plan, status=409)
    messages.success(request, _("The targets are saved."))
    return redirect("plans:target_grid", plan.pk)


@require_POST
@object_required(Plan, "plans.change_accountplan", queryset=whole)
def target_add(request: HttpRequest, plan: Plan) -> HttpResponse:
    form = AddLinesForm(request.POST, plan=plan, sold=sold_categories(plan))
    if not form.is_valid():
        return show(request, plan, add_form=form, status=422)
    data = form.cleaned_data
    try:
        count = add_lines(plan=plan, categories=form.chosen, period=data["period"], growth=data["growth"])
    except NothingToAddError:
        messages.info(request, _("These lines are there already, or their sales count in another line."))
    except ValidationError as error:
        form.add_error(None, error)
        return show(request, plan, add_form=form, status=422)
    else:
        text = ngettext("%(count)s line added.", "%(count)s lines added.", count)
        messages.success(request, text % {"count": count})
    return redirect("plans:target_grid", plan.pk)


@require_POST
@object_required(Plan, "plans.change_accountplan", queryset=whole)
def target_grow(request: HttpRequest, plan: Plan) -> HttpResponse:
    form = GrowAllForm(request.POST, prefix="grow")
    if not form.is_valid():
        return show(request, plan, grow_form=form, status=422)
    count = grow_all(plan=plan, growth=form.cleaned_data["growth"])
    text = ngettext("%(count)s target changed.", "%(count)s targets changed.", count)
    messages.success(request, text % {"count": count})
    return redirect("plans:target_grid", plan.pk)


# --- The page -----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Totals:
    """The sums of the columns, and how the targets compare with the plan's."""

    last_year: Decimal
    target: Decimal
    stretch: Decimal | None
    plan_target: Decimal | None

    @classmethod
    def of(cls, plan: Plan, lines: Sequence[TargetLine], last_year: dict[Any, LastYear]) -> Totals:
        stretches = [line.stretch for line in lines if line.stretch is not None]
        return cls(
            last_year=sum((last_year[line.pk].amount for line in lines), NOTHING),
            target=sum((line.target for line in lines), NOTHING),
            stretch=sum(stretches, NOTHING) if stretches else None,
            plan_target=plan.sales_target,
        )

    @property
    def growth(self) -> Decimal | None:
        return policies.growth_percent(target=self.target, last_year=self.last_year)

    @property
    def difference(self) -> Decimal | None:
        """Lines less plan: positive, the lines promise more."""
        return None if self.plan_target is None else self.target - self.plan_target


def show(
    request: HttpRequest,
    plan: Plan,
    *,
    grid: list[TargetLineForm] | None = None,
    add_form: AddLinesForm | None = None,
    grow_form: GrowAllForm | None = None,
    status: int = 200,
) -> HttpResponse:
    lines = [form.line for form in grid] if grid is not None else lines_of(plan)
    last_year = last_year_of(lines)
    may_change = request.user.has_perm("plans.change_accountplan", plan)
    nothing: QueryDict | None = None
    context: dict[str, Any] = {
        "plan": plan,
        "plan_tab": "targets",
        "grid": grid if grid is not None else grid_of(lines, last_year, nothing),
        "totals": Totals.of(plan, lines, last_year),
        "may_change": may_change,
        "nav_section": "plans",
    }
    if may_change:
        context["add_form"] = add_form or AddLinesForm(nothing, plan=plan, sold=sold_categories(plan))
        context["grow_form"] = grow_form or GrowAllForm(nothing, prefix="grow")
    return render(request, "plans/targets.html", context, status=status)
