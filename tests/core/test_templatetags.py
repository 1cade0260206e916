"""The tags and filters of kam's pages, and what every template has to keep."""

import re
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import django_filters
import pytest
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage.base import Message
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import NoReverseMatch, set_script_prefix
from django.utils import translation
from django.utils.safestring import mark_safe

from kam.core.templatetags import kam as tags

SPRITE = Path(settings.BASE_DIR) / "static" / tags.ICON_SPRITE
TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))


def render(source: str, query: str = "", **values: object) -> str:
    request = RequestFactory().get(f"/plans/{query}")
    return Template("{% load kam %}" + source).render(Context({"request": request, **values}))


def person(name: str) -> SimpleNamespace:
    return SimpleNamespace(get_full_name=lambda: name)


# --- Addresses ------------------------------------------------------------------------------
def test_address_of_a_record_follows_its_id():
    source = "{% url 'plans:accountplan_detail' a %}|{% url 'plans:accountplan_detail' b %}"
    a, b = uuid4(), uuid4()

    assert render(source, a=a, b=b) == f"/plans/{a}/|/plans/{b}/"


def test_address_is_what_django_says_in_every_form():
    pk = uuid4()
    sources = (
        "{% url 'plans:accountplan_list' %}",
        "{% url name pk %}",
        "{% url name text %}",
        "{% url name pk=pk %}",
        "{% url 'plans:accountplan_action' pk 'hold' %}",
        "{% url name pk as there %}{{ there }}",
        "{% url 'plans:accountplan_list' as there %}{{ there }}",
    )

    found = [render(source, name="plans:accountplan_detail", pk=pk, text=str(pk)) for source in sources]

    one = f"/plans/{pk}/"
    assert found == ["/plans/", one, one, one, f"{one}status/hold/", one, "/plans/"]


def test_address_follows_the_prefix_under_which_kam_is_served():
    source = "{% url 'plans:accountplan_list' %} {% url 'plans:accountplan_detail' pk %}"
    pk = uuid4()
    assert render(source, pk=pk) == f"/plans/ /plans/{pk}/"

    set_script_prefix("/kam/")
    try:
        assert render(source, pk=pk) == f"/kam/plans/ /kam/plans/{pk}/"
    finally:
        set_script_prefix("/")


def test_address_that_does_not_exist_is_an_error():
    with pytest.raises(NoReverseMatch):
        render("{% url 'plans:nothing' pk %}", pk=uuid4())


# --- Numbers --------------------------------------------------------------------------------
def test_money_filters_show_the_same_amount_three_ways():
    source = "{{ a|money:'EUR' }} {{ a|money_whole:'EUR' }} {{ a|money_short:'EUR' }}"

    assert render(source, a=Decimal(4020000)) == "€4,020,000.00 €4,020,000 €4.02m"


def test_number_filters_show_a_dash_for_nothing():
    assert render("{{ a|money:'EUR' }}{{ a|money_short:'EUR' }}{{ a|percent }}", a=None) == "–––"


@pytest.mark.parametrize(
    ("arguments", "tone", "text"),
    [
        ("1.4", "ok", "+1.4%"),
        ("'-2' unit='pp'", "bad", "−2.0 pp"),
        ("'-2' unit='pp' good='down'", "ok", "−2.0 pp"),
        ("0", "neutral", "±0.0%"),
        ("125000 unit='EUR'", "ok", "+€125k"),
    ],
)
def test_delta_says_its_direction_in_sign_and_tone(arguments, tone, text):
    html = render("{% delta " + arguments + " %}")

    assert f'class="k-delta is-{tone}"' in html
    assert f'<span class="k-delta-value">{text}</span>' in html


# --- What never changes ---------------------------------------------------------------------
def test_once_is_rendered_once_a_language_and_knows_nothing_of_the_page():
    counted = SimpleNamespace(times=0)

    def count() -> str:
        counted.times += 1
        return "x"

    template = Template("{% load kam i18n %}{% once %}{% trans 'Yes' %}{{ secret }}{% endonce %}{{ count }}")
    pages = []
    for language in ("en", "de", "en"):
        with translation.override(language):
            pages.append(template.render(Context({"secret": "token", "count": count})))

    assert pages == ["Yesx", "Jax", "Yesx"]
    assert counted.times == 3


# --- Small pieces ---------------------------------------------------------------------------
def test_icon_is_silent_unless_it_has_a_label():
    assert 'aria-hidden="true"' in render("{% icon 'plus' %}")
    assert 'role="img" aria-label="Late"' in render("{% icon 'clock' label='Late' %}")


def test_status_pill_escapes_its_label_and_keeps_known_tones():
    html = render("{% status_pill label 'purple' %}", label="<b>On track</b>")

    assert "&lt;b&gt;On track&lt;/b&gt;" in html
    assert 'class="k-pill is-neutral"' in html


@pytest.mark.parametrize("first", [mark_safe("<i>a</i>"), "<i>a</i>"])
def test_status_pill_never_takes_typed_text_for_safe_html(first):
    """Both equal each other, and what was written is kept."""
    tags._pill.cache_clear()
    render("{% status_pill label %}", label=first)

    assert "&lt;i&gt;" in render("{% status_pill label %}", label="<i>a</i>")
    assert "<i>a</i>" in render("{% status_pill label %}", label=mark_safe("<i>a</i>"))


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Ana Ribeiro", "AR"), ("Ana Maria da Costa", "AC"), ("cher", "CH"), ("Ørsted", "ØR"), ("(x) Bo", "BO")],
)
def test_avatar_shows_initials(name, letters):
    assert f">{letters}</span>" in render("{% avatar user %}", user=person(name))


def test_avatar_keeps_a_persons_colour():
    assert render("{% avatar user %}", user=person("Ana")) == render("{% avatar user %}", user=person("Ana"))


@pytest.mark.parametrize("user", [None, AnonymousUser()])
def test_avatar_of_nobody_says_so(user):
    assert "Nobody" in render("{% avatar user with_name=True %}", user=user)


def test_messages_say_their_tone_and_offer_to_undo():
    saved = Message(messages.SUCCESS, "Closed <b>", extra_tags="/plans/1/reopen/")
    failed = Message(messages.ERROR, "Not sent", extra_tags="some-tag")

    html = render("{% include 'components/messages.html' %}", messages=[saved, failed], csrf_token="token")

    assert re.findall(r'is-(\w+)" role="(\w+)"', html) == [("ok", "status"), ("bad", "alert")]
    assert re.findall(r'<form method="post" action="([^"]+)"', html) == ["/plans/1/reopen/"]
    assert 'name="csrfmiddlewaretoken" value="token"' in html
    assert "Closed &lt;b&gt;" in html


# --- Lists ----------------------------------------------------------------------------------
def test_query_with_keeps_the_other_parameters():
    html = render("{% query_with page=2 state=None %}", "?state=open&owner=1&owner=2&page=9")

    assert html == "?owner=1&amp;owner=2&amp;page=2"


@pytest.mark.parametrize(
    ("query", "link", "state"),
    [
        ("", "?ordering=name", None),
        ("?ordering=name&page=3&state=open", "?ordering=-name&amp;state=open", "ascending"),
        ("?ordering=-name", "?ordering=name", "descending"),
        ("?ordering=city", "?ordering=name", None),
    ],
)
def test_sort_header_toggles_and_says_the_order(query, link, state):
    html = render("{% sort_header 'Name' 'name' %}", query)

    assert f'href="{link}"' in html
    assert re.findall(r'aria-sort="(\w+)"', html) == ([state] if state else [])


def test_sort_header_of_numbers_starts_with_the_largest():
    assert 'href="?ordering=-won"' in render("{% sort_header 'Won' 'won' num=True %}")


def test_sort_header_marks_the_order_used_without_a_parameter():
    assert 'aria-sort="ascending"' in render("{% sort_header 'Name' 'name' default='asc' %}")


def test_sort_header_escapes_what_the_address_holds():
    html = render("{% sort_header 'Name' 'name' target='results' %}", '?x="><script>')

    assert "<script>" not in html


class PlanFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(label="Search")
    state = django_filters.ChoiceFilter(label="State", choices=[("a", "Active"), ("d", "Draft")])
    close = django_filters.DateFromToRangeFilter(label="Close date")
    mine = django_filters.BooleanFilter(label="Mine", widget=forms.CheckboxInput)


def a_filter(query: str) -> SimpleNamespace:
    fields = {name: item.field for name, item in PlanFilter.base_filters.items()}
    data = RequestFactory().get(f"/{query}").GET
    return SimpleNamespace(form=type("FilterForm", (forms.Form,), fields)(data))


def test_active_filters_names_each_filter_and_links_to_the_page_without_it():
    query = "?state=a&close_after=2026-01-31&mine=on&search=&page=4"
    request = RequestFactory().get(f"/{query}")

    chips = tags.active_filters(Context({"request": request}), a_filter(query))

    assert chips == [
        {"label": "State", "value": "Active", "url": "?close_after=2026-01-31&mine=on&search="},
        {"label": "Close date", "value": "01/31/2026 – …", "url": "?state=a&mine=on&search="},
        {"label": "Mine", "value": "Yes", "url": "?state=a&close_after=2026-01-31&search="},
    ]


def test_active_filters_leaves_to_the_open_tab_what_it_says():
    request = RequestFactory().get("/?state=a&mine=on")
    tabs = [{"url": "?state=d", "active": False}, {"url": "?state=a", "active": True}]

    def labels(**context: Any) -> list[str]:
        filterset = a_filter("?state=a&mine=on")
        filterset.form.fields["state"].widget = forms.HiddenInput()
        return [
            chip["label"] for chip in tags.active_filters(Context({"request": request, **context}), filterset)
        ]

    assert labels(tabs=tabs) == ["Mine"]
    assert labels() == ["State", "Mine"]


def test_active_filters_leaves_out_values_that_are_not_valid():
    query = "?state=nonsense&close_after=yesterday"

    assert tags.active_filters(Context({"request": RequestFactory().get(query)}), a_filter(query)) == []


# --- Forms ----------------------------------------------------------------------------------
class PlanForm(forms.Form):
    name = forms.CharField(help_text="As people say it.")
    start = forms.DateField()
    target = forms.DecimalField(widget=forms.NumberInput(attrs={"data-unit": "EUR"}))
    basis = forms.ChoiceField(choices=[("o", "Orders"), ("p", "Opportunities")])
    children = forms.BooleanField(required=False)
    parts = forms.MultipleChoiceField(choices=[("a", "Targets")], widget=forms.CheckboxSelectMultiple)
    version = forms.IntegerField(widget=forms.HiddenInput)


@pytest.mark.parametrize(
    ("field", "css"),
    [("name", "form-control"), ("basis", "form-select"), ("children", "form-check-input")],
)
def test_field_widget_gets_the_class_of_its_kind(field, css):
    assert f'class="{css}"' in tags.field_widget(PlanForm()[field])


def test_field_widget_uses_the_browsers_date_field_with_iso_dates():
    html = tags.field_widget(PlanForm({"start": "2026-02-28"})["start"])

    assert 'type="date"' in html
    assert 'value="2026-02-28"' in html


def test_field_widget_says_which_end_of_a_range_it_is():
    html = tags.field_widget(a_filter("").form["close"])

    assert re.findall(r'aria-label="([^"]+)"', html) == ["Close date from", "Close date to"]
    assert html.count('type="date"') == 2


def test_form_ties_help_and_errors_to_their_field():
    html = PlanForm({"name": ""}).render()

    widget = re.search(r'<input type="text" name="name"[^>]*>', html)[0]
    assert 'aria-invalid="true"' in widget
    assert 'aria-describedby="id_name_helptext id_name_error"' in widget
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html


def test_form_component_has_fields_unit_and_buttons():
    html = render("{% include 'components/form.html' with cancel_url='/back/' %}", form=PlanForm())

    assert re.findall(r'<span aria-hidden="true">(EUR)</span>', html) == ["EUR"]
    assert '<a class="btn" href="/back/">Cancel</a>' in html
    assert html.count('name="version"') == 1


# --- What every template keeps --------------------------------------------------------------
@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_template_has_no_inline_style_or_script(path):
    source = path.read_text(encoding="utf-8")

    assert re.findall(r"""<[^>]*\s(?:style|on[a-z]+)=["']""", source) == []
    assert [tag for tag in re.findall(r"<script[^>]*>", source) if "src=" not in tag] == []
    assert "<style" not in source


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_template_uses_icons_that_the_sprite_has(path):
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', SPRITE.read_text(encoding="utf-8")))
    source = path.read_text(encoding="utf-8")

    used = set(re.findall(r"""{% icon ["']([\w-]+)["']""", source))
    used |= set(re.findall(r"""\b(?:submit_)?icon=["']([\w-]+)["']""", source))
    used |= set(re.findall(r"""{% status_pill \S+ ["']\w+["'] ["']([\w-]+)["']""", source))
    assert used - drawn == set()


def test_tone_icons_are_in_the_sprite():
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', SPRITE.read_text(encoding="utf-8")))

    assert set(tags.TONE_ICONS.values()) <= drawn
