"""Activities: log a call, plan one, mark it done, cancel it. From the page of an account, a plan, or home."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm import operations
from crm.enums import ActivityStatus
from crm.forms import ActivityForm, CompleteActivityForm, DoneActivityForm, PlannedActivityForm
from crm.models import Account, Activity
from kam.core.clock import company_today
from kam.core.forms import saved
from kam.core.pages import next_url, posted, render_form, success_with_undo
from kam.core.policy import object_required


def with_account(activities: QuerySet) -> QuerySet:
    return activities.select_related("account", "type", "owner")


def _edit(request: HttpRequest, form: ActivityForm, done: str) -> HttpResponse:
    """One page for all activity forms; back to where the reader came from."""
    account = form.instance.account
    back = next_url(request, account.get_absolute_url())
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, done % {"activity": form.instance})
        return redirect(back)
    title = form.instance.subject or _("New activity")
    context = {"form": form, "account": account, "back": back, "title": title, "nav_section": "accounts"}
    return render_form(request, "crm/activity_form.html", context)


@object_required(Account, "crm.add_activity")
def activity_log(request: HttpRequest, account: Account) -> HttpResponse:
    """Something that was done: the call cadence starts anew from its day."""
    form = DoneActivityForm(
        posted(request),
        instance=Activity(account=account),
        initial={"owner": request.user, "done_on": company_today()},
        user=request.user,
    )
    return _edit(request, form, _("“%(activity)s” is logged."))


@object_required(Account, "crm.add_activity")
def activity_plan(request: HttpRequest, account: Account) -> HttpResponse:
    form = PlannedActivityForm(
        posted(request),
        instance=Activity(account=account),
        initial={"owner": request.user},
        user=request.user,
    )
    return _edit(request, form, _("“%(activity)s” is planned."))


@object_required(Activity, "crm.change_activity", queryset=with_account)
def activity_update(request: HttpRequest, activity: Activity) -> HttpResponse:
    form_class = DoneActivityForm if activity.status == ActivityStatus.DONE else PlannedActivityForm
    form = form_class(posted(request), instance=activity, user=request.user)
    return _edit(request, form, _("“%(activity)s” is saved."))


@object_required(Activity, "crm.change_activity", queryset=with_account)
def activity_complete(request: HttpRequest, activity: Activity) -> HttpResponse:
    """One click: done today. With a form: on which day, and what came of it."""
    back = next_url(request, activity.account.get_absolute_url())
    if request.method == "POST" and "done_on" not in request.POST:
        return _complete(request, activity, back, done_on=company_today())
    initial = {"done_on": min(activity.planned_for or company_today(), company_today())}
    form = CompleteActivityForm(posted(request), initial={**initial, "notes": activity.notes})
    if request.method == "POST" and form.is_valid():
        return _complete(request, activity, back, **form.cleaned_data)
    context = {"form": form, "account": activity.account, "title": activity.subject, "back": back}
    return render_form(request, "crm/activity_form.html", {**context, "nav_section": "accounts"})


def _complete(request: HttpRequest, activity: Activity, back: str, **values: Any) -> HttpResponse:
    try:
        operations.complete_activity(activity=activity, **values)
    except operations.ActivityStepNotAllowedError as error:
        messages.error(request, str(error))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        undo = undo_url(activity, back)
        success_with_undo(request, _("“%(activity)s” is done.") % {"activity": activity}, undo)
    return redirect(back)


def undo_url(activity: Activity, back: str) -> str:
    return f"{reverse('crm:activity_reopen', args=[activity.pk])}?{urlencode({'next': back})}"


@require_POST
@object_required(Activity, "crm.change_activity", queryset=with_account)
def activity_cancel(request: HttpRequest, activity: Activity) -> HttpResponse:
    back = next_url(request, activity.account.get_absolute_url())
    try:
        operations.cancel_activity(activity=activity)
    except operations.ActivityStepNotAllowedError as error:
        messages.error(request, str(error))
    else:
        undo = undo_url(activity, back)
        success_with_undo(request, _("“%(activity)s” is cancelled.") % {"activity": activity}, undo)
    return redirect(back)


@require_POST
@object_required(Activity, "crm.change_activity", queryset=with_account)
def activity_reopen(request: HttpRequest, activity: Activity) -> HttpResponse:
    """The undo of done and cancelled."""
    try:
        operations.reopen_activity(activity=activity)
    except operations.ActivityStepNotAllowedError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("“%(activity)s” is planned again.") % {"activity": activity})
    return redirect(next_url(request, activity.account.get_absolute_url()))


@object_required(Activity, "crm.delete_activity", queryset=with_account)
def activity_delete(request: HttpRequest, activity: Activity) -> HttpResponse:
    back = next_url(request, activity.account.get_absolute_url())
    if request.method == "POST":
        name = str(activity)
        activity.delete()
        messages.success(request, _("“%(activity)s” is deleted.") % {"activity": name})
        return redirect(back)
    context = {"activity": activity, "back": back, "nav_section": "accounts"}
    return render(request, "crm/activity_confirm_delete.html", context)
