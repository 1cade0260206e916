"""The same change to many tasks of a plan: all of them or none."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from kam.core.pages import as_uuid
from kam.core.policy import object_required
from plans import operations
from plans.models import AssessmentTask, Plan
from plans.views.work.answers import back_url
from plans.views.work.forms import BulkForm
from plans.views.work.pages import tree_context
from plans.views.work.tree import with_participants


@require_POST
@object_required(Plan, "plans.change_accountplan", queryset=with_participants)
def work_bulk(request: HttpRequest, plan: Plan) -> HttpResponse:
    form = BulkForm(request.POST)
    chosen = [pk for text in request.POST.getlist("task") if (pk := as_uuid(text))]
    if form.is_valid() and (count := changed(request, plan, form, chosen)):
        text = ngettext("%(count)s task is changed.", "%(count)s tasks are changed.", count)
        messages.success(request, text % {"count": count})
        back = back_url(request, plan.pk)
        if not request.htmx:  # type: ignore[attr-defined]
            return redirect(back)
        return HttpResponse(headers={"HX-Refresh": "true"})  # rows all over the page stand otherwise now
    context = {"bulk_form": form, "selected": set(chosen)}
    if request.htmx:  # type: ignore[attr-defined]
        context |= {"plan": plan, "back": back_url(request, plan.pk)}
        return render(request, "plans/work/_bulk.html", context, status=422)
    return render(request, "plans/work/tree.html", tree_context(request, plan, **context), status=422)


def changed(request: HttpRequest, plan: Plan, form: BulkForm, chosen: list[UUID]) -> int:
    """How many tasks; none, with the reason in the form, if one of them does not allow it."""
    rows = AssessmentTask.objects.editable_by(request.user)
    tasks = rows.filter(pk__in=chosen, item__action_plan__objective__plan=plan)
    values = {name: value for name, value in form.cleaned_data.items() if value}
    try:
        count = operations.change_tasks(tasks=tasks, **values)
    except ValidationError as error:
        for name, errors in error.update_error_dict({}).items():
            form.add_error(name if name in form.fields else None, errors)
        return 0
    if not count:
        form.add_error(None, _("Choose tasks first."))
    return count
