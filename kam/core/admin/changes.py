"""The change log as a whole: read only, and without what belongs to hidden rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kam.core.admin.base import ReadOnlyAdmin
from kam.core.admin.history import forget_hidden, names_for
from kam.core.changelog import is_tracked
from kam.core.history import value_in_words
from kam.core.models import Change

_limits: dict[str, Callable[[Any], models.QuerySet]] = {}


def limit_history(app_label: str, containers: Callable[[Any], models.QuerySet]) -> None:
    """Entries of this app are for those only who may see their container, a row of `containers(user)`.

    Whether a deleted container was hidden nobody can tell any more: its entries stay closed.
    """
    _limits[app_label] = containers


def entries_for(user: Any) -> models.QuerySet:
    """The entries that an administrator may read."""
    entries = Change.objects.unscoped(f"the log for {user.pk}, without rows hidden from them")
    for app_label, containers in _limits.items():
        is_readable = Q(container_id__in=containers(user).values("pk"))
        entries = entries.filter(~Q(model__startswith=f"{app_label}.") | is_readable)
    return entries


class ModelFilter(admin.SimpleListFilter):
    title = gettext_lazy("kind of record")
    parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        kinds = [
            (model._meta.label_lower, str(capfirst(model._meta.verbose_name)))
            for model in apps.get_models()
            if is_tracked(model) and getattr(model, "logged_as", "") in {"", model._meta.label_lower}
        ]
        return sorted(kinds, key=lambda kind: kind[1])

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        return queryset.filter(model=self.value()) if self.value() else queryset


class SourceFilter(admin.SimpleListFilter):
    title = gettext_lazy("channel")
    parameter_name = "source"
    channels = ("page", "api", "admin", "import", "command", "task", "system")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(channel, channel) for channel in self.channels]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        return queryset.filter(source=self.value()) if self.value() else queryset


@admin.register(Change)
class ChangeAdmin(ReadOnlyAdmin):
    list_display = ("at", "actor_name", "source", "operation", "kind", "object_name", "reason")
    list_filter = ("operation", SourceFilter, ModelFilter)
    search_fields = ("object_name", "actor_name")
    search_help_text = gettext_lazy("The name or the id of a record, or who changed it.")
    ordering = ("-id",)
    fields = (
        "at",
        "actor_name",
        "source",
        "operation",
        "kind",
        "object_name",
        "object_id",
        "values",
        "reason",
        "request_id",
    )
    readonly_fields = ("kind", "values")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return entries_for(request.user).order_by("-id")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        change = super().get_object(request, object_id, from_field)
        if change is not None:
            change.names = names_for([change], request.user)
            forget_hidden(change, change.names)
        return change

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        try:
            key = models.UUIDField().to_python(search_term.strip()) if search_term.strip() else None
        except ValidationError:
            key = None
        if key is not None:
            return queryset.filter(Q(object_id=key) | Q(container_id=key)), False
        return super().get_search_results(request, queryset, search_term)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Of the record that the entry is about."""
        change = self.get_object(request, unquote(object_id))
        if change is None:
            raise Http404
        return redirect(f"{reverse('admin:core_change_changelist')}?q={change.object_id}")

    @admin.display(description=gettext_lazy("kind of record"), ordering="model")
    def kind(self, change: Change) -> str:
        return str(capfirst(apps.get_model(change.model)._meta.verbose_name))

    @admin.display(description=gettext_lazy("values"))
    def values(self, change: Any) -> SafeString | str:
        """A table of the fields: what they were and what they are."""
        model = apps.get_model(change.model)
        before, after = change.before or {}, change.after or {}
        rows = []
        for name in {**before, **after}:
            try:
                field = model._meta.get_field(name)
            except FieldDoesNotExist:
                continue  # a field of an older release
            told = [
                value_in_words(field, values.get(name), names=change.names, currency="")
                or str(values.get(name))
                for values in (before, after)
            ]
            rows.append((capfirst(getattr(field, "verbose_name", name)), *told))
        if not rows:
            return "–"
        body = format_html_join("", "<tr><th scope='row'>{}</th><td>{}</td><td>{}</td></tr>", rows)
        head = format_html(
            "<tr><td></td><th scope='col'>{}</th><th scope='col'>{}</th></tr>", _("Before"), _("After")
        )
        return format_html("<table><thead>{}</thead><tbody>{}</tbody></table>", head, body)
