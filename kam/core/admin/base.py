"""The base of every model admin.

It asks the gate for lists, pages, choices and autocomplete; it saves through the model, so the log
knows; it tells of conflicts; and hidden rows answer like missing ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.utils import NestedObjects, flatten_fieldsets, quote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.db import IntegrityError, connection, models, router
from django.db.models.deletion import ProtectedError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kam.core.admin.forms import GatedInlineFormSet, KamAdminForm, RememberingSelect
from kam.core.admin.history import history_page, visible
from kam.core.changes import StaleObjectError
from kam.core.formatting import format_money
from kam.core.writing import set_relation

RECORD = ("id", "created_at", "created_by", "updated_at", "updated_by")
SOURCE = ("source", "external_id")
SHOWN_HOLDERS = 20
KEYS_AT_ONCE = 1_000


def money_column(field: str, *, currency: str = "currency") -> Callable[[Any, Any], str]:
    """A column or read-only field with an amount as people read it, sortable."""

    def show(model_admin: Any, row: Any) -> str:
        return format_money(getattr(row, field), attrgetter(currency)(row))

    show.short_description = field.replace("_", " ")  # type: ignore[attr-defined]
    show.admin_order_field = field  # type: ignore[attr-defined]
    return show


class GatedAdmin(BaseModelAdmin):
    """What model admins and inlines share."""

    form = KamAdminForm
    # Fields of the form that are no editable columns.
    form_only: tuple[str, ...] = ("version",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        queryset = visible(self.model, request.user)
        ordering = self.get_ordering(request)
        return queryset.order_by(*ordering) if ordering else queryset

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> models.QuerySet:
        """The choices of a foreign key: what the user may see."""
        return visible(db_field.remote_field.model, request.user).using(db)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if "widget" not in kwargs and db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = RememberingSelect(db_field, self.admin_site, using=kwargs.get("using"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_versioned_form(self, request: HttpRequest, obj: Any) -> bool:
        return issubclass(self.form, KamAdminForm) and self.has_change_permission(request, obj)

    # The icons beside a choice that lead to the chosen row. Nobody deletes an account from within a plan.
    related_links: tuple[str, ...] = ("add", "change", "view")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            for link in ("add", "change", "delete", "view"):
                if link not in self.related_links:
                    setattr(field.widget, f"can_{link}_related", False)
        return field

    def columns_only(self, kwargs: dict[str, Any], request: HttpRequest, obj: Any) -> dict[str, Any]:
        """The arguments of a form's factory, without the fields that the form declares itself."""
        names = kwargs.get("fields") or flatten_fieldsets(self.get_fieldsets(request, obj))
        return {**kwargs, "fields": [name for name in names if name not in self.form_only]}


class KamTabularInline(GatedAdmin, admin.TabularInline):
    formset = GatedInlineFormSet
    related_links = ()
    extra = 0

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = [*self.get_fields(request, obj)]
        if "version" not in fields and self.has_versioned_form(request, obj):
            fields.append("version")
        return [(None, {"fields": fields})]

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        return super().get_formset(request, obj, **self.columns_only(kwargs, request, obj))


class KamModelAdmin(GatedAdmin, admin.ModelAdmin):
    """Declare `fields`; the source and who made the row come by themselves."""

    show_full_result_count = False
    list_per_page = 50

    # --- The form -----------------------------------------------------------------------------
    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if self.fieldsets:
            sets = [(title, {**options, "fields": [*options["fields"]]}) for title, options in self.fieldsets]
        else:
            sets = [(None, {"fields": [*(self.fields or ())]})]
        names = {field.name for field in self.opts.get_fields()}
        if names.issuperset(SOURCE):
            sets.append((gettext_lazy("From another system"), {"fields": [*SOURCE], "classes": ["collapse"]}))
        if obj is not None:
            record = [name for name in RECORD if name in names]
            sets.append((gettext_lazy("Record"), {"fields": record, "classes": ["collapse"]}))
            if self.has_versioned_form(request, obj):
                sets[0][1]["fields"].append("version")
        return sets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        names = {field.name for field in self.opts.get_fields()}
        return [*super().get_readonly_fields(request, obj), *(name for name in RECORD if name in names)]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change=change, **self.columns_only(kwargs, request, obj))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """In a POST the row stays locked until the end, so that its version decides."""
        obj = super().get_object(request, object_id, from_field)
        if obj is not None and request.method == "POST" and connection.in_atomic_block:
            rows = models.QuerySet(self.model).filter(pk=obj.pk).select_for_update()
            if list(rows.values_list("pk", flat=True)):
                return super().get_object(request, object_id, from_field)
        return obj

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except StaleObjectError:
            text = _(
                "Somebody saved a part of this at the same moment. Nothing of yours was saved: enter it again."
            )
        except IntegrityError:
            text = _("Somebody saved the same at this moment. Nothing of yours was saved: enter it again.")
        return self._refused(request, text)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Many-to-many relations keep the rows that the user cannot see."""
        for field in form.instance._meta.many_to_many:
            if field.name in form.cleaned_data:
                set_relation(form.instance, field.name, form.cleaned_data[field.name], user=request.user)
        for formset in formsets:
            self.save_formset(request, form, formset, change=change)

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        """Straight to the page: Django's detour tells hidden rows from missing ones."""
        return obj.get_absolute_url() if obj is not None and hasattr(obj, "get_absolute_url") else None

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        raise Http404

    # --- Lists --------------------------------------------------------------------------------
    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only the filters that are declared. `?plans__isnull=…` would tell of hidden plans."""
        filters = self.list_filter if request is None else self.get_list_filter(request)
        declared = {self.date_hierarchy} if self.date_hierarchy else set()
        for item in filters:
            declared.add(
                getattr(item, "parameter_name", None) or (item[0] if isinstance(item, tuple) else item)
            )
        is_declared = any(lookup == name or lookup.startswith(f"{name}__") for name in declared)
        return is_declared and super().lookup_allowed(lookup, value, request)

    # --- Deletion -----------------------------------------------------------------------------
    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, set[str], list[str]]:
        """What goes along and what holds it, as far as the user may see that."""
        collector = NestedObjects(using=router.db_for_write(self.model), origin=objs)
        collector.collect(objs)
        missing: set[str] = set()
        seen = {
            model: _keys_seen(model, [row.pk for row in rows], request.user)
            for model, rows in collector.model_objs.items()
            if not model._meta.auto_created
        }

        def describe(row: Any) -> str | None:
            if row.pk not in seen.get(type(row), ()):
                return None
            if self.admin_site.is_registered(type(row)):
                row_admin = self.admin_site.get_model_admin(type(row))
                # What is for looking only goes with what it belongs to.
                if not isinstance(row_admin, ReadOnlyAdmin) and not row_admin.has_delete_permission(
                    request, row
                ):
                    missing.add(str(row._meta.verbose_name))
            return f"{capfirst(row._meta.verbose_name)}: {row}"

        counts = {model._meta.verbose_name_plural: len(keys) for model, keys in seen.items() if keys}
        return (
            _without_none(collector.nested(describe)),
            counts,
            missing,
            self._holders(collector.protected, request),
        )

    def _holders(self, rows: Iterable[Any], request: HttpRequest) -> list[str]:
        by_model: dict[type[models.Model], list[Any]] = {}
        for row in rows:
            by_model.setdefault(type(row), []).append(row.pk)
        texts = []
        for model, keys in sorted(by_model.items(), key=lambda pair: pair[0]._meta.label):
            seen = visible(model, request.user).filter(pk__in=keys[:SHOWN_HOLDERS])
            texts += [self._link(row) for row in seen]
            if len(keys) > SHOWN_HOLDERS:
                more = {"count": len(keys) - SHOWN_HOLDERS, "name": model._meta.verbose_name_plural}
                texts.append(_("and %(count)s more %(name)s") % more)
        if by_model and not texts:
            texts.append(_("It is still in use."))
        return texts

    def _link(self, row: models.Model) -> str:
        text = f"{capfirst(row._meta.verbose_name)}: {row}"
        try:
            name = f"{self.admin_site.name}:{row._meta.app_label}_{row._meta.model_name}_change"
            return format_html('<a href="{}">{}</a>', reverse(name, args=[quote(row.pk)]), text)
        except NoReverseMatch:
            return text

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except (ProtectedError, IntegrityError):
            return self._refused(request, _("It was not deleted: somebody began to use it at this moment."))

    def response_action(self, request: HttpRequest, queryset: models.QuerySet) -> HttpResponse | None:
        try:
            return super().response_action(request, queryset)
        except (ProtectedError, IntegrityError, StaleObjectError):
            return self._refused(
                request, _("Not done: somebody changed or began to use a row at this moment.")
            )

    def _refused(self, request: HttpRequest, text: str) -> HttpResponse:
        messages.error(request, text)
        return HttpResponseRedirect(request.get_full_path())

    # --- History: our change log instead of Django's --------------------------------------------
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """`save()` has written the log."""

    log_change = log_addition

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        """`delete()` has written the log."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        return history_page(self, request, object_id)


class ReadOnlyAdmin(KamModelAdmin):
    """For looking only."""

    form = admin.ModelAdmin.form

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _keys_seen(model: type[models.Model], keys: Sequence[Any], user: Any) -> set[Any]:
    """Of these rows, those that the user may see."""
    found: set[Any] = set()
    for start in range(0, len(keys), KEYS_AT_ONCE):
        some = visible(model, user).filter(pk__in=keys[start : start + KEYS_AT_ONCE])
        found |= set(some.order_by().values_list("pk", flat=True))
    return found


def _without_none(nested: list[Any]) -> list[Any]:
    """The nested texts without rows that have none, such as links of a many-to-many relation."""
    kept: list[Any] = []
    for item in nested:
        if isinstance(item, list):
            if inner := _without_none(item):
                kept.append(inner)
        elif item is not None:
            kept.append(item)
    return kept
