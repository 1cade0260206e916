"""Users and API tokens in the Django admin."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kam.core.admin import KamAdminForm, KamModelAdmin
from kam.users import operations
from kam.users.models import ApiToken, Role, User

admin.site.unregister(Group)  # what somebody may do follows from the role


class UserForm(KamAdminForm, UserChangeForm):
    user_id: Any = None  # of who edits; set by `UserAdmin.get_form`
    sees_confidential = forms.BooleanField(
        label=gettext_lazy("Sees confidential plans"),
        required=False,
        help_text=gettext_lazy("For administrators. Every look is logged. Nobody can give it to themselves."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["sees_confidential"] = operations.may_see_confidential(self.instance)
        self.is_own = self.instance.pk == self.user_id
        if self.is_own and not self.initial["sees_confidential"]:
            self.fields["sees_confidential"].disabled = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.is_own and (cleaned.get("role") != Role.ADMIN or not cleaned.get("is_active")):
            raise forms.ValidationError(
                _("You cannot lock yourself out: ask another administrator."), "own_access"
            )
        return cleaned


class UserAddForm(AdminUserCreationForm):
    class Meta(AdminUserCreationForm.Meta):
        model = User


@admin.register(User)
class UserAdmin(KamModelAdmin, DjangoUserAdmin):
    form = UserForm
    form_only = ("version", "sees_confidential", "usable_password", "password1", "password2")
    add_form = UserAddForm
    list_display = ("username", "__str__", "role", "job_title", "manager", "is_active")
    list_display_links = ("username", "__str__")
    list_filter = ("role", "is_active")
    list_select_related = ("manager",)
    search_fields = ("username", "first_name", "last_name", "email")
    ordering = ("first_name", "last_name", "username")
    autocomplete_fields = ("manager", "delegate")
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    actions = ("deactivate", "activate")
    fieldsets = (
        (None, {"fields": ("username", "password", "first_name", "last_name", "email", "job_title")}),
        (gettext_lazy("Access"), {"fields": ("role", "source", "is_active", "sees_confidential")}),
        (gettext_lazy("Organisation"), {"fields": ("manager", "delegate", "time_zone", "locale")}),
        (gettext_lazy("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": (
                    "username",
                    "first_name",
                    "last_name",
                    "email",
                    "role",
                    "source",
                    "manager",
                    "usable_password",
                    "password1",
                    "password2",
                )
            },
        ),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.add_fieldsets if obj is None else KamModelAdmin.get_fieldsets(self, request, obj)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.user_id = request.user.pk
        return form

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        rows, may_repeat = super().get_search_results(request, queryset, search_term)
        return (rows.filter(is_active=True) if _is_choosing(request) else rows), may_repeat

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if "sees_confidential" in form.cleaned_data:
            granted = form.cleaned_data["sees_confidential"]
            operations.set_confidential_access(user=form.instance, granted=granted, actor=request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who left is deactivated: plans, history and owners keep their names."""
        return False

    @admin.action(description=gettext_lazy("Deactivate: no more login, no more API"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet) -> None:
        count = queryset.exclude(pk=request.user.pk).update(is_active=False)
        self._tell(request, count)

    @admin.action(description=gettext_lazy("Activate"), permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet) -> None:
        self._tell(request, queryset.update(is_active=True))

    def _tell(self, request: HttpRequest, count: int) -> None:
        text = ngettext("%(count)s user was changed.", "%(count)s users were changed.", count)
        messages.success(request, text % {"count": count})


def _is_choosing(request: HttpRequest) -> bool:
    """Whether the list is what an autocomplete field offers."""
    return bool(request.resolver_match and request.resolver_match.url_name == "autocomplete")


class TokenForm(forms.ModelForm):
    """A new token. Nothing of it can be changed later; it can be revoked."""

    days = forms.IntegerField(
        label=gettext_lazy("valid for days"),
        min_value=1,
        max_value=3_650,
        required=False,
        help_text=gettext_lazy("Empty: until it is revoked."),
    )


@admin.register(ApiToken)
class ApiTokenAdmin(KamModelAdmin):
    form = TokenForm
    form_only = ("days",)
    list_display = ("name", "user", "is_read_only", "created_at", "expires_at", "revoked_at", "last_used_at")
    list_filter = ("is_read_only", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("user",)
    search_fields = ("name", "user__username", "user__first_name", "user__last_name")
    autocomplete_fields = ("user",)
    actions = ("revoke",)
    fields = ("user", "name", "is_read_only", "days")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Everybody's: administrators make and revoke the tokens of systems. Keys are not stored."""
        return ApiToken.objects.order_by("-created_at")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return [(None, {"fields": self.fields})]
        shown = ("user", "name", "is_read_only", "created_at", "expires_at", "revoked_at", "last_used_at")
        return [(None, {"fields": shown})]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only as far as the list's actions go."""
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Revoked tokens stay listed."""
        return False

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        days = form.cleaned_data["days"]
        token, key = ApiToken.issue(
            user=obj.user,
            name=obj.name,
            is_read_only=obj.is_read_only,
            lifetime=timedelta(days=days) if days else None,
        )
        obj.__dict__.update(token.__dict__)
        text = _("The key of “%(name)s” is %(key)s – copy it now, it is shown only once.")
        messages.warning(request, text % {"name": token.name, "key": key})

    @admin.action(description=gettext_lazy("Revoke: it opens nothing from now on"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet) -> None:
        tokens = list(queryset.filter(revoked_at=None))
        for token in tokens:
            token.revoke()
        text = ngettext("%(count)s token was revoked.", "%(count)s tokens were revoked.", len(tokens))
        messages.success(request, text % {"count": len(tokens)})
