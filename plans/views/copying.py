"""Copy a plan to another account or territory, or period: look at what would be made, then make it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from kam.core.pages import posted, render_form
from kam.core.policy import object_required
from plans.copy_forms import PlanCopyForm
from plans.models import Plan
from plans.operations.copying import PlanCopy, copy_plan, preview_copy
from plans.operations.parts import parts


@object_required(
    Plan,
    "plans.copy_plan",
    queryset=lambda rows: rows.select_related("account", "territory", "owner", "plan_type"),
)
def accountplan_copy(request: HttpRequest, plan: Plan) -> HttpResponse:
    form = PlanCopyForm(posted(request), source=plan, user=request.user)
    context: dict[str, Any] = {"form": form, "plan": plan, "nav_section": "plans"}
    if request.method == "POST" and form.is_valid():
        is_preview = "preview" in request.POST
        try:
            made = (preview_copy if is_preview else copy_plan)(plan, form.asked())
        except ValidationError as error:
            for name, texts in error.message_dict.items():
                form.add_error(name if name in form.fields else None, texts)
        else:
            if not is_preview:
                messages.success(request, _("“%(plan)s” is there, as a draft.") % {"plan": made.plan.name})
                return redirect(made.plan)
            context |= {"made": made, "counts": counts_of(made)}
            return render(request, "plans/accountplan_copy.html", context)
    return render_form(request, "plans/accountplan_copy.html", context)


def counts_of(made: PlanCopy) -> list[dict[str, Any]]:
    return [
        {"label": part.label, "count": made.counts[part.name]}
        for part in parts()
        if made.counts.get(part.name)
    ]
