"""A row's history from the change log, in words, without what its reader may not see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.contrib.admin.utils import unquote
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.core.paginator import Paginator
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from kam.core.gate import ScopedQuerySet
from kam.core.history import readable, sensitive_fields
from kam.core.models import Change

PAGE = 50


def visible(model: type[models.Model], user: Any) -> models.QuerySet:
    """The rows a user may see; all of those that know no users, such as permissions."""
    manager = model._default_manager
    return manager.visible_to(user) if hasattr(manager, "visible_to") else manager.all()


def relation_values(change: Change) -> Iterable[tuple[str, type[models.Model], str]]:
    """The field, the model and the id of every row that an entry names."""
    model = apps.get_model(change.model)
    for values in (change.before or {}, change.after or {}):
        for name, value in values.items():
            try:
                field = model._meta.get_field(name)
            except FieldDoesNotExist:
                continue
            if field.is_relation and isinstance(value, str) and value:
                yield name, field.related_model, value  # type: ignore[misc]


def names_for(changes: Iterable[Change], user: Any) -> dict[str, str]:
    """What the rows are called that the entries name, one query for each kind of row."""
    wanted: dict[type[models.Model], set[str]] = {}
    for change in changes:
        for _name, model, key in relation_values(change):
            wanted.setdefault(model, set()).add(key)
    names: dict[str, str] = {}
    for model, keys in wanted.items():
        names |= {str(row.pk): str(row) for row in visible(model, user).filter(pk__in=keys)}
    return names


def forget_hidden(change: Change, names: dict[str, str]) -> None:
    """Take out of an entry (in memory) the fields that name a row hidden from the reader, and sensitive ones."""
    hidden = sensitive_fields(apps.get_model(change.model)) | {
        name
        for name, model, key in relation_values(change)
        if key not in names and isinstance(model._default_manager.all(), ScopedQuerySet)
    }
    for side in ("before", "after"):
        values = getattr(change, side)
        if values and hidden:
            setattr(change, side, {name: value for name, value in values.items() if name not in hidden})


def in_words(changes: Iterable[Change], user: Any, *, page_of: Any, currency: str = "") -> list[Any]:
    changes = list(changes)
    names = names_for(changes, user)
    for change in changes:
        forget_hidden(change, names)
    return readable(changes, page_of=page_of, names=names, currency=currency)


def history_page(model_admin: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    obj = model_admin.get_object(request, unquote(object_id))
    if obj is None:
        raise Http404
    if not model_admin.has_view_permission(request, obj):
        raise PermissionDenied
    page = Paginator(Change.objects.of(obj), PAGE).get_page(request.GET.get("p"))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("History: %(name)s") % {"name": obj},
        "entries": in_words(
            page.object_list, request.user, page_of=obj.pk, currency=getattr(obj, "currency", "")
        ),
        "page_obj": page,
        "opts": model_admin.opts,
        "object": obj,
        "module_name": capfirst(model_admin.opts.verbose_name_plural),
    }
    request.current_app = model_admin.admin_site.name  # type: ignore[attr-defined]
    return TemplateResponse(request, "admin/kam_history.html", context)
