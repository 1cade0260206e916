"""The filters of a list, written in Python.

A list is asked for more often than anything else, and its filters were a third of its time: rows
made only to be named, a dictionary for each option, a dozen template nodes for each field.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from django import forms
from django.db.models import Model
from django.forms.boundfield import BoundField
from django.forms.utils import flatatt
from django.utils.html import conditional_escape, escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django_filters.fields import ModelChoiceIterator


@lru_cache(maxsize=128)
def goes_by_name(model: type[Model]) -> bool:
    """Whether a row of this model is shown by its `name` and nothing else."""
    names = {field.name for field in model._meta.concrete_fields}
    return "name" in names and str(model(name="as shown")) == "as shown"


class NamedChoices(ModelChoiceIterator):
    """The choices of a select by id and name: no rows are made. For models that go by their name."""

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        yield from self.queryset.values_list("pk", "name")


class FilterSelect(forms.Select):
    """A select of plain choices, without groups."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = set(self.format_value(value))
        options = []
        for key, label in self.choices:
            text = "" if key is None else str(key)
            mark = " selected" if text in chosen else ""
            options.append(f'<option value="{escape(text)}"{mark}>{conditional_escape(str(label))}</option>')
        own = flatatt(self.build_attrs(self.attrs, attrs))
        return format_html('<select name="{}"{}>{}</select>', name, own, mark_safe("".join(options)))


class FilterChoices(forms.CheckboxSelectMultiple):
    """Boxes to tick, below each other."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = set(self.format_value(value))
        base = str((attrs or {}).get("id", ""))
        boxes = []
        for number, (key, label) in enumerate(self.choices):
            text, box = str(key), f"{base}_{number}"
            mark = mark_safe(" checked") if text in chosen else ""
            boxes.append((box, name, text, box, mark, label))
        return format_html(
            '<div id="{}">{}</div>',
            base,
            format_html_join(
                "",
                '<div><label for="{}"><input type="checkbox" name="{}" value="{}" id="{}"{}> {}</label></div>',
                boxes,
            ),
        )


def write_filter(bound: BoundField, widget: SafeString) -> SafeString:
    """A filter with its label; `widget` is the field as it is written."""
    kind, errors = bound.field.widget, write_errors(bound)
    if isinstance(kind, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return write_menu(bound, widget, errors)
    is_range = isinstance(kind, forms.MultiWidget)
    css = " is-range" if is_range else " is-check" if isinstance(kind, forms.CheckboxInput) else ""
    if is_range or bound.use_fieldset:
        group = format_html(' role="group" aria-labelledby="{}-label"', bound.auto_id)
        label = format_html('<span class="form-label" id="{}-label">{}</span>', bound.auto_id, bound.label)
    else:
        group = mark_safe("")
        label = format_html('<label class="form-label" for="{}">{}</label>', bound.id_for_label, bound.label)
    return format_html(
        '<div class="k-filter-field{}"{}>{}<div class="k-filter-widget">{}</div>{}</div>',
        css,
        group,
        label,
        widget,
        errors,
    )


def write_menu(bound: BoundField, widget: SafeString, errors: SafeString) -> SafeString:
    """Several choices open in a menu that says how many are ticked."""
    value = bound.value()
    chosen = _("%(count)s chosen") % {"count": len(value)} if value else _("Any")
    return format_html(
        '<div class="k-filter-field"><span class="form-label" id="{0}-label">{1}</span>'
        '<details class="k-menu k-filter-menu">'
        '<summary class="form-select" aria-labelledby="{0}-label {0}-chosen"><span id="{0}-chosen">{2}</span></summary>'
        '<div class="k-menu-panel k-choices" role="group" aria-labelledby="{0}-label">{3}</div></details>{4}</div>',
        bound.auto_id,
        bound.label,
        chosen,
        widget,
        errors,
    )


def write_errors(bound: BoundField) -> SafeString:
    errors = bound.errors
    if not errors:
        return mark_safe("")
    lines = format_html_join("", "<li>{}</li>", ((error,) for error in errors))
    return format_html('<ul class="k-errors" id="{}_error">{}</ul>', bound.auto_id, lines)
