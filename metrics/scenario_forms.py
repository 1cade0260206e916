"""What people type into a scenario: its name, an open deal otherwise, a deal that does not exist yet."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from crm.models import Opportunity, ProductCategory
from kam.core.fields import MoneyField
from kam.core.forms import VersionedModelForm
from kam.core.money import minor_units, round_money
from metrics.enums import DealOutcome
from metrics.models import BuildingBlock, Scenario, ScenarioChange
from plans.target_forms import PastedNumberField

LARGEST = MoneyField.max_value


class ScenarioForm(VersionedModelForm):
    class Meta:
        model = Scenario
        fields = ("name", "note", "is_shared")


class DealForm(forms.Form):
    """One open deal in a scenario. A field that is left empty, or that says what is so in truth, is no change."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    date = forms.DateField(label=_("Close date"), required=False, widget=forms.DateInput)
    amount = PastedNumberField(label=_("Amount"), min_value=-LARGEST, max_value=LARGEST)
    probability = PastedNumberField(
        label=_("Probability, %"), min_value=Decimal(0), max_value=Decimal(100), decimal_places=1
    )
    outcome = forms.ChoiceField(label=_("Outcome"), choices=DealOutcome.choices)

    def __init__(self, data: QueryDict | None, *, deal: Opportunity, change: ScenarioChange | None) -> None:
        self.deal, self.change = deal, change
        initial = {
            "version": change.version if change else 0,
            "date": change.date if change and change.date else deal.close_date,
            "amount": plain(
                deal.amount if change is None or change.amount is None else change.amount, deal.currency
            ),
            "probability": plain_percent(
                deal.probability if change is None or change.probability is None else change.probability
            ),
            "outcome": change.outcome if change else DealOutcome.OPEN,
        }
        key = deal.pk.hex
        super().__init__(data, initial=initial, auto_id=f"deal-{key}-%s")
        for name, field in self.fields.items():
            if name != "version":
                field.widget.attrs["aria-label"] = _("%(field)s of %(deal)s") % {
                    "field": field.label,
                    "deal": deal,
                }
        self.fields["amount"].widget.attrs["data-unit"] = deal.currency

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in ("amount", "probability"):
            is_empty = cleaned.get(name) is None and name not in self.errors
            if is_empty and str(self.data.get(name, "")).strip():  # what holds no digit at all
                self.add_error(name, _("Enter a number."))
        return cleaned

    @property
    def key(self) -> str:
        return self.deal.pk.hex

    def take(self, error: ValidationError) -> None:
        """What the row's own rules say, at the fields that are shown."""
        for name, found in error.update_error_dict({}).items():
            self.add_error(name if name in self.fields else None, found)

    def go_on_from(self, row: Any) -> None:
        """Somebody saved this deal of the scenario before: say so; saving again is a decision."""
        version = row.version if isinstance(row, ScenarioChange) else 0
        sent: Any = self.data
        self.data = sent = sent.copy()
        sent["version"] = str(version)
        self.add_error(
            None, _("This deal was changed in another window. Save again to replace what stands there.")
        )


def plain(amount: Decimal, currency: str) -> str:
    """An amount for a text field, without places that say nothing."""
    text = f"{amount:f}" if amount != round_money(amount, currency) else f"{amount:.{minor_units(currency)}f}"
    return text.rstrip("0").rstrip(".") if set(text.partition(".")[2]) == {"0"} else text


def plain_percent(value: Decimal) -> str:
    return f"{value:f}".removesuffix(".0")


def category_choices() -> list[tuple[Any, str]]:
    return [(category.pk, str(category)) for category in ProductCategory.objects.order_by("name", "pk")]


class BlockForm(VersionedModelForm):
    """A deal that does not exist yet, in the plan's currency."""

    amount = PastedNumberField(label=_("Amount"), required=True, min_value=Decimal(0), max_value=LARGEST)
    probability = PastedNumberField(
        label=_("Probability, %"),
        required=True,
        min_value=Decimal(0),
        max_value=Decimal(100),
        decimal_places=1,
    )

    class Meta:
        model = BuildingBlock
        fields = ("name", "amount", "date", "probability", "product_category")

    def __init__(self, *args: Any, categories: Sequence[tuple[Any, str]], **kwargs: Any) -> None:
        block = kwargs["instance"]
        key = "new" if block._state.adding else block.pk.hex
        super().__init__(*args, auto_id=f"block-{key}-%s", **kwargs)
        self.fields["name"].widget.attrs["placeholder"] = _("Name of the deal")
        choice: Any = self.fields["product_category"]
        choice.choices = [("", _("Any category")), *categories]  # read once for all blocks
        if not block._state.adding:
            self.initial["amount"] = plain(block.amount, block.plan.currency)
            self.initial["probability"] = plain_percent(block.probability)
        self.fields["amount"].widget.attrs["data-unit"] = block.plan.currency
        what = _("a new deal") if block._state.adding else block.name
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = _("%(field)s of %(deal)s") % {
                "field": field.label or "",
                "deal": what,
            }

    @property
    def key(self) -> str:
        return "new" if self.instance._state.adding else self.instance.pk.hex
