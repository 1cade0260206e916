"""The pages of a user about themselves; logging in and passwords rest on Django's own views."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from kam.core.api.throttles import FailedLogins
from kam.core.forms import options_response
from kam.core.pages import posted, typed
from kam.core.policy import signed_in
from kam.users.forms import ProfileForm, named
from kam.users.models import User


class LoginView(auth_views.LoginView):
    """Django's own, which takes only so many wrong guesses."""

    template_name = "users/login.html"
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.failed = FailedLogins(request)
        if not (seconds := self.failed.wait()):
            return super().post(request, *args, **kwargs)
        text = _("Too many attempts. Try again in a minute.")
        # Unbound: the password is not looked at.
        context = self.get_context_data(form=self.get_form_class()(request), refused=text)
        return self.render_to_response(
            context, status=HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": str(seconds)}
        )

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        self.failed.note()
        return super().form_invalid(form)


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
