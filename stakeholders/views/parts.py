"""What hangs on a stakeholder: relations, colleagues, products, actions."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from kam.core.forms import saved
from kam.core.pages import next_url, posted, render_form
from kam.core.policy import object_required
from stakeholders.forms import ActionForm, ColleagueForm, LinkForm, StakeholderProductForm
from stakeholders.models import (
    AccountPlanStakeholder,
    ParticipantStakeholder,
    StakeholderAction,
    StakeholderLink,
    StakeholderProduct,
)
from stakeholders.views.stakeholders import PAGE, detail_url, with_frame


def of_stakeholder(*others: str) -> Any:
    def with_stakeholder(rows: QuerySet) -> QuerySet:
        return rows.in_shown_sections().with_stakeholder(*others)

    return with_stakeholder


def answer(
    request: HttpRequest,
    form: Any,
    stakeholder: AccountPlanStakeholder,
    *,
    title: str,
    done: str,
    **more: Any,
) -> HttpResponse:
    """Save what was sent and go back to the stakeholder, or show the form."""
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, done)
        return redirect(next_url(request, detail_url(stakeholder)))
    context = {
        "form": form,
        "plan": stakeholder.plan,
        "stakeholder": stakeholder,
        "title": title,
        "back": next_url(request, detail_url(stakeholder)),
        **PAGE,
        **more,
    }
    return render_form(request, "stakeholders/part_form.html", context)


def remove(
    request: HttpRequest, part: Any, stakeholder: AccountPlanStakeholder, *, note: str = ""
) -> HttpResponse:
    if request.method == "POST":
        name = str(part)
        part.delete()
        messages.success(request, _("“%(part)s” is removed.") % {"part": name})
        return redirect(detail_url(stakeholder))
    context = {"part": part, "plan": stakeholder.plan, "note": note, "back": detail_url(stakeholder), **PAGE}
    return render(request, "stakeholders/confirm_delete.html", context)


# --- Relations ----------------------------------------------------------------------------------
@object_required(AccountPlanStakeholder, "stakeholders.add_stakeholderlink", queryset=with_frame)
def link_create(request: HttpRequest, stakeholder: AccountPlanStakeholder) -> HttpResponse:
    form = LinkForm(posted(request), stakeholder=stakeholder, user=request.user)
    return answer(request, form, stakeholder, title=_("New relation"), done=_("The two are linked."))


@object_required(
    StakeholderLink,
    "stakeholders.delete_stakeholderlink",
    queryset=lambda rows: rows.in_shown_sections().with_ends(),
)
def link_delete(request: HttpRequest, link: StakeholderLink) -> HttpResponse:
    return remove(request, link, link.from_stakeholder)


# --- Colleagues ---------------------------------------------------------------------------------
@object_required(AccountPlanStakeholder, "stakeholders.add_participantstakeholder", queryset=with_frame)
def colleague_create(request: HttpRequest, stakeholder: AccountPlanStakeholder) -> HttpResponse:
    row = ParticipantStakeholder(stakeholder=stakeholder)
    form = ColleagueForm(posted(request), instance=row, user=request.user)
    is_possible = form.fields["participant"].queryset.exists()  # type: ignore[attr-defined]
    return answer(
        request,
        form,
        stakeholder,
        title=_("Who looks after %(person)s?") % {"person": stakeholder},
        done=_("That is noted."),
        missing="" if is_possible else "colleague",
    )


@object_required(
    ParticipantStakeholder,
    "stakeholders.delete_participantstakeholder",
    queryset=of_stakeholder("participant__user"),
)
def colleague_delete(request: HttpRequest, row: ParticipantStakeholder) -> HttpResponse:
    return remove(request, row, row.stakeholder, note=_("They still take part in the plan."))


# --- Products -----------------------------------------------------------------------------------
@object_required(AccountPlanStakeholder, "stakeholders.add_stakeholderproduct", queryset=with_frame)
def product_create(request: HttpRequest, stakeholder: AccountPlanStakeholder) -> HttpResponse:
    row = StakeholderProduct(stakeholder=stakeholder)
    form = StakeholderProductForm(posted(request), instance=row, user=request.user)
    title = _("%(person)s and a product") % {"person": stakeholder}
    return answer(request, form, stakeholder, title=title, done=_("That is noted."))


@object_required(
    StakeholderProduct, "stakeholders.change_stakeholderproduct", queryset=of_stakeholder("product")
)
def product_update(request: HttpRequest, row: StakeholderProduct) -> HttpResponse:
    form = StakeholderProductForm(posted(request), instance=row, user=request.user)
    return answer(request, form, row.stakeholder, title=str(row), done=_("That is noted."))


@object_required(
    StakeholderProduct, "stakeholders.delete_stakeholderproduct", queryset=of_stakeholder("product")
)
def product_delete(request: HttpRequest, row: StakeholderProduct) -> HttpResponse:
    return remove(request, row, row.stakeholder)


# --- Actions ------------------------------------------------------------------------------------
@object_required(AccountPlanStakeholder, "stakeholders.add_stakeholderaction", queryset=with_frame)
def action_create(request: HttpRequest, stakeholder: AccountPlanStakeholder) -> HttpResponse:
    start = {"assignee": stakeholder.owner or request.user}
    form = ActionForm(posted(request), initial=start, stakeholder=stakeholder, user=request.user)
    is_possible = form.fields["action_plan"].queryset.exists()  # type: ignore[attr-defined]
    return answer(
        request,
        form,
        stakeholder,
        title=_("New action with %(person)s") % {"person": stakeholder},
        done=_("The task is made. It stands in the work of the plan, too."),
        missing="" if is_possible else "action_plan",
    )


@object_required(StakeholderAction, "stakeholders.delete_stakeholderaction", queryset=of_stakeholder("task"))
def action_delete(request: HttpRequest, action: StakeholderAction) -> HttpResponse:
    """The task stays; it is only no longer about them."""
    return remove(
        request, action, action.stakeholder, note=_("The task itself stays in the work of the plan.")
    )
