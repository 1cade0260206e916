"""The widgets written in Python say what Django's templates say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.db.models.fields import BLANK_CHOICE_DASH
from django.forms.renderers import TemplatesSetting
from django.test.html import parse_html
from django_filters.widgets import RangeWidget

from kam.core.filter_bar import FilterChoices, FilterSelect
from kam.core.form_renderer import WRITERS, KamFormRenderer
from kam.core.forms import SearchSelect, Typed

CHOICES = [("", "–"), ("a", "A & <b>"), ("Group", [("b", "B"), (3, "C")])]
NASTY = '"><script>alert(1)</script>'


class Range(forms.MultiWidget):
    def __init__(self) -> None:
        super().__init__({"min": forms.NumberInput(), "max": forms.DateInput()}, {"class": "form-control"})

    def decompress(self, value: Any) -> list[Any]:
        return value or [None, None]


CASES: list[tuple[forms.Widget, Any]] = [
    (forms.TextInput(), None),
    (forms.TextInput({"maxlength": 5, "required": True, "disabled": False, "data-x": NASTY}), NASTY),
    (forms.NumberInput({"step": "any"}), 1.5),
    (forms.EmailInput(), "a@b.example"),
    (forms.URLInput(), ""),
    (forms.PasswordInput(), "secret"),
    (forms.HiddenInput(), 7),
    (forms.DateInput(), "2027-01-31"),
    (forms.DateTimeInput(), "2027-01-31 10:00"),
    (forms.TimeInput(), "10:00"),
    (forms.CheckboxInput(), True),
    (forms.CheckboxInput(), False),
    (forms.Textarea(), f"one\n{NASTY}"),
    (forms.Select(choices=CHOICES), "b"),
    (forms.Select(choices=CHOICES), 3),
    (forms.Select(), None),
    (forms.SelectMultiple(choices=CHOICES), ["a", "3"]),
    (forms.RadioSelect(choices=CHOICES), "a"),
    (forms.CheckboxSelectMultiple({"class": "x"}, choices=CHOICES), ["a", "b"]),
    (Range(), [1, "2027-01-31"]),
    (RangeWidget(), slice(1, 5)),
]


@pytest.mark.parametrize(("widget", "value"), CASES)
@pytest.mark.parametrize("attrs", [{}, {"id": "id_x", "class": "form-control", "aria-invalid": "true"}])
def test_widget_is_written_as_django_writes_it(
    widget: forms.Widget, value: Any, attrs: dict[str, str]
) -> None:
    ours = widget.render("x", value, attrs=attrs, renderer=KamFormRenderer())
    theirs = widget.render("x", value, attrs=attrs, renderer=TemplatesSetting())

    assert parse_html(ours) == parse_html(theirs)
    assert NASTY not in ours


def test_every_written_widget_is_among_the_cases() -> None:
    names = {widget.template_name for widget, _value in CASES} | {SearchSelect.template_name}

    assert set(WRITERS) - names == {"django/forms/widgets/input.html"}


def test_search_field_is_written_with_its_text_and_its_matches() -> None:
    widget = SearchSelect("/people/options/")
    widget.candidates = [SimpleNamespace(pk=7, __str__=lambda: "x")]

    html = widget.render("owner", Typed("3", NASTY), attrs={"id": "id_owner"}, renderer=KamFormRenderer())

    assert 'data-options-url="/people/options/"' in html
    assert '<input type="hidden" name="owner" value="3">' in html
    assert 'name="owner_text"' in html
    assert 'id="id_owner"' in html
    assert '<select class="form-select mt-2" name="owner_pick"' in html
    assert '<option value="7">' in html
    assert NASTY not in html


@pytest.mark.parametrize("value", [None, "", "a", "nothing of these"])
def test_select_of_a_filter_is_written_as_django_writes_it(value: Any) -> None:
    choices = [("", "Any"), ("a", "A & <b>"), (3, "C")]
    ours = FilterSelect({"class": "form-select"}, choices).render("x", value, attrs={"id": "id_x"})
    theirs = forms.Select({"class": "form-select"}, choices).render(
        "x", value, {"id": "id_x"}, TemplatesSetting()
    )

    assert parse_html(ours) == parse_html(theirs)


@pytest.mark.parametrize("value", [None, [], ["a"], ["a", "3"]])
def test_boxes_of_a_filter_are_written_as_django_writes_them(value: Any) -> None:
    choices = [("a", "A & <b>"), (3, "C")]
    ours = FilterChoices(choices=choices).render("x", value, attrs={"id": "id_x"})
    theirs = forms.CheckboxSelectMultiple(choices=choices).render(
        "x", value, {"id": "id_x"}, TemplatesSetting()
    )

    assert parse_html(ours) == parse_html(theirs)


@pytest.mark.parametrize(("is_required", "words"), [(True, "Choose…"), (False, "None")])
def test_dashes_of_an_empty_choice_are_said_in_words(is_required: bool, words: str) -> None:
    widget = forms.Select(choices=[*BLANK_CHOICE_DASH, ("a", "A")])
    widget.is_required = is_required

    written = widget.render("x", "a", renderer=KamFormRenderer())

    assert f'<option value="">{words}</option>' in written
    assert "--" not in written
