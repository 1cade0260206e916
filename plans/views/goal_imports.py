"""Goals of the library into a plan: choose them, look at what would be made and adjust it, make it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kam.core.changes import StaleObjectError
from kam.core.pages import as_uuid, typed
from kam.core.policy import object_required
from kam.users.models import User
from plans.models import AccountPlanParticipant, ActionPlan, Objective, Plan
from plans.operations import log_confidential_look
from plans.operations.goal_imports import (
    MOST_GOALS,
    AlreadyImportedError,
    ImportDraft,
    check_adjusted,
    draft_import,
    first_start,
    import_goals,
    offered_goals,
)
from plans.operations.newer_versions import NothingNewError, add_newer, draft_newer, newer_versions
from templates_app.models import GoalDefinition

SHOWN_GOALS = 60
LOADED = "parts of a plan that was loaded through the gate"
ROLE_IS_EMPTY = gettext_lazy("Nobody on the plan has this role.")


def with_owner(plans: QuerySet) -> QuerySet:
    return plans.select_related("owner", "plan_type", "account", "territory")


# --- Choosing -------------------------------------------------------------------------------
@object_required(Plan, "plans.change_accountplan", queryset=with_owner)
def goals_choose(request: HttpRequest, plan: Plan) -> HttpResponse:
    """Those of the plan type first; `q` searches, and what is chosen stays."""
    log_confidential_look(plan=plan, user=request.user)
    offered = offered_goals(request.user, for_territories=plan.is_of_territory)
    goals = offered.select_related("category")
    text = typed(request)
    chosen_ids = ids_in(request)
    wanted = goals
    for word in text.split()[:8]:
        wanted = wanted.filter(name__icontains=word) | wanted.filter(description__icontains=word)
    first = list(plan.plan_type.goal_links.order_by("order", "id").values_list("goal_definition", flat=True))
    chosen = list(goals.filter(pk__in=chosen_ids).order_by("name"))
    found = list(wanted.exclude(pk__in=chosen_ids).order_by("name")[: SHOWN_GOALS + len(first) + 1])
    found.sort(key=lambda goal: first.index(goal.pk) if goal.pk in first else len(first))
    objectives = Objective.objects.unscoped(LOADED).filter(plan=plan)
    known = set(objectives.values_list("goal_definition", flat=True))
    context = {
        "plan": plan,
        "plan_tab": "work",
        "rows": [
            {
                "goal": goal,
                "is_chosen": goal in chosen,
                "is_first": goal.pk in first,
                "is_known": goal.pk in known,
            }
            for goal in [*chosen, *found[:SHOWN_GOALS]]
        ],
        "has_more": len(found) > SHOWN_GOALS,
        "text": text,
        "start_date": start_in(request) or first_start(plan),
        "newer": newer_of(plan),
        "nav_section": "plans",
    }
    return render(request, "plans/goals_choose.html", context)


def newer_of(plan: Plan) -> list[dict[str, Any]]:
    rows = ActionPlan.objects.unscoped(LOADED).filter(objective__plan=plan, template_version__isnull=False)
    made = list(rows.select_related("template_version").order_by("objective__order", "order", "created_at"))
    newer = newer_versions(made)
    return [{"action_plan": row, "version": newer[row.pk]} for row in made if row.pk in newer]


def ids_in(request: HttpRequest) -> list[Any]:
    found = (as_uuid(text) for text in request.GET.getlist("goal")[:MOST_GOALS])
    return list(dict.fromkeys(pk for pk in found if pk))


def start_in(request: HttpRequest) -> date | None:
    try:
        return date.fromisoformat(request.GET.get("start_date", ""))
    except ValueError:
        return None


# --- Looking, adjusting, making ---------------------------------------------------------------
class PartForm(forms.Form):
    """One row of the preview: an objective, an action plan or a task."""

    keep = forms.BooleanField(required=False)
    name = forms.CharField(max_length=200)
    person = forms.TypedChoiceField()
    start = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    end = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, data: Any, *, row: Any, people: dict[str, User], place: Any) -> None:
        self.row, self.place = row, place
        self.ends = "target_date" if isinstance(row, Objective) else "due_date"
        self.whose = "owner" if hasattr(row, "owner_id") else "assignee"
        initial = {
            "keep": True,
            "name": row.name,
            "person": str(getattr(row, f"{self.whose}_id")),
            "start": row.start_date,
            "end": getattr(row, self.ends),
        }
        super().__init__(data, prefix=str(place), initial=initial)
        field: Any = self.fields["person"]
        field.choices = [(pk, str(user)) for pk, user in people.items()]
        field.coerce = people.__getitem__
        for name, label in (
            ("keep", _("Make")),
            ("name", _("Name")),
            ("start", _("Start")),
            ("end", _("Due")),
        ):
            self.fields[name].widget.attrs["aria-label"] = f"{label}: {row.name}"
        field.widget.attrs["aria-label"] = f"{_('For')}: {row.name}"

    def apply(self) -> None:
        """Take what was typed over to the row, which says what does not hold."""
        self.row.name, self.row.start_date = self.cleaned_data["name"], self.cleaned_data["start"]
        setattr(self.row, self.whose, self.cleaned_data["person"])
        setattr(self.row, self.ends, self.cleaned_data["end"])

    def note(self, error: ValidationError) -> None:
        names = {"start_date": "start", self.ends: "end", self.whose: "person", "name": "name"}
        for name, found in error.update_error_dict({}).items():
            self.add_error(names.get(name), found)


class Preview:
    """A draft with the forms of its rows."""

    def __init__(self, draft: ImportDraft, people: dict[str, User], data: Any) -> None:
        self.draft = draft
        self.goals = []
        for number, planned in enumerate(draft.goals):
            below = []
            for version in planned.action_plans:
                place = f"{number}-{version.version.pk}"
                tasks = [
                    (task, PartForm(data, row=task.task, people=people, place=f"{number}-{task.design.pk}"))
                    for task in version.tasks
                ]
                own = PartForm(data, row=version.action_plan, people=people, place=place)
                below.append((version, own, tasks))
            own = PartForm(data, row=planned.objective, people=people, place=number)
            self.goals.append((planned, own, below))

    @property
    def seen(self) -> str:
        """What the reader looked at: once the library has moved on, they look again."""
        versions = [
            version.version.pk.hex for planned in self.draft.goals for version in planned.action_plans
        ]
        return "-".join(versions)

    def is_valid(self) -> bool:
        """Whether what was typed holds; then it stands in the draft."""
        kept: list[PartForm] = []
        for _planned, own, below in self.goals:
            kept.append(own)
            for version, form, tasks in below:
                version.is_included = form.data.get(form.add_prefix("keep")) is not None
                kept += [form] if version.is_included else []
                for task, task_form in tasks:
                    task.is_included = task_form.data.get(task_form.add_prefix("keep")) is not None
                    kept += [task_form] if version.is_included and task.is_included else []
        valid = [form.is_valid() for form in kept]  # every form says what is wrong with it
        if not all(valid):
            return False
        for form in kept:
            form.apply()
        errors = check_adjusted(self.draft)
        for form in kept:
            if form.row.pk in errors:
                form.note(errors[form.row.pk])
        return not errors


def people_of(plan: Plan, user: User) -> dict[str, User]:
    """Who can get work: the owner, who is on the plan, and the reader."""
    seats = AccountPlanParticipant.objects.unscoped(LOADED).filter(plan=plan, user__is_active=True)
    others = [
        seat.user for seat in seats.select_related("user").order_by("user__first_name", "user__last_name")
    ]
    return {str(person.pk): person for person in (plan.owner, *others, user)}


@object_required(Plan, "plans.change_accountplan", queryset=with_owner)
def goals_preview(request: HttpRequest, plan: Plan) -> HttpResponse:
    """GET shows what would be made; POST makes what is left of it."""
    log_confidential_look(plan=plan, user=request.user)
    offered = offered_goals(request.user, for_territories=plan.is_of_territory)
    goals = list(offered.filter(pk__in=ids_in(request)))
    goals.sort(key=lambda goal: ids_in(request).index(goal.pk))
    if not goals:
        messages.info(request, _("Choose at least one goal."))
        return redirect("plans:goals_choose", plan.pk)
    draft = drafted(request, plan, goals)
    posted = request.POST if request.method == "POST" else None
    preview = Preview(draft, people_of(plan, request.user), posted)
    problem, status = "", 200
    if posted is not None and posted.get("seen") != preview.seen:
        problem, status = _("The library has changed in the meantime: look again at what would be made."), 409
        preview = Preview(draft, people_of(plan, request.user), None)
    elif posted is not None:
        problem, status = made(preview, again="again" in posted)
        if not problem:
            messages.success(request, summary(draft))
            return redirect("plans:work_tree", plan.pk)
    context = {
        "plan": plan,
        "plan_tab": "work",
        "preview": preview,
        "draft": draft,
        "repeated": [planned.goal for planned in draft.goals if planned.is_again],
        "again": posted is not None and "again" in posted,
        "problem": problem,
        "chosen": goals,
        "nav_section": "plans",
    }
    return render(request, "plans/goals_preview.html", context, status=status)


def drafted(request: HttpRequest, plan: Plan, goals: list[GoalDefinition]) -> ImportDraft:
    try:
        return draft_import(plan=plan, goals=goals, start_date=start_in(request))
    except ValidationError as error:  # a start at the end of time
        messages.error(request, " ".join(error.messages))
        return draft_import(plan=plan, goals=goals)


def made(preview: Preview, *, again: bool) -> tuple[str, int]:
    """Make it: what stands in the way and the status that says so, or nothing."""
    if not preview.is_valid():
        return _("Nothing was made yet: look at the fields that are marked."), 422
    try:
        import_goals(preview.draft, again=again)
    except AlreadyImportedError as error:
        return str(error), 409
    except ValidationError as error:
        return " ".join(error.messages), 422
    return "", 200


def summary(draft: ImportDraft) -> str:
    counts = draft.counts
    objectives = ngettext("%(count)s objective", "%(count)s objectives", counts["objectives"])
    tasks = ngettext("%(count)s task", "%(count)s tasks", counts["tasks"])
    return _("Added from the library: %(objectives)s, %(tasks)s.") % {
        "objectives": objectives % {"count": counts["objectives"]},
        "tasks": tasks % {"count": counts["tasks"]},
    }


# --- Newer versions ---------------------------------------------------------------------------
def with_place(rows: QuerySet) -> QuerySet:
    return rows.select_related(
        "objective__plan__account", "objective__plan__plan_type", "owner"
    ).select_related("template_version__template", "objective__plan__owner")


@object_required(ActionPlan, "plans.change_actionplan", queryset=with_place)
def actionplan_newer(request: HttpRequest, action_plan: ActionPlan) -> HttpResponse:
    """GET shows what the newer version of its template brings; POST adds what is new."""
    plan = action_plan.plan
    try:
        if request.method == "POST":
            version = request.POST.get("version", "")
            draft = add_newer(action_plan, expected_version=int(version) if version.isdecimal() else None)
            added = ngettext("%(count)s task is added.", "%(count)s tasks are added.", len(draft.tasks))
            messages.success(request, added % {"count": len(draft.tasks)})
            return redirect("plans:work_tree", plan.pk)
        draft = draft_newer(action_plan)
    except (NothingNewError, ValidationError) as error:
        text = str(error) if isinstance(error, NothingNewError) else " ".join(error.messages)
        messages.info(request, text)
        return redirect("plans:work_tree", plan.pk)
    except StaleObjectError:
        messages.error(request, _("Somebody changed this action plan in the meantime: look again."))
        return redirect(request.path)
    context = {
        "plan": plan,
        "plan_tab": "work",
        "action_plan": action_plan,
        "draft": draft,
        "nav_section": "plans",
    }
    return render(request, "plans/actionplan_newer.html", context)
