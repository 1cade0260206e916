"""The pages of a user about themselves; logging in and passwords are Django's own views."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from kam.core.forms import options_response
from kam.core.pages import posted, typed
from kam.core.policy import signed_in
from kam.users.forms import ProfileForm, named
from kam.users.models import User


@signed_in
def profile(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(posted(request), instance=request.user)
    if form.is_valid():
        form.save()
        messages.success(request, _("Your settings are saved."))
        return redirect("users:profile")
    return render(request, "users/profile.html", {"form": form}, status=422 if form.is_bound else 200)


@signed_in
def user_options(request: HttpRequest) -> HttpResponse:
    """Colleagues whose name matches, for search fields."""
    people = User.objects.people().filter(named(typed(request)))
    return options_response(people, note=lambda user: user.job_title or user.get_role_display())
