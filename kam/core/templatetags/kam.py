"""The tags and filters of kam's pages; `docs/design-system.md` shows each in use."""

import zlib
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, urlencode
from uuid import UUID

from django import forms, template
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.forms.boundfield import BoundField
from django.http import QueryDict
from django.template.context import Context
from django.template.defaulttags import URLNode, url
from django.templatetags.static import static
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from kam.core import filter_bar, formatting
from kam.core.addresses import page_url, record_url
from kam.core.formatting import Number, as_decimal

register = template.Library()

ICON_SPRITE = "vendor/icons-3.51.0.svg"
AVATAR_COLOURS = 6
TONE_ICONS = {
    "ok": "circle-check",
    "warn": "alert-triangle",
    "bad": "alert-circle",
    "info": "info-circle",
    "neutral": "circle-dashed",
}


# --- Numbers --------------------------------------------------------------------------------
@register.filter
def money(amount: Number, currency: str = "") -> str:
    return formatting.format_money(amount, currency)


@register.filter
def money_whole(amount: Number, currency: str = "") -> str:
    return formatting.format_money_whole(amount, currency)


@register.filter
def money_short(amount: Number, currency: str = "") -> str:
    return formatting.format_money_short(amount, currency)


@register.filter
def percent(value: Number) -> str:
    return formatting.format_percent(value)


@register.filter
def quantity(value: Number) -> str:
    """A quantity with as many decimals as it has: 12, 2.5."""
    number = as_decimal(value)
    digits = 0 if number is None else max(0, -int(number.normalize().as_tuple().exponent))
    return formatting.format_number(number, digits=digits)


@register.filter
def day(value: date | None) -> str:
    """A date as the reader writes it; a dash for none. For lists: the same days come again and again."""
    return _day(value, get_language() or "") if value else formatting.DASH


@lru_cache(maxsize=4_096)
def _day(value: date, language: str) -> str:
    return date_format(value)


@register.filter
def percent_whole(value: Number) -> str:
    return formatting.format_percent(value, digits=0)


@register.simple_tag
def delta(value: Number, unit: str = "%", good: str = "up", note: str = "") -> SafeString | str:
    """A signed change; the arrow and the sign say what the colour says."""
    number = as_decimal(value)
    if number is None:
        return formatting.DASH
    text = _with_unit(abs(number), unit)
    sign, arrow = ("+", "trending-up") if number > 0 else ("−", "trending-down")
    if number == 0:
        sign, arrow = "±", "minus"
    tone = "neutral" if number == 0 else "ok" if (number > 0) == (good == "up") else "bad"
    noted = format_html(' <span class="k-delta-note">{}</span>', note) if note else ""
    return format_html(
        '<span class="k-delta is-{}">{} <span class="k-delta-value">{}{}</span>{}</span>',
        tone,
        icon(arrow, size="s"),
        sign,
        text,
        noted,
    )


def _with_unit(number: Any, unit: str) -> str:
    if unit == "%":
        return formatting.format_percent(number)
    if unit in ("pp", "×", ""):
        gap = " " if unit == "pp" else ""
        return f"{formatting.format_number(number)}{gap}{unit}"
    return formatting.format_money_short(number, unit)


# --- What never changes ---------------------------------------------------------------------
class OnceNode(template.Node):
    """Renders its content once for each language, with nothing of the page; later pages repeat it."""

    def __init__(self, nodelist: template.NodeList) -> None:
        self.nodelist = nodelist
        self.kept: dict[Any, SafeString] = {}

    def render(self, context: Context) -> SafeString:
        key = get_language(), settings.STATIC_URL
        if key not in self.kept:
            self.kept[key] = self.nodelist.render(context.new({}))
        return self.kept[key]


@register.tag
def once(parser: Any, token: Any) -> OnceNode:
    """`{% once %}…{% endonce %}`: for content that is the same on every page and for every reader."""
    nodelist = parser.parse(("endonce",))
    parser.delete_first_token()
    return OnceNode(nodelist)


class AddressNode(URLNode):
    """Django's own `{% url %}`, which finds the address of a page or record once instead of at every link:
    a page has a hundred of them."""

    def render(self, context: Context) -> str:
        if self.asvar or self.kwargs or len(self.args) > 1:
            return super().render(context)
        name, values = self.view_name.resolve(context), [arg.resolve(context) for arg in self.args]
        if not values:
            return page_url(name)
        if isinstance(values[0], UUID):
            return record_url(name, values[0])
        return super().render(context)


@register.tag("url")
def address(parser: Any, token: Any) -> AddressNode:
    node = url(parser, token)
    return AddressNode(node.view_name, node.args, node.kwargs, node.asvar)


# --- Small pieces ---------------------------------------------------------------------------
@register.simple_tag
def icon(name: str, size: str = "", label: str = "") -> SafeString:
    """An icon of the sprite; decorative unless it has a label."""
    return _drawing(settings.STATIC_URL, name, size, str(label))


# What is kept is kept by type, too: a label that is safe HTML equals the same label as somebody typed it.
@lru_cache(maxsize=1_024, typed=True)
def _drawing(static_url: str, name: str, size: str, label: str) -> SafeString:
    css = f"k-icon k-icon-{size}" if size else "k-icon"
    href = f"{static(ICON_SPRITE)}#{name}"
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}" focusable="false"><use href="{}"/></svg>',
            css,
            label,
            href,
        )
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}"/></svg>', css, href
    )


@register.simple_tag
def status_pill(label: object, tone: str = "neutral", icon_name: str | None = None) -> SafeString:
    """A status in words; the tone only supports them."""
    return _pill(str(label), tone if tone in TONE_ICONS else "neutral", icon_name)


@lru_cache(maxsize=1_024, typed=True)
def _pill(label: str, tone: str, icon_name: str | None) -> SafeString:
    if icon_name is None:
        icon_name = TONE_ICONS[tone]
    drawing = icon(icon_name, size="s") if icon_name else ""
    return format_html('<span class="k-pill is-{}">{}{}</span>', tone, drawing, label)


@register.simple_tag
def avatar(user: object, with_name: bool = False, size: str = "") -> SafeString:
    """Initials in a circle whose colour stays the same for a name."""
    name = person_name(user)
    return _avatar(name, with_name, size) if name else _nobody(with_name, size)


def _nobody(with_name: bool, size: str) -> SafeString:
    css = f"k-avatar k-avatar-{size}" if size else "k-avatar"
    circle = format_html(
        '<span class="{} is-nobody" aria-hidden="true">{}</span>', css, icon("user", size="s")
    )
    return _with_name(circle, _("Nobody")) if with_name else circle


@lru_cache(maxsize=2_048)
def _avatar(name: str, with_name: bool, size: str) -> SafeString:
    css = f"k-avatar k-avatar-{size}" if size else "k-avatar"
    circle = format_html(
        '<span class="{} k-avatar-{}" aria-hidden="true" title="{}">{}</span>',
        css,
        zlib.crc32(name.encode()) % AVATAR_COLOURS + 1,
        name,
        initials(name),
    )
    return _with_name(circle, name) if with_name else circle


def _with_name(circle: SafeString, name: str) -> SafeString:
    return format_html('<span class="k-person">{}<span class="k-person-name">{}</span></span>', circle, name)


@register.filter
def person_name(person: object) -> str:
    if person is None or person == "" or isinstance(person, AnonymousUser):
        return ""
    full_name = getattr(person, "get_full_name", None)
    return (full_name() if full_name else "") or str(getattr(person, "name", "") or person)


def initials(name: str) -> str:
    words = [word for word in name.split() if word[:1].isalnum()] or [name]
    letters = words[0][:1] + (words[-1][:1] if len(words) > 1 else words[0][1:2])
    return letters.upper()


# --- Lists ----------------------------------------------------------------------------------
def _query_of(context: Context) -> QueryDict:
    request = context.get("request")
    return request.GET if request is not None else QueryDict()


def _changed_query(query: QueryDict, changes: Mapping[str, object]) -> str:
    """The query with these parameters set, or removed by nothing. A copy of a QueryDict would be a deep one."""
    values = dict(query.lists())
    for key, value in changes.items():
        if value is None or value == "":
            values.pop(key, None)
        else:
            values[key] = [str(value)]
    return "?" + urlencode(values, doseq=True)


@register.simple_tag(takes_context=True)
def query_with(context: Context, **changes: object) -> str:
    """This page's query string with some parameters set, or removed by None."""
    return _changed_query(_query_of(context), changes)


@register.simple_tag
def list_link(url: str, target: str = "") -> SafeString:
    """What lets a link of a list swap only the list; the link works without it."""
    if not target:
        return mark_safe("")
    return format_html(
        ' hx-get="{0}" hx-target="#{1}" hx-select="#{1}" hx-select-oob="#{1}-filters"'
        ' hx-swap="outerHTML show:none" hx-push-url="true" data-list-link',
        url,
        target,
    )


@register.simple_tag(takes_context=True)
def sort_header(
    context: Context, label: str, field: str, num: bool = False, default: str = "", target: str = ""
) -> SafeString:
    """A column heading that sorts by `field` and says how the list is sorted now."""
    query = _query_of(context)
    current = query.get("ordering") or {"asc": field, "desc": f"-{field}"}.get(default, "")
    state = {field: "ascending", f"-{field}": "descending"}.get(current, "none")
    # Amounts are read from the top: the first click on a number column sorts downwards.
    first, second = (f"-{field}", field) if num else (field, f"-{field}")
    url = _changed_query(query, {"ordering": second if current == first else first, "page": None})
    arrow = icon(
        {"ascending": "arrow-up", "descending": "arrow-down", "none": "arrows-sort"}[state], size="s"
    )
    return format_html(
        '<th scope="col"{}{}><a class="k-sort{}" href="{}"{}>{}{}</a></th>',
        mark_safe(' class="num"') if num else "",
        format_html(' aria-sort="{}"', state) if state != "none" else "",
        " is-sorted" if state != "none" else "",
        url,
        list_link(url, target),
        *((arrow, label) if num else (label, arrow)),
    )


@register.simple_tag(takes_context=True)
def active_filters(context: Context, filterset: Any) -> list[dict[str, str]]:
    """The filters in use: what they are called, what they are set to, and the page without each.

    A hidden one that the open tab sets is told by the tab.
    """
    form = filterset.form
    if not form.is_bound:
        return []
    form.is_valid()
    tabs = [tab["url"] for tab in context.get("tabs") or () if tab["active"]]
    told = {name for url in tabs for name in parse_qs(url.partition("?")[2])}
    chips = []
    for bound in form:
        value = form.cleaned_data.get(bound.name)
        if bound.name == "ordering" or value is None or value == "" or value == []:
            continue
        if bound.is_hidden and bound.html_name in told:
            continue
        if text := _filter_value(bound, value):
            keys = _parameter_names(bound)
            url = _changed_query(_query_of(context), dict.fromkeys([*keys, "page"]))
            chips.append({"label": str(bound.label), "value": text, "url": url})
    return chips


def _parameter_names(bound: BoundField) -> list[str]:
    suffixes = getattr(bound.field.widget, "suffixes", [])
    return [bound.html_name, *(f"{bound.html_name}_{suffix}" for suffix in suffixes if suffix)]


def _filter_value(bound: BoundField, value: Any) -> str:
    """A cleaned filter value in words; empty when it restricts nothing."""
    if isinstance(value, slice):
        ends = [_filter_value(bound, end) if end is not None else "…" for end in (value.start, value.stop)]
        return " – ".join(ends)
    if isinstance(value, QuerySet | list | tuple | set):
        return ", ".join(_filter_value(bound, item) for item in value)
    if isinstance(value, bool):
        return _("Yes") if value else ("" if isinstance(bound.field.widget, forms.CheckboxInput) else _("No"))
    if isinstance(value, date):
        return date_format(value, "SHORT_DATE_FORMAT")
    choices = getattr(bound.field, "choices", None)
    if choices is not None and not isinstance(bound.field, forms.ModelChoiceField):
        return str(dict(_flat(choices)).get(str(value), value))
    return str(value)


def _flat(choices: Any) -> list[tuple[str, Any]]:
    pairs = []
    for key, label in choices:
        pairs += _flat(label) if isinstance(label, list | tuple) else [(str(key), label)]
    return pairs


@register.simple_tag
def page_numbers(page: Any) -> list[int | str]:
    """The page numbers worth offering, "…" where some are left out."""
    return list(page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1))


@register.filter
def message_tone(message: Any) -> str:
    """The tone of a message of Django's messages framework."""
    return {"success": "ok", "warning": "warn", "error": "bad"}.get(message.level_tag, "info")


@register.filter
def message_undo_url(message: Any) -> str:
    """Where to post to take a step back: `success_with_undo` leaves the address in the extra tags."""
    tags = getattr(message, "extra_tags", "") or ""
    return tags if tags.startswith("/") else ""


@register.filter
def tone_icon(tone: str) -> str:
    return TONE_ICONS.get(tone, TONE_ICONS["info"])


# --- Forms ----------------------------------------------------------------------------------
def _widget_class(widget: forms.Widget) -> str:
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return ""  # Django would put it on the list around the choices, too
    if isinstance(widget, forms.CheckboxInput):
        return "form-check-input"
    if isinstance(widget, forms.Select | forms.SelectDateWidget):
        return "form-select"
    return "form-control"


class BrowserDateInput(forms.DateInput):
    """The browser's own date field: it shows the reader's format and sends ISO."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


@register.simple_tag
def filter_field(bound: BoundField) -> SafeString:
    """A filter of a list with its label."""
    return filter_bar.write_filter(bound, field_widget(bound))


@register.simple_tag
def field_widget(bound: BoundField) -> SafeString:
    """The widget of a field with the classes that make it look right."""
    widget = bound.field.widget
    if type(widget) is forms.DateInput:
        widget = BrowserDateInput(widget.attrs)
        widget.is_required = bound.field.widget.is_required
    if isinstance(widget, forms.MultiWidget):
        _prepare_parts(bound, widget)
    css = [_widget_class(widget), widget.attrs.get("class", "")]
    if bound.errors:
        css.append("is-invalid")
    attrs: dict[str, str | bool] = {"class": " ".join(filter(None, css))}
    if (
        isinstance(widget, forms.Textarea) and widget.attrs.get("rows") == "10"
    ):  # Django's default: half a page
        attrs["rows"] = "4"
    return bound.as_widget(widget=widget, attrs=attrs)


def _prepare_parts(bound: BoundField, widget: forms.MultiWidget) -> None:
    """The parts of a range or of date and time: each says which it is; days are picked in the browser."""
    names = {
        "min": _("from"),
        "max": _("to"),
        "after": _("from"),
        "before": _("to"),
        "0": _("date"),
        "1": _("time"),
    }
    part_fields = getattr(bound.field, "fields", ())
    of_dates = bool(part_fields) and all(isinstance(field, forms.DateField) for field in part_fields)
    suffixes: list[str] = getattr(widget, "suffixes", None) or [str(n) for n in range(len(widget.widgets))]
    parts = []
    for suffix, part in zip(suffixes, widget.widgets, strict=True):
        if of_dates:
            part = BrowserDateInput({key: value for key, value in part.attrs.items() if key != "type"})
        part.attrs["aria-label"] = f"{bound.label} {names.get(suffix, '')}".strip()
        parts.append(part)
    widget.widgets = parts


@register.filter
def field_kind(bound: BoundField) -> str:
    """How `field.html` lays a field out: `check`, `choices` or `control`."""
    widget = bound.field.widget
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "choices"
    return "control"


@register.filter
def widget_attr(bound: BoundField, name: str) -> Any:
    return bound.field.widget.attrs.get(name, "")


@register.filter
def form_field(form: forms.BaseForm, name: str) -> BoundField | None:
    """A field by a name that the template holds in a variable."""
    return form[name] if name in form.fields else None


@register.filter
def errors_above(form: forms.BaseForm) -> list[str]:
    """What is wrong with a form as a whole; that somebody saved before is said by `components/conflict.html`."""
    errors = form.non_field_errors().as_data()
    return [message for error in errors if error.code != "conflict" for message in error.messages]


@register.filter
def is_wide(bound: BoundField) -> bool:
    """Long texts, and whatever asks for it, take both columns of a form."""
    return isinstance(bound.field.widget, forms.Textarea) or bool(widget_attr(bound, "data-wide"))


@register.filter
def is_range(bound: BoundField) -> bool:
    return isinstance(bound.field.widget, forms.MultiWidget)
