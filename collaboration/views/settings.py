"""When and how the reader wants to be reminded."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from collaboration import operations
from collaboration.forms import ReminderSettingsForm
from kam.core.pages import posted, render_form
from kam.core.policy import signed_in


@signed_in
def reminder_settings(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        read = operations.own_settings if request.method == "POST" else operations.settings_of
        form = ReminderSettingsForm(posted(request), instance=read(request.user))
        if form.is_valid():
            form.save()
            messages.success(request, _("Your settings are saved."))
            return redirect("collaboration:reminder_settings")
    context = {
        "form": form,
        "is_company": form.instance._state.adding,
        "nav_section": "notifications",
    }
    return render_form(request, "collaboration/reminder_settings.html", context)


@require_POST
@signed_in
def reminder_settings_forget(request: HttpRequest) -> HttpResponse:
    operations.forget_own_settings(request.user)
    messages.success(request, _("The company's settings hold for you."))
    return redirect("collaboration:reminder_settings")
