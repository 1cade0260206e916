"""Fields that a business adds to its plans. Their values are texts in the plan's `custom_values`, by key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kam.core.models import BaseModel, TrackedCatalogQuerySet
from kam.core.money import validate_minor_units
from kam.users.models import User
from templates_app.enums import FieldKind
from templates_app.models.plan_types import PlanType

LONGEST_TEXT = 2_000
MOST_CHOICES = 100
LONGEST_CHOICE = 100
LARGEST_AMOUNT = 10**12
NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?", re.ASCII)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
# Words of the address `custom.<key>`; a letter first, so that no database takes it for an index.
is_key = RegexValidator(
    r"^[a-z][a-z0-9]*(_[a-z0-9]+)*\Z", _("Small letters and digits, a letter first, “_” between them.")
)


class CustomFieldQuerySet(TrackedCatalogQuerySet):
    def in_use(self) -> CustomFieldQuerySet:
        return self.filter(is_retired=False)


class CustomField(BaseModel):
    """One more field of the plans of a type. Key and kind never change: values rest on them."""

    plan_type = models.ForeignKey(PlanType, models.CASCADE, related_name="custom_fields")
    key = models.CharField(
        max_length=40,
        validators=[is_key],
        help_text=_("Its name in the API and in filters, such as “budget”."),
    )
    label = models.CharField(max_length=100)
    kind = models.CharField(max_length=10, choices=FieldKind.choices, default=FieldKind.TEXT)
    help_text = models.CharField(_("help"), max_length=300, blank=True)
    choices = models.JSONField(default=list, blank=True, help_text=_("Of a choice: what can be chosen."))
    is_required = models.BooleanField(_("required"), default=False)
    order = models.PositiveSmallIntegerField(default=0, blank=True)
    is_retired = models.BooleanField(
        _("retired"), default=False, help_text=_("Nobody fills it in any more; plans keep what they have.")
    )

    objects = CustomFieldQuerySet.as_manager()

    class Meta:
        ordering = ("plan_type", "order", "created_at", "id")
        verbose_name = _("custom field")
        constraints = (
            models.UniqueConstraint(
                fields=("plan_type", "key"),
                name="custom_field_key_once",
                violation_error_message=_("This plan type has a field with this key already."),
            ),
            models.CheckConstraint(
                condition=Q(is_required=False) | Q(is_retired=False),
                name="custom_field_retired_not_required",
                violation_error_message=_("A retired field cannot be required."),
            ),
        )

    def __str__(self) -> str:
        return self.label

    @property
    def change_container_id(self) -> Any:
        return self.plan_type_id

    def clean(self) -> None:
        super().clean()
        errors: dict[str, Any] = {}
        if not self._state.adding:
            changed = {field.name for field in self.changed_fields()}
            for name in {"plan_type", "key", "kind"} & changed:
                errors[name] = _("This cannot be changed: values rest on it.")
        if problem := self._choices_problem():
            errors["choices"] = problem
        if self.is_required and self.is_retired:
            errors["is_required"] = _("A retired field cannot be required.")
        if errors:
            raise ValidationError(errors)

    def _choices_problem(self) -> Any:
        given = self.choices
        if not isinstance(given, list) or not all(isinstance(text, str) and text.strip() for text in given):
            return _("Give a list of texts.")
        if self.kind != FieldKind.CHOICE:
            text = _("Only a choice has choices.")
            return ValidationError(text, params={"needs": {"kind"}}) if given else None
        if not given:
            return _("Say what can be chosen.")
        if len(given) > MOST_CHOICES or any(len(text) > LONGEST_CHOICE for text in given):
            return _("At most 100 choices of at most 100 letters.")
        return _("Each choice stands there once.") if len(set(given)) != len(given) else None

    # --- Values -----------------------------------------------------------------------------
    def stored(self, value: Any) -> str | None:
        """`value` as `custom_values` keeps it, None for nothing; raises `ValidationError`."""
        if value is None or value == "":
            return None
        write = {
            FieldKind.NUMBER: number_text,
            FieldKind.MONEY: number_text,
            FieldKind.DATE: day_text,
            FieldKind.USER: id_text,
        }.get(FieldKind(self.kind), plain_text)
        return write(value) or None

    def check_value(self, value: str | None, *, currency: str) -> None:
        """What a new value must fulfil beyond its form; old ones stay as they are."""
        if self.is_retired:
            raise ValidationError(_("This field is retired: its value stays as it is."), "retired")
        if value is None:
            return
        if self.kind == FieldKind.CHOICE and value not in self.choices:
            raise ValidationError(_("This is none of the choices."), "invalid_choice")
        if self.kind == FieldKind.MONEY:
            check_amount(Decimal(value), currency)
        if self.kind == FieldKind.USER and not User.objects.people().filter(pk=value).exists():
            raise ValidationError(_("There is no such object."), "does_not_exist")

    def initial(self, value: str) -> Any:
        """A stored value as a form takes it: a number, a day, an id or a text."""
        if self.kind in {FieldKind.NUMBER, FieldKind.MONEY}:
            return Decimal(value)
        return date.fromisoformat(value) if self.kind == FieldKind.DATE else value


def merged_values(
    fields: Iterable[CustomField], *, current: Mapping[str, str], given: Mapping[str, Any], currency: str
) -> dict[str, str]:
    """`current` with what was `given`, checked; raises `ValidationError` by key.

    None takes a value away. What is not given stays, and so do the values of keys that the plan type
    does not know any more, or that a rule of today would refuse.
    """
    by_key = {field.key: field for field in fields}
    values: dict[str, Any] = dict(current)
    errors: dict[str, ValidationError] = {}
    for key, value in given.items():
        field = by_key.get(key)
        try:
            if field is None:
                raise ValidationError(
                    _("Plans of this type have no field “%(key)s”."), "unknown", {"key": key[:100]}
                )
            text = field.stored(value)
            if text != current.get(key):
                field.check_value(text, currency=currency)
                values[key] = text
        except ValidationError as error:
            errors[key] = error
    values = {key: text for key, text in values.items() if text is not None}
    for key, field in by_key.items():
        if field.is_required and key not in values and key not in errors:
            errors[key] = ValidationError(_("This field is required."), "required")
    if errors:
        raise ValidationError(errors)
    return values


# --- Kinds of values --------------------------------------------------------------------------
def plain_text(value: Any) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise ValidationError(_("Enter a text."), "invalid")
    text = value.replace("\r\n", "\n").strip()
    if len(text) > LONGEST_TEXT:
        raise ValidationError(_("At most %(most)s letters."), "max_length", {"most": LONGEST_TEXT})
    return text


def number_text(value: Any) -> str:
    """A number in its one shortest form: “90.50” and 90.5 are “90.5”."""
    given = value.strip() if isinstance(value, str) else value
    text = f"{given:f}" if isinstance(given, Decimal) and given.is_finite() else str(given)
    if isinstance(given, bool) or not NUMBER.fullmatch(text):
        raise ValidationError(_("Enter a number, with at most 6 decimal places."), "invalid")
    shortest = text.rstrip("0").rstrip(".") if "." in text else text
    sign, digits = shortest.startswith("-"), shortest.lstrip("-").lstrip("0") or "0"
    digits = f"0{digits}" if digits.startswith(".") else digits
    return f"-{digits}" if sign and digits != "0" else digits


def check_amount(amount: Decimal, currency: str) -> None:
    if abs(amount) > LARGEST_AMOUNT:
        raise ValidationError(_("This amount is too large."), "max_value")
    try:
        validate_minor_units(amount, currency, "amount")
    except ValidationError as error:
        raise error.error_dict["amount"][0] from error


def day_text(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    try:
        if isinstance(value, str) and DAY.fullmatch(value.strip()):
            return date.fromisoformat(value.strip()).isoformat()
    except ValueError:
        pass
    raise ValidationError(_("Enter a day as YYYY-MM-DD."), "invalid")


def id_text(value: Any) -> str:
    """The id of a row, whether the row, its id or the text of it is given."""
    try:
        return str(UUID(str(getattr(value, "pk", value))))
    except ValueError as error:
        raise ValidationError(_("Enter an id."), "invalid") from error
