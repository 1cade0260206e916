"""Forms of the Django admin: nobody overwrites somebody else, and nobody drops what they cannot see."""

from __future__ import annotations

import copy
from typing import Any

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.utils.translation import gettext as _

from kam.core.forms import VersionedModelForm


class RememberingSelect(AutocompleteSelect):
    """An autocomplete field that need not ask the database for the row that was loaded with its own.

    Otherwise each row of an inline costs one query for each of its fields.
    """

    known: models.Model | None = None

    def optgroups(self, name: str, value: list[Any], attr: Any = None) -> list[Any]:
        if self.known is None or [str(self.known.pk)] != [str(pk) for pk in value]:
            return super().optgroups(name, value, attr)
        options = [] if self.is_required else [self.create_option(name, "", "", False, 0)]
        label = self.choices.field.label_from_instance(self.known)
        options.append(self.create_option(name, self.known.pk, label, True, len(options)))
        return [(None, options, 0)]


class KamAdminForm(VersionedModelForm):
    """`VersionedModelForm` for the admin, which saves the row itself (`KamModelAdmin.save_related`)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, user=None, **kwargs)
        # An inline's new row has the column, too, and leaves it empty.
        self.fields.setdefault("version", copy.deepcopy(self.base_fields["version"]))
        for name, field in self.fields.items():
            widget = getattr(field.widget, "widget", field.widget)  # inside the one with “add” and “change”
            if isinstance(widget, RememberingSelect):
                widget.known = self.instance._state.fields_cache.get(name)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.instance._state.adding:
            if cleaned.get("version") is None:
                raise ValidationError(
                    _("Load the page again: it does not say which version you saw."), "version"
                )
            self._keep_hidden(cleaned)
        return cleaned

    def _keep_hidden(self, cleaned: dict[str, Any]) -> None:
        """A related row that the user cannot see shows as empty; sending that back must not cut the link."""
        for name, field in self.fields.items():
            if not isinstance(field, forms.ModelChoiceField) or cleaned.get(name, "") is not None:
                continue
            try:
                column = self.instance._meta.get_field(name).attname
            except FieldDoesNotExist:
                continue
            key = self.initial.get(name)
            if key is not None and not field.queryset.filter(pk=key).exists():
                cleaned[name] = self.instance._meta.get_field(name).related_model._base_manager.get(pk=key)
                setattr(self.instance, column, key)

    def note_conflict(self, saved: models.Model) -> None:
        super().note_conflict(saved)
        for difference in self.conflict.fields if self.conflict else ():
            text = _("%(field)s is “%(theirs)s” now, you have “%(yours)s”.")
            self.add_error(
                None,
                text % {"field": difference.label, "theirs": difference.theirs, "yours": difference.yours},
            )

    def save(self, commit: bool = True) -> Any:
        return forms.ModelForm.save(self, commit)


class GatedInlineFormSet(forms.BaseInlineFormSet):
    """The rows that a browser names by id are looked up among those that the inline shows."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields[self.model._meta.pk.name].queryset = self.queryset
