"""Plan types: what a plan is called here, its sections, its own fields, and the goals offered first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kam.core.forms import saved
from kam.core.pages import posted, render_form
from kam.core.policy import object_required, permission_required
from templates_app import operations, uses
from templates_app.enums import TAB_SECTIONS, PlanSection
from templates_app.forms import CustomFieldForm, PlanTypeForm, PlanTypeGoalForm
from templates_app.models import CustomField, GoalDefinition, PlanType
from templates_app.views.goals import asked_move, asked_order

PAGE = {"nav_section": "library"}


def with_type(rows: Any) -> Any:
    return rows.select_related("plan_type")


@permission_required("templates_app.view_library")
def plan_type_list(request: HttpRequest) -> HttpResponse:
    rows = PlanType.objects.visible_to(request.user).annotate(
        field_count=Count("custom_fields", filter=Q(custom_fields__is_retired=False))
    )
    may_add = request.user.has_perm("templates_app.add_plantype")
    context = {"plan_types": rows.order_by("is_retired", "name"), "may_add": may_add, **PAGE}
    return render(request, "templates_app/plantype_list.html", context)


@dataclass(frozen=True)
class SectionRow:
    """A section in the list; `pk` is what its buttons send."""

    pk: str
    label: str
    is_tab: bool

    def __str__(self) -> str:
        return self.label


def section_rows(keys: list[str]) -> list[SectionRow]:
    return [SectionRow(key, str(PlanSection(key).label), key in TAB_SECTIONS) for key in keys]


@object_required(PlanType, "templates_app.view_plantype")
def plan_type_detail(request: HttpRequest, plan_type: PlanType) -> HttpResponse:
    user = request.user
    may_change = user.has_perm("templates_app.change_plantype", plan_type)
    goals = GoalDefinition.objects.visible_to(user).filter(plan_type_links__plan_type=plan_type)
    context = {
        "plan_type": plan_type,
        "sections": section_rows(plan_type.sections),
        "left_out": section_rows([key for key in PlanSection.values if not plan_type.shows(key)]),
        "fields": CustomField.objects.visible_to(user).filter(plan_type=plan_type),
        "goals": goals.order_by("plan_type_links__order", "plan_type_links__id"),
        "reads_library": user.has_perm("templates_app.view_library"),
        "expected_roles": plan_type.expected_roles.order_by("order", "name"),
        "uses": uses.uses_of(plan_type, user),
        "may_change": may_change,
        "add_form": PlanTypeGoalForm(plan_type=plan_type, user=user) if may_change else None,
        **PAGE,
    }
    return render(request, "templates_app/plantype_detail.html", context)


@permission_required("templates_app.add_plantype")
def plan_type_create(request: HttpRequest) -> HttpResponse:
    form = PlanTypeForm(posted(request), instance=PlanType(), user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(
            request, _("“%(type)s” is added. Now choose its sections and fields.") % {"type": form.instance}
        )
        return redirect(form.instance)
    return render_form(request, "templates_app/plantype_form.html", {"form": form, **PAGE})


@object_required(PlanType, "templates_app.change_plantype")
def plan_type_update(request: HttpRequest, plan_type: PlanType) -> HttpResponse:
    form = PlanTypeForm(posted(request), instance=plan_type, user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(type)s” is saved.") % {"type": plan_type})
        return redirect(plan_type)
    context = {"form": form, "plan_type": plan_type, **PAGE}
    return render_form(request, "templates_app/plantype_form.html", context)


@object_required(PlanType, "templates_app.delete_plantype")
def plan_type_delete(request: HttpRequest, plan_type: PlanType) -> HttpResponse:
    blocked_by = holders_of(request, plan_type)
    if request.method == "POST" and not blocked_by:
        name = str(plan_type)
        plan_type.delete()
        messages.success(request, _("“%(type)s” is deleted.") % {"type": name})
        return redirect("templates_app:plantype_list")
    fields = plan_type.custom_fields.count()
    context = {
        "object": plan_type,
        "cancel_url": plan_type.get_absolute_url(),
        "blocked_by": blocked_by,
        "consequences": [{"count": fields, "label": _("custom fields")}] if fields else [],
        **PAGE,
    }
    return render(request, "templates_app/confirm_delete.html", context)


def holders_of(request: HttpRequest, row: Any) -> list[str]:
    """What keeps a row from being deleted, as far as the reader may know."""
    seen = [f"{use.label}: {use.count}" for use in uses.uses_of(row, request.user)]
    return seen or ([_("It is in use: retire it instead.")] if uses.uses_of(row) else [])


# --- Sections -------------------------------------------------------------------------------
@require_POST
@object_required(PlanType, "templates_app.change_plantype")
def plan_type_sections(request: HttpRequest, plan_type: PlanType) -> HttpResponse:
    """By a button (`move` = “vision:up”, `show` or `leave_out` = “vision”), or all keys in their new order."""
    section, _colon, direction = request.POST.get("move", "").partition(":")
    shown, left_out = request.POST.get("show"), request.POST.get("leave_out")
    if named := section or shown or left_out:
        if named not in PlanSection.values:
            raise Http404
        if section:
            operations.move_section(plan_type, section, up=direction == "up")
        else:
            operations.show_section(plan_type, named, shown=bool(shown))
        return redirect(plan_type)
    try:
        operations.reorder_sections(plan_type, request.POST.getlist("order"))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect(plan_type)


# --- Custom fields --------------------------------------------------------------------------
@object_required(PlanType, "templates_app.change_plantype")
def custom_field_create(request: HttpRequest, plan_type: PlanType) -> HttpResponse:
    form = CustomFieldForm(posted(request), instance=CustomField(plan_type=plan_type), user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("The field “%(field)s” is added.") % {"field": form.instance})
        return redirect(plan_type)
    context = {"form": form, "plan_type": plan_type, "title": _("New field"), **PAGE}
    return render_form(request, "templates_app/customfield_form.html", context)


@object_required(CustomField, "templates_app.change_customfield", queryset=with_type)
def custom_field_update(request: HttpRequest, field: CustomField) -> HttpResponse:
    form = CustomFieldForm(posted(request), instance=field, user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("The field “%(field)s” is saved.") % {"field": field})
        return redirect(field.plan_type)
    context = {"form": form, "plan_type": field.plan_type, "title": str(field), **PAGE}
    return render_form(request, "templates_app/customfield_form.html", context)


@object_required(CustomField, "templates_app.delete_customfield", queryset=with_type)
def custom_field_delete(request: HttpRequest, field: CustomField) -> HttpResponse:
    blocked_by = holders_of(request, field)
    if request.method == "POST" and not blocked_by:
        name = str(field)
        field.delete()
        messages.success(request, _("The field “%(field)s” is deleted.") % {"field": name})
        return redirect(field.plan_type)
    context = {
        "object": field,
        "cancel_url": field.plan_type.get_absolute_url(),
        "blocked_by": blocked_by,
        **PAGE,
    }
    return render(request, "templates_app/confirm_delete.html", context)


@require_POST
@object_required(PlanType, "templates_app.change_plantype")
def custom_fields_reorder(request: HttpRequest, plan_type: PlanType) -> HttpResponse:
    """By drag (all ids in their new order) or by a button (`move` = “id:up”)."""
    try:
        if move := asked_move(request):
            field = get_object_or_404(plan_type.custom_fields.all(), pk=move[0])
            operations.move_custom_field(field, up=move[1])
        else:
            operations.reorder_custom_fields(plan_type, asked_order(request))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect(plan_type)


# --- Goals offered first --------------------------------------------------------------------
@require_POST
@object_required(PlanType, "templates_app.change_plantype")
def plan_type_goal_add(request: HttpRequest, plan_type: PlanType) -> HttpResponse:
    form = PlanTypeGoalForm(request.POST, plan_type=plan_type, user=request.user)
    if form.is_valid():
        operations.save_plan_type(plan_type, [*ordered_goals(request, plan_type), form.cleaned_data["goal"]])
    else:
        messages.error(request, _("Choose a goal."))
    return redirect(plan_type)


@require_POST
@object_required(PlanType, "templates_app.change_plantype")
def plan_type_goal_remove(request: HttpRequest, plan_type: PlanType, goal_pk: Any) -> HttpResponse:
    goal = get_object_or_404(GoalDefinition.objects.visible_to(request.user), pk=goal_pk)
    operations.save_plan_type(plan_type, [row for row in ordered_goals(request, plan_type) if row != goal])
    messages.success(request, _("“%(goal)s” is no longer offered first.") % {"goal": goal})
    return redirect(plan_type)


@require_POST
@object_required(PlanType, "templates_app.change_plantype")
def plan_type_goals_reorder(request: HttpRequest, plan_type: PlanType) -> HttpResponse:
    """By drag (all ids in their new order) or by a button (`move` = “id:up”)."""
    try:
        if move := asked_move(request):
            operations.move_plan_type_goal(plan_type, move[0], up=move[1])
        else:
            operations.reorder_plan_type_goals(plan_type, asked_order(request))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect(plan_type)


def ordered_goals(request: HttpRequest, plan_type: PlanType) -> list[GoalDefinition]:
    return PlanType.objects.with_goals(request.user).get(pk=plan_type.pk).ordered_goals
