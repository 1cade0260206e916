"""Fields that a plan type adds: which values they take, and what happens to old ones."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from templates_app.enums import FieldKind
from templates_app.models import CustomField, merged_values
from tests import factories

pytestmark = pytest.mark.django_db


def field(kind: str, **values: Any) -> CustomField:
    return CustomField(key="it", label="It", kind=kind, **values)


def merge(*fields: CustomField, current: dict[str, str] | None = None, **given: Any) -> dict[str, str]:
    return merged_values(fields, current=current or {}, given=given, currency="USD")


def codes_of(*fields: CustomField, **values: Any) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        merge(*fields, **values)
    return {key: errors[0].code for key, errors in caught.value.error_dict.items()}


@pytest.mark.parametrize(
    ("kind", "given", "stored"),
    [
        ("text", " Two lines\r\nof it ", "Two lines\nof it"),
        ("number", "90.50", "90.5"),
        ("number", Decimal("1E+3"), "1000"),
        ("number", "-0.0", "0"),
        ("number", "007", "7"),
        ("number", 1.5, "1.5"),
        ("money", "1200.00", "1200"),
        ("date", date(2026, 2, 28), "2026-02-28"),
        ("date", "2026-02-28", "2026-02-28"),
        ("choice", "Gold", "Gold"),
    ],
)
def test_values_have_one_stored_form(kind: str, given: Any, stored: str) -> None:
    assert merge(field(kind, choices=["Gold"] if kind == "choice" else []), it=given) == {"it": stored}


@pytest.mark.parametrize(
    ("kind", "given", "code"),
    [
        ("text", 5, "invalid"),
        ("text", "\x00", "invalid"),
        ("text", "x" * 2_001, "max_length"),
        ("number", "1e5", "invalid"),
        ("number", "٣", "invalid"),
        ("number", True, "invalid"),
        ("number", ["1"], "invalid"),
        ("number", "1.1234567", "invalid"),
        ("money", "0.001", "max_decimal_places"),
        ("money", "1000000000001", "max_value"),
        ("date", "2026-02-30", "invalid"),
        ("date", "28.02.2026", "invalid"),
        ("choice", "Silver", "invalid_choice"),
        ("user", "nobody", "invalid"),
        ("user", "00000000-0000-4000-8000-000000000000", "does_not_exist"),
    ],
)
def test_values_that_do_not_fit_are_refused(kind: str, given: Any, code: str) -> None:
    assert codes_of(field(kind, choices=["Gold"] if kind == "choice" else []), it=given) == {"it": code}


def test_colleague_who_left_stays_but_is_not_chosen_anew() -> None:
    gone = factories.create_user()
    gone.is_active = False
    gone.save()

    assert merge(field("user"), current={"it": str(gone.pk)}, it=str(gone.pk)) == {"it": str(gone.pk)}
    assert codes_of(field("user"), it=str(gone.pk)) == {"it": "does_not_exist"}


def test_old_values_stay_when_the_rules_change() -> None:
    choice = field("choice", choices=["Gold"])
    retired = CustomField(key="old", label="Old", kind=FieldKind.TEXT, is_retired=True)
    current = {"it": "Silver", "old": "kept", "of_another_type": "kept, too"}

    assert merge(choice, retired, current=current) == current
    assert merge(choice, retired, current=current, it="Silver", old="kept") == current
    assert codes_of(choice, retired, current=current, old=None) == {"old": "retired"}
    assert merge(choice, retired, current=current, it=None) == {"old": "kept", "of_another_type": "kept, too"}


def test_required_and_unknown_fields_are_named() -> None:
    required = field("text", is_required=True)

    assert codes_of(required) == {"it": "required"}
    assert codes_of(required, it="", other=1) == {"it": "required", "other": "unknown"}


def test_key_and_kind_stay_and_choices_make_sense() -> None:
    plan_type = factories.create_plan_type()
    kept = factories.create_custom_field(plan_type, "tier")
    kept.key, kept.kind = "level", FieldKind.CHOICE

    with pytest.raises(ValidationError) as caught:
        kept.full_clean()
    assert set(caught.value.error_dict) == {"key", "kind", "choices"}
    for key in ("Tier", "1st", "a__b", "a_", "größe", "a\n"):
        with pytest.raises(ValidationError, match="Small letters"):
            CustomField(plan_type=plan_type, key=key, label="X").full_clean()
