"""Tasks: add, edit in the row or on a page, take a step, complete, place, delete."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kam.core.changes import StaleObjectError
from kam.core.clock import company_today
from kam.core.forms import saved
from kam.core.pages import posted, render_form, success_with_undo
from kam.core.policy import object_required
from plans import operations, policies
from plans.enums import ItemKind
from plans.models import ActionPlan, AssessmentTask
from plans.views.work.answers import (
    after_change,
    back_url,
    row_context,
    tasks_answer,
    undo_url,
    wants_row,
)
from plans.views.work.forms import (
    CompletionForm,
    OwnTaskForm,
    QuickTaskForm,
    TaskForm,
    TaskPlaceForm,
    TaskRowForm,
    allowed_steps,
)
from plans.views.work.pages import with_plan
from plans.views.work.tree import participants_at

DONE = {
    "start": gettext_lazy("“%(task)s” is in progress."),
    "complete": gettext_lazy("“%(task)s” is done."),
    "skip": gettext_lazy("“%(task)s” is skipped."),
    "cancel": gettext_lazy("“%(task)s” is cancelled."),
    "reopen": gettext_lazy("“%(task)s” is open again."),
}
PAGE = {"nav_section": "plans", "plan_tab": "work"}


def with_place(rows: QuerySet) -> QuerySet:
    plan = "item__action_plan__objective__plan__"
    related = (f"{plan}account", "assignee", "activity_type", "item__prerequisite__task")
    return participants_at(plan, rows.select_related(*related))


# --- Add ------------------------------------------------------------------------------------
@object_required(ActionPlan, "plans.change_actionplan", queryset=with_plan)
def task_create(request: HttpRequest, action_plan: ActionPlan) -> HttpResponse:
    """One line under the action plan."""
    form = QuickTaskForm.below(action_plan, request.user, posted(request))
    back = back_url(request, action_plan.change_container_id, action_plan=action_plan)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(task)s” is added.") % {"task": form.instance})
        return redirect(back)
    context = {"form": form, "plan": action_plan.plan, "title": _("New task"), "back": back, **PAGE}
    return render_form(request, "plans/work/form.html", context)


# --- Edit -----------------------------------------------------------------------------------
def form_for(request: HttpRequest, task: AssessmentTask, form_class: Any) -> Any:
    """Who does not edit the plan says what came of their own task, and no more."""
    if not request.user.has_perm("plans.change_assessmenttask", task):
        form_class = OwnTaskForm
    return form_class(
        posted(request), instance=task, user=request.user, auto_id=f"{form_class.__name__}-{task.pk}-%s"
    )


@object_required(AssessmentTask, "plans.complete_assessmenttask", queryset=with_place)
def task_row(request: HttpRequest, task: AssessmentTask) -> HttpResponse:
    """The row of the tree: to be edited (GET with `edit`), as it stands, or saved."""
    is_htmx = request.htmx  # type: ignore[attr-defined]
    if request.method == "GET" and not (is_htmx and "edit" in request.GET):
        if not is_htmx:
            return redirect("plans:task_update", task.pk)
        return render(request, "plans/work/_task.html", row_context(request, task, is_edited=True))
    form = form_for(request, task, TaskRowForm)
    if request.method == "POST" and saved(form, form.save):
        return after_change(request, form.instance, is_edited=True)
    context = {"form": form, "task": task, "plan": task.plan, "title": str(task), **PAGE}
    context["back"] = back_url(request, task.change_container_id, action_plan=task.item.action_plan)
    context["may_change"] = request.user.has_perm("plans.change_assessmenttask", task)
    return render_form(request, "plans/work/_task_edit.html" if is_htmx else "plans/work/form.html", context)


@object_required(AssessmentTask, "plans.complete_assessmenttask", queryset=with_place)
def task_update(request: HttpRequest, task: AssessmentTask) -> HttpResponse:
    form = form_for(request, task, TaskForm)
    back = back_url(request, task.change_container_id, action_plan=task.item.action_plan)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(task)s” is saved.") % {"task": task})
        return redirect(back)
    context = {"form": form, "task": task, "plan": task.plan, "title": str(task), "back": back, **PAGE}
    return render_form(request, "plans/work/task_form.html", context)


@object_required(AssessmentTask, "plans.delete_assessmenttask", queryset=with_place)
def task_delete(request: HttpRequest, task: AssessmentTask) -> HttpResponse:
    """With its place in the action plan. Calls that were logged for it stay with the account."""
    action_plan = task.item.action_plan
    back = back_url(request, task.change_container_id, action_plan=action_plan)
    if request.method == "POST":
        name = str(task)
        task.item.delete()
        messages.success(request, _("“%(task)s” is deleted.") % {"task": name})
        return redirect(back)
    calls = task.calls.visible_to(request.user).count()
    note = _("The calls that were logged for it stay with the account.") if calls else ""
    context = {"part": task, "plan": task.plan, "note": note, "back": back, **PAGE}
    return render(request, "plans/work/confirm_delete.html", context)


# --- Steps ----------------------------------------------------------------------------------
def taken(request: HttpRequest, task: AssessmentTask, step: str, **values: Any) -> bool:
    """Whether the step was taken; if not, a message says why."""
    try:
        if step == "report":
            operations.report_work(task=task, **values)
        elif step == "complete":
            operations.complete_task(task=task, **values)
        else:
            operations.take_task_step(task=task, step=step, **values)
    except operations.TaskStepNotAllowedError as error:
        messages.error(request, str(error))
    except StaleObjectError:
        messages.error(
            request, _("Somebody changed “%(task)s” in the meantime: look again.") % {"task": task}
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        return True
    return False


@require_POST
@object_required(AssessmentTask, "plans.complete_assessmenttask", queryset=with_place)
def task_step(request: HttpRequest, task: AssessmentTask, step: str) -> HttpResponse:
    if step not in policies.TASK_STEPS:
        raise Http404
    may_change = request.user.has_perm("plans.change_assessmenttask", task)
    possible = policies.possible_task_steps(task.status, is_required=task.item.is_required)
    if step in possible and step not in allowed_steps(task, may_change=may_change):
        raise PermissionDenied
    if step == "complete" and task.kind == ItemKind.CALL_OBJECTIVE:
        return redirect("plans:task_complete", task.pk)
    if taken(request, task, step):
        announce(request, task, step)
    return after_change(request, task)


def announce(request: HttpRequest, task: AssessmentTask, step: str) -> None:
    text = DONE[step] % {"task": task}
    if step in {"complete", "skip", "cancel"}:
        back = back_url(request, task.change_container_id, action_plan=task.item.action_plan)
        success_with_undo(request, text, undo_url(task, back))
    else:
        messages.success(request, text)


@object_required(AssessmentTask, "plans.complete_assessmenttask", queryset=with_place)
def task_complete(request: HttpRequest, task: AssessmentTask) -> HttpResponse:
    """With the day, how many, and notes. Of a call objective the call is logged."""
    form = CompletionForm(posted(request), task=task, user=request.user)
    back = back_url(request, task.change_container_id, action_plan=task.item.action_plan)
    if request.method == "POST" and form.is_valid():
        values, step = reported(task, form.cleaned_data)
        if taken(request, task, step, **values):
            task.refresh_from_db()
            if task.completed_at:
                announce(request, task, "complete")
            else:
                messages.success(request, _("“%(task)s”: that is noted.") % {"task": task})
        return redirect(back)
    title = _("Log a call") if task.kind == ItemKind.CALL_OBJECTIVE else _("Complete the task")
    context = {"form": form, "task": task, "plan": task.plan, "title": title, "back": back, **PAGE}
    return render_form(request, "plans/work/form.html", context)


def reported(task: AssessmentTask, cleaned: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """What the operation is told: so many more, or, where this is the last of it, so many in all."""
    values: dict[str, Any] = {
        "at": moment_of(cleaned["done_on"]),
        "expected_version": cleaned["version"],
    }
    if "account" in cleaned:
        values["account"] = cleaned["account"]
    quantity, notes = cleaned.get("quantity"), cleaned["notes"]
    if quantity is not None and not cleaned.get("is_last", not task.target_quantity):
        return {**values, "quantity": quantity, "notes": notes}, "report"
    if quantity is not None:
        values["quantity"] = task.quantity_done + quantity
    return {**values, "notes": notes or None}, "complete"


def moment_of(day: date) -> datetime:
    """An instant of that day in the company's calendar: now, if it is today."""
    if day == company_today():
        return timezone.now()
    return datetime.combine(day, time(12), timezone.get_default_timezone())


# --- Place ----------------------------------------------------------------------------------
@object_required(AssessmentTask, "plans.change_assessmenttask", queryset=with_place)
def task_place(request: HttpRequest, task: AssessmentTask) -> HttpResponse:
    """Up or down (`move`), to a place in an action plan (`position`, after a drag), or by a form."""
    move, item = request.POST.get("move"), task.item
    back = back_url(request, task.change_container_id, action_plan=item.action_plan)
    if move in {"up", "down"}:
        operations.move_item(item=item, up=move == "up")
        return tasks_answer(request, item.action_plan) if wants_row(request) else redirect(back)
    form = TaskPlaceForm(posted(request), task=task, user=request.user)
    if request.method == "POST" and form.is_valid():
        target = form.cleaned_data["action_plan"]
        operations.place_item(item=item, action_plan=target, position=position_of(request))
        if wants_row(request) and target.pk == item.action_plan_id:
            return tasks_answer(request, target)
        messages.success(request, _("“%(task)s” is now in “%(plan)s”.") % {"task": task, "plan": target})
        return redirect(back)
    context = {"form": form, "plan": task.plan, "title": _("Move the task"), "back": back, **PAGE}
    return render_form(request, "plans/work/form.html", context)


def position_of(request: HttpRequest) -> int:
    """Where in the list; without a place, at the end."""
    text = request.POST.get("position", "")
    return int(text) if text.isdecimal() and len(text) < 6 else 1_000_000
