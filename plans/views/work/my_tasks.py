"""What the reader has to do, across plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _
from django_filters import FilterSet

from kam.core.clock import company_today
from kam.core.lists import list_filter, page_of
from kam.core.policy import signed_in
from kam.users.models import User
from plans import policies
from plans.enums import TaskStatus
from plans.filters import AssessmentTaskFilter
from plans.models import AssessmentTask, PlanReview
from plans.operations.work import waiting_for
from plans.views.work.answers import next_query
from plans.views.work.tree import participants_at

PER_PAGE = 50
NEXT = 5
LATELY = timedelta(days=14)
SHOWN_DONE = 10


@dataclass(frozen=True)
class Group:
    name: str
    label: str
    tasks: Sequence[AssessmentTask]


def mine(user: User) -> QuerySet:
    """Tasks of plans that are worked on, with their place."""
    rows = AssessmentTask.objects.visible_to(user).filter(assignee=user).at_hand()
    plan = "item__action_plan__objective__plan__"
    return participants_at(
        plan, rows.select_related(f"{plan}account", "item__prerequisite__task", "assignee")
    )


def by_day(rows: QuerySet) -> QuerySet:
    return rows.order_by(F("due_date").asc(nulls_last=True), "item__order", "pk")


def ready(tasks: Sequence[AssessmentTask], user: User) -> list[AssessmentTask]:
    for task in tasks:
        task.may_complete = user.has_perm("plans.complete_assessmenttask", task)  # type: ignore[attr-defined]
        task.waits_for = waiting_for(task.item)  # type: ignore[attr-defined]
    return list(tasks)


def reviews_of(user: User, filterset: FilterSet, today: date) -> list[PlanReview]:
    """To be held by or with the user, overdue or soon; of one plan, if asked for. Other filters are about tasks."""
    form = filterset.form
    if not form.is_valid() or set(form.changed_data) - {"plan", "ordering"}:
        return []
    rows = PlanReview.objects.visible_to(user).to_hold().falling_to(user)
    rows = rows.filter(due_date__lte=today + policies.REVIEW_SOON)
    if plan := form.cleaned_data.get("plan"):
        rows = rows.filter(plan=plan)
    return list(rows.select_related("plan").order_by("due_date", "pk")[:PER_PAGE])


@signed_in
def my_tasks(request: HttpRequest) -> HttpResponse:
    user, today = request.user, company_today()
    filterset = list_filter(
        AssessmentTaskFilter,
        request,
        mine(user),
        name="my_tasks",
        show=("plan", "kind", "priority"),
        search_in={"plan": reverse_lazy("plans:plan_options")},
    )
    found = filterset.qs
    page = page_of(request, by_day(found.to_do()), per_page=PER_PAGE)
    done = found.filter(status=TaskStatus.COMPLETED, completed_at__gte=timezone.now() - LATELY)
    context = {
        "filter": filterset,
        "page_obj": page,
        "reviews": reviews_of(user, filterset, today) if page.number == 1 else [],
        "groups": groups_of(ready(page.object_list, user), today),
        "done": ready(done.order_by("-completed_at", "pk")[:SHOWN_DONE], user),
        "today": today,
        "back": request.get_full_path(),
        "next_query": next_query(request.get_full_path()),
        "nav_section": "tasks",
    }
    return render(request, "plans/work/my_tasks.html", context)


@signed_in
def my_tasks_panel(request: HttpRequest) -> HttpResponse:
    """The next few, for the home page; nothing where there is nothing to do."""
    tasks = list(by_day(mine(request.user).to_do())[: NEXT + 1])
    if not tasks:
        return HttpResponse()
    shown = ready(tasks[:NEXT], request.user)
    context = {
        "tasks": shown,
        "has_more": len(tasks) > NEXT,
        "back": request.path,
        "next_query": next_query(request.path),
    }
    return render(request, "plans/work/_my_tasks_panel.html", context)


def groups_of(tasks: list[AssessmentTask], today: date) -> list[Group]:
    """By how soon: the week ends with its Sunday."""
    sunday = today + timedelta(days=6 - today.weekday())
    labels = {
        "overdue": _("Overdue"),
        "today": _("Today"),
        "week": _("This week"),
        "later": _("Later"),
        "none": _("No date"),
    }
    found: dict[str, list[AssessmentTask]] = {name: [] for name in labels}
    for task in tasks:
        found[group_of(task.due_date, today, sunday)].append(task)
    return [Group(name, label, found[name]) for name, label in labels.items() if found[name]]


def group_of(due: date | None, today: date, sunday: date) -> str:
    if due is None:
        return "none"
    if due < today:
        return "overdue"
    return "today" if due == today else "week" if due <= sunday else "later"
