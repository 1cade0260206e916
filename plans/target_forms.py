"""What people type and paste into the grid of target lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from crm.models import ProductCategory
from kam.core.fields import MoneyField, NumberField
from kam.core.money import minor_units, round_money
from plans import policies
from plans.actuals import LastYear
from plans.enums import TargetPeriod
from plans.models import Plan, TargetLine
from plans.targeting import changed_view, target_of

ALL, EACH = "all", "each"
LARGEST = MoneyField.max_value


def plain_number(text: str) -> str:
    """A number as spreadsheets write it, with the point for its decimals: “1.234,50 €” is 1234.50.

    The last of point and comma parts the decimals if both are there, or if one stands once and not
    before exactly three digits; otherwise they part thousands.
    """
    text = re.sub(r"[^\d.,+-]", "", text.replace("−", "-"))
    marks = [mark for mark in ".," if mark in text]
    if not marks:
        return text
    last = max(marks, key=text.rfind)
    _whole, _mark, decimals = text.rpartition(last)
    parts_decimals = len(marks) == 2 or (text.count(last) == 1 and (last == "." or len(decimals) != 3))
    for mark in marks:
        text = text.replace(mark, "." if mark == last and parts_decimals else "")
    return text


class PastedNumberField(NumberField):
    """A decimal number in a text field, as it was typed or pasted."""

    widget = forms.TextInput

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=kwargs.pop("required", False), **kwargs)
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def to_python(self, value: Any) -> Decimal | None:
        return super().to_python(plain_number(value) if isinstance(value, str) else value)


class TargetLineForm(forms.Form):
    """One line of the grid. Growth and target are two views of one number: what was changed counts."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    last_year = PastedNumberField(label=_("Last year"), min_value=-LARGEST, max_value=LARGEST)
    growth = PastedNumberField(
        label=_("Growth"), min_value=Decimal(-100), max_value=Decimal(1_000_000), decimal_places=1
    )
    target = PastedNumberField(label=_("Target"), min_value=Decimal(0), max_value=LARGEST)
    stretch = PastedNumberField(label=_("Stretch"), min_value=Decimal(0), max_value=LARGEST)
    remove = forms.BooleanField(label=_("Remove"), required=False)

    def __init__(self, data: QueryDict | None, *, line: TargetLine, last_year: LastYear) -> None:
        self.line, self.was = line, last_year
        self.shown_growth = policies.growth_percent(target=line.target, last_year=last_year.amount)
        currency = line.plan.currency

        def shown(amount: Decimal | None) -> Decimal | None:
            return None if amount is None else round_money(amount, currency)

        initial = {
            "version": line.version,
            "last_year": shown(line.last_year_entered),
            "growth": self.shown_growth,
            "target": shown(line.target),
            "stretch": shown(line.stretch),
        }
        super().__init__(data, prefix=f"line-{line.pk.hex}", initial=initial)
        for name in ("last_year", "growth", "target", "stretch"):
            field = self.fields[name]
            field.widget.attrs |= {"aria-label": f"{field.label}, {line}", "data-column": name}
            if name != "growth":
                places = minor_units(currency)
                field.decimal_places = field.least_places = places  # type: ignore[attr-defined]
                field.widget.attrs["data-places"] = places
        from_orders = self.fields["last_year"].prepare_value(shown(last_year.from_orders))
        self.fields["last_year"].widget.attrs["placeholder"] = from_orders
        self.fields["remove"].widget.attrs["aria-label"] = _("Remove %(line)s") % {"line": line}

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        if cleaned.get("remove") or self.errors:
            return cleaned
        if cleaned["version"] != self.line.version:
            raise ValidationError(
                _("Somebody saved this line before you: %(target)s is its target now.")
                % {"target": self.initial["target"]}
            )
        last_year = LastYear(self.was.from_orders, cleaned.get("last_year"))
        growth, target = changed_view(
            self.line, self.was, target=cleaned.get("target"), growth=cleaned.get("growth")
        )
        if cleaned.get("target") is None and growth is None:
            self.add_error("target", _("Enter a target, or a growth over last year."))
            return cleaned
        try:
            self.meant = target_of(self.line, last_year, target=target, growth=growth)
        except ValidationError as error:
            for field, messages in error.message_dict.items():
                self.add_error({"growth_percent": "growth"}.get(field, field), messages)
        return cleaned

    def apply(self) -> TargetLine:
        """The line as the form says; nothing is saved."""
        self.line.last_year_entered = self.cleaned_data.get("last_year")
        self.line.target = self.meant
        self.line.stretch = self.cleaned_data.get("stretch")
        return self.line


def grid_of(
    lines: Sequence[TargetLine], last_year: dict[Any, LastYear], data: QueryDict | None
) -> list[TargetLineForm]:
    """A form a line. Lines that were added since the page was opened are not in its data: they stay as they are."""
    forms_of_lines = []
    for line in lines:
        sent = data if data is not None and f"line-{line.pk.hex}-version" in data else None
        forms_of_lines.append(TargetLineForm(sent, line=line, last_year=last_year[line.pk]))
    return forms_of_lines


class AddLinesForm(forms.Form):
    """Which lines to start with: last year's sales and so many percent."""

    categories = forms.ChoiceField(label=_("For"))
    period = forms.ChoiceField(label=_("By"), choices=TargetPeriod.choices, initial=TargetPeriod.QUARTER)
    growth = PastedNumberField(
        label=_("Growth over last year, %"),
        required=True,
        initial=Decimal("5.0"),
        min_value=Decimal(-100),
        max_value=Decimal(1_000_000),
        decimal_places=1,
    )

    def __init__(self, data: QueryDict | None, *, plan: Plan, sold: Sequence[ProductCategory]) -> None:
        super().__init__(data, prefix="add")
        self.sold = list(sold)
        every = ProductCategory.objects.order_by("name", "pk")
        self.by_key = {str(category.pk): category for category in every}
        first = [(ALL, _("All categories together"))]
        if self.sold:
            first.append((EACH, _("Each category sold last year")))
        choices = [*first, *((key, str(category)) for key, category in self.by_key.items())]
        self.fields["categories"].choices = choices  # type: ignore[attr-defined]
        if self.sold:
            self.initial["categories"] = EACH

    @property
    def chosen(self) -> Sequence[ProductCategory | None]:
        key = self.cleaned_data["categories"]
        if key == ALL:
            return [None]
        return self.sold if key == EACH else [self.by_key[key]]


class GrowAllForm(forms.Form):
    """One growth for every line."""

    growth = PastedNumberField(
        label=_("Last year and so many percent, for all lines"),
        required=True,
        min_value=Decimal(-100),
        max_value=Decimal(1_000_000),
        decimal_places=1,
    )
