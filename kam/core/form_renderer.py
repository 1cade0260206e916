"""How Django renders forms here: our own field template, no classes in Python.

The plain widgets of Django are written in Python: through templates each option of a select takes a
tenth of a millisecond, and a form with a list of currencies or time zones thirty.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models.fields import BLANK_CHOICE_DASH
from django.forms.renderers import TemplatesSetting
from django.forms.utils import flatatt
from django.utils.html import conditional_escape, escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

Widget = dict[str, Any]


def write_input(widget: Widget) -> SafeString:
    value = widget["value"]
    given = "" if value is None else format_html(' value="{}"', str(value))
    return format_html(
        '<input type="{}" name="{}"{}{}>', widget["type"], widget["name"], given, flatatt(widget["attrs"])
    )


def write_textarea(widget: Widget) -> SafeString:
    value = "" if widget["value"] is None else str(widget["value"])
    return format_html(
        '<textarea name="{}"{}>\n{}</textarea>', widget["name"], flatatt(widget["attrs"]), value
    )


def write_option(option: Widget) -> str:
    """One of hundreds: `format_html` and `flatatt` would take five times as long. Value and label are escaped."""
    attrs = option["attrs"]
    written = " selected" if attrs == {"selected": True} else flatatt(attrs) if attrs else ""
    return f'<option value="{escape(str(option["value"]))}"{written}>{conditional_escape(option["label"])}</option>'


def write_select(widget: Widget) -> SafeString:
    groups = []
    for name, options, index in widget["optgroups"]:
        if options and not index and options[0]["label"] == BLANK_CHOICE_DASH[0][1]:
            options[0]["label"] = _("Choose…") if widget["required"] else _("None")
        written = mark_safe("\n".join(map(write_option, options)))
        groups.append(format_html('<optgroup label="{}">{}</optgroup>', name, written) if name else written)
    return format_html(
        '<select name="{}"{}>\n{}\n</select>',
        widget["name"],
        flatatt(widget["attrs"]),
        format_html_join("\n", "{}", ((group,) for group in groups)),
    )


def write_choices(widget: Widget) -> SafeString:
    """Check boxes or radio buttons below each other."""
    around = {name: widget["attrs"][name] for name in ("id", "class") if widget["attrs"].get(name)}
    groups = []
    for name, options, _index in widget["optgroups"]:
        written = format_html_join("", "<div>{}</div>", ((write_choice(option),) for option in options))
        groups.append(format_html("<div><label>{}</label>{}</div>", name, written) if name else written)
    return format_html(
        "<div{}>{}</div>", flatatt(around), format_html_join("", "{}", ((group,) for group in groups))
    )


def write_choice(option: Widget) -> SafeString:
    if not option["wrap_label"]:
        return write_input(option)
    of = flatatt({"for": option["attrs"]["id"]} if option["attrs"].get("id") else {})
    return format_html("<label{}>{} {}</label>", of, write_input(option), option["label"])


def write_search_select(widget: Widget) -> SafeString:
    """A text field that searches (`kam.core.forms.SearchSelect`); the script shows the matches below it."""
    found = ""
    if widget["candidates"]:
        options = format_html_join(
            "", '<option value="{}">{}</option>', ((row.pk, row) for row in widget["candidates"])
        )
        found = format_html(
            '<select class="form-select mt-2" name="{}_pick" aria-label="{}">{}</select>',
            widget["name"],
            _("Matches"),
            options,
        )
    return format_html(
        '<div class="k-combo" data-combo data-options-url="{1}"><input type="hidden" name="{0}" value="{2}">'
        '<input type="text" name="{0}_text" value="{3}" autocomplete="off" maxlength="200" placeholder="{4}"{5}>'
        '<ul class="k-combo-list" hidden></ul>{6}</div>',
        widget["name"],
        widget["options_url"],
        widget["pk"],
        widget["text"],
        _("Type to search"),
        flatatt(widget["attrs"]),
        found,
    )


WRITERS: dict[str, Callable[[Widget], SafeString]] = {
    **{
        f"django/forms/widgets/{kind}.html": write_input
        for kind in (
            "text",
            "number",
            "email",
            "url",
            "password",
            "hidden",
            "date",
            "datetime",
            "time",
            "input",
            "checkbox",
        )
    },
    "django/forms/widgets/textarea.html": write_textarea,
    "django/forms/widgets/select.html": write_select,
    "django/forms/widgets/checkbox_select.html": write_choices,
    "django/forms/widgets/radio.html": write_choices,
    "components/search_select.html": write_search_select,
}


# What stands between the parts of a widget of several.
SEPARATORS = {
    "django/forms/widgets/multiwidget.html": "",
    "django_filters/widgets/multiwidget.html": "-",
}


def write_parts(widget: Widget, separator: str) -> SafeString | None:
    """The parts of a range one after the other; None if one of them needs a template."""
    parts = [(WRITERS.get(part["template_name"]), part) for part in widget["subwidgets"]]
    if any(writer is None for writer, _part in parts):
        return None
    return format_html_join(separator, "{}", ((writer(part),) for writer, part in parts if writer))


class KamFormRenderer(TemplatesSetting):
    form_template_name = "components/form_fields.html"
    field_template_name = "components/field.html"

    def render(self, template_name: str, context: Any, request: Any = None) -> SafeString:
        if writer := WRITERS.get(template_name):
            return writer(context["widget"])
        if template_name in SEPARATORS:
            parts = write_parts(context["widget"], SEPARATORS[template_name])
            if parts is not None:
                return parts
        return mark_safe(super().render(template_name, context, request))
