"""Completion: how far the objectives and tasks of plans are, and the plans behind each count."""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kam.core.clock import company_today
from kam.core.lists import list_filter, page_of
from kam.core.policy import signed_in
from metrics.dashboards import completion
from metrics.dashboards.groups import Counts, Group
from metrics.enums import PlanConcern
from metrics.filters import CompletionFilter
from metrics.views.drill_down import Row, bar_of, cells_of, chosen, link, parts_of
from plans.operations import log_confidential_look

SHOWN_FILTERS = ("status", "owner", "territory", "plan_type", "start_date")
HIDDEN_FILTERS = ("current", "concern", "without_territory")
WORK_LABELS = {
    "done": gettext_lazy("Done"),
    "open": gettext_lazy("Open, in time"),
    "overdue": gettext_lazy("Overdue"),
    "missed": gettext_lazy("Not achieved"),
}
KINDS = {"objective": gettext_lazy("Objectives"), "task": gettext_lazy("Tasks")}
# The list of plans that a count leads to, where it is not all of the group.
CONCERN_OF = {"objective_overdue": PlanConcern.OVERDUE_OBJECTIVES, "task_overdue": PlanConcern.OVERDUE_TASKS}


def labels_of(kind: str) -> dict[str, Any]:
    """Only an objective can be missed: a task is done, or still to do."""
    return {
        f"{kind}_{name}": label for name, label in WORK_LABELS.items() if (kind, name) != ("task", "missed")
    }


@signed_in
def plan_completion(request: HttpRequest) -> HttpResponse:
    user, today = request.user, company_today()
    filterset = list_filter(
        CompletionFilter,
        request,
        completion.plans_of(user),
        name="completion",
        show=SHOWN_FILTERS,
        hidden=HIDDEN_FILTERS,
        search_in={"owner": reverse_lazy("users:user_options")},
    )
    found = completion.completion_of(filterset.qs, today=today)
    concern = filterset.form.cleaned_data.get("concern") if filterset.form.is_valid() else ""
    plans = filterset.qs.filter(completion.concerns(today)[concern]) if concern else filterset.qs
    if not request.GET.get("ordering"):
        plans = plans.order_by(F("end_date").asc(), "name", "pk")
    page = page_of(request, plans.select_related("account", "territory", "owner", "plan_type"))
    work = completion.work_of_plans([plan.pk for plan in page], today=today)
    for plan in page:
        log_confidential_look(plan=plan, user=user)
        plan.work = [work_row(kind, plan, work.get(plan.pk, Counts())) for kind in KINDS]
    context = {
        "filter": filterset,
        "page_obj": page,
        "totals": [total_of(kind, found.total) for kind in KINDS],
        "plan_count": found.total["plans"],
        "tables": tables_of(request, found),
        "concern_tabs": tabs_of(request, found.total, concern),
        "nav_section": "dashboards",
    }
    return render(request, "metrics/completion.html", context)


def total_of(kind: str, counts: Counts) -> dict[str, Any]:
    return {
        "kind": kind,
        "label": str(KINDS[kind]),
        "percent": completion.work_percent(counts, kind),
        "parts": parts_of(counts, labels_of(kind)),
        "in_all": sum(counts[key] for key in labels_of(kind)),
    }


def work_row(kind: str, plan: Any, counts: Counts) -> dict[str, Any]:
    return {
        **total_of(kind, counts),
        "chart_id": f"{kind}-of-{plan.pk.hex}",
        "done": counts[f"{kind}_done"],
        "overdue": counts[f"{kind}_overdue"],
    }


def tables_of(request: HttpRequest, found: completion.Completion) -> list[dict[str, Any]]:
    def row(name: str, group: Group) -> Row:
        here = {} if name == "owner" and group.id is None else chosen(name, group)
        plans = link(request, "plans", concern="", **here)
        cells: list[Any] = cells_of(group, {"plans": _("Plans")}, {"plans": plans})
        for kind, label in KINDS.items():
            labels = labels_of(kind)
            links = {key: link(request, "plans", concern=CONCERN_OF.get(key, ""), **here) for key in labels}
            cells += [bar_of(label, f"{kind}-{name}", group, labels), *cells_of(group, labels, links)]
        return Row(group.name, group.level, cells)

    return [
        {
            "id": f"by-{name.replace('_', '-')}",
            "title": title,
            "head": head,
            "nobody": _("No territory"),
            "rows": [row(name, group) for group in groups],
        }
        for name, title, head, groups in (
            ("owner", _("By owner of the plan"), _("Owner"), found.by_owner),
            ("territory", _("By territory, with those below"), _("Territory"), found.by_territory),
            ("plan_type", _("By plan type"), _("Plan type"), found.by_plan_type),
        )
    ]


def tabs_of(request: HttpRequest, total: Counts, now: str) -> list[dict[str, Any]]:
    """Of the list: all plans, and those with one of the concerns. Overdue work counts objectives and tasks."""
    everything = {
        "label": _("All plans"),
        "url": link(request, "plans", concern=""),
        "active": not now,
        "count": total["plans"],
    }
    counted = {PlanConcern.WITHOUT_OBJECTIVES, PlanConcern.NEVER_ACTIVATED}
    return [
        everything,
        *(
            {
                "label": str(label),
                "url": link(request, "plans", concern=concern),
                "active": concern == now,
                "count": total[concern] if concern in counted else None,
            }
            for concern, label in PlanConcern.choices
        ),
    ]
