"""Who takes part in a plan, and what they may do."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from kam.core.forms import saved
from kam.core.pages import posted, render_form
from kam.core.policy import object_required
from plans.forms import ParticipantForm
from plans.models import AccountPlanParticipant, Plan


def with_plan(rows: QuerySet) -> QuerySet:
    return rows.select_related("plan", "user")


@object_required(Plan, "plans.add_accountplanparticipant")
def participant_create(request: HttpRequest, plan: Plan) -> HttpResponse:
    form = ParticipantForm(posted(request), instance=AccountPlanParticipant(plan=plan), user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("%(person)s takes part now.") % {"person": form.instance.user})
        return redirect(plan)
    context = {"form": form, "plan": plan, "title": _("Add a colleague"), "nav_section": "plans"}
    return render_form(request, "plans/part_form.html", context)


@object_required(AccountPlanParticipant, "plans.change_accountplanparticipant", queryset=with_plan)
def participant_update(request: HttpRequest, participant: AccountPlanParticipant) -> HttpResponse:
    form = ParticipantForm(posted(request), instance=participant, user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("What %(person)s may do is saved.") % {"person": participant.user})
        return redirect(participant.plan)
    context = {"form": form, "plan": participant.plan, "title": str(participant.user), "nav_section": "plans"}
    return render_form(request, "plans/part_form.html", context)


@object_required(AccountPlanParticipant, "plans.delete_accountplanparticipant", queryset=with_plan)
def participant_delete(request: HttpRequest, participant: AccountPlanParticipant) -> HttpResponse:
    if request.method == "POST":
        person = participant.user
        participant.delete()
        messages.success(request, _("%(person)s no longer takes part.") % {"person": person})
        return redirect(participant.plan)
    note = (
        _("A confidential plan is then no longer there for them.") if participant.plan.is_confidential else ""
    )
    context = {"part": participant, "plan": participant.plan, "note": note, "nav_section": "plans"}
    return render(request, "plans/part_confirm_delete.html", context)
