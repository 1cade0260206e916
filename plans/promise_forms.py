"""What people type about promises. Forms validate; models save."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import ActivityType, PickListValue
from kam.core.forms import VersionedModelForm
from kam.core.money import round_money
from kam.users.forms import UserChoiceField
from plans.models import Commitment, CoopExpense, CoopFund, PlanEvent, RebateProgram, RebateTier


class PromiseForm(VersionedModelForm):
    """What is promised may be shown to the customer, unless somebody says no."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            self.initial["is_external"] = True

    def show_money(self, name: str) -> None:
        """In the plan's currency, without the places it does not have."""
        currency = self.instance.plan.currency
        self.fields[name].widget.attrs |= {"step": "any", "min": "0", "data-unit": currency}
        if self.initial.get(name) is not None:
            self.initial[name] = round_money(self.initial[name], currency)

    def offer_values(self, name: str) -> None:
        """The values of a pick-list in use, and the retired one that the row already has."""
        field = self.instance._meta.get_field(name)
        offered = PickListValue.objects.filter(**field.remote_field.limit_choices_to)
        own = getattr(self.instance, f"{name}_id")
        choices = offered.filter(Q(is_retired=False) | Q(pk=own)).order_by("order", "name")
        self.fields[name].queryset = choices  # type: ignore[attr-defined]
        self.fields[name].empty_label = _("None")  # type: ignore[attr-defined]


class CommitmentForm(PromiseForm):
    owner = UserChoiceField(label=_("Who of us"))

    class Meta:
        model = Commitment
        fields = ("quantity", "activity_type", "due_date", "owner", "description", "notes", "is_external")
        labels = {"quantity": _("How many"), "activity_type": _("Of what"), "due_date": _("By when")}
        help_texts = {"quantity": "", "due_date": _("Left empty: the end of the plan.")}
        widgets = {
            "description": forms.TextInput(attrs={"data-wide": True}),
            "notes": forms.Textarea(attrs={"rows": 2}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = self.instance.activity_type_id
        others = Commitment.objects.visible_to(self.user).filter(plan=self.instance.plan_id)
        taken = others.exclude(pk=self.instance.pk).values("activity_type")
        offered = ActivityType.objects.filter(Q(counts_as_commitment=True) | Q(pk=own)).exclude(pk__in=taken)
        self.fields["activity_type"].queryset = offered  # type: ignore[attr-defined]
        self.fields["quantity"].widget.attrs |= {"step": "any", "min": "0"}


class PlanEventForm(PromiseForm):
    owner = UserChoiceField(label=_("Who of us"))

    class Meta:
        model = PlanEvent
        fields = ("name", "kind", "date", "end_date", "place", "owner", "notes", "is_external")
        labels = {"date": _("First day"), "end_date": _("Last day")}
        widgets = {
            "name": forms.TextInput(attrs={"data-wide": True}),
            "notes": forms.Textarea(attrs={"rows": 2}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer_values("kind")


class CoopFundForm(PromiseForm):
    class Meta:
        model = CoopFund
        fields = ("name", "amount", "terms", "is_external")
        widgets = {"terms": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.show_money("amount")


class CoopExpenseForm(PromiseForm):
    class Meta:
        model = CoopExpense
        fields = ("name", "kind", "amount", "date", "status", "evidence", "is_external")
        widgets = {
            "name": forms.TextInput(attrs={"data-wide": True}),
            "evidence": forms.TextInput(attrs={"data-wide": True}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer_values("kind")
        self.show_money("amount")
        if self.instance._state.adding:
            self.initial["is_external"] = self.instance.fund.is_external


class RebateProgramForm(PromiseForm):
    """A programme with its tiers: one row each, empty rows for new ones; an emptied row is taken away."""

    MOST_TIERS = 12
    SPARE_ROWS = 3

    class Meta:
        model = RebateProgram
        fields = ("name", "start_date", "end_date", "terms", "is_external")
        widgets = {
            "name": forms.TextInput(attrs={"data-wide": True}),
            "terms": forms.Textarea(attrs={"rows": 2}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tiers = [] if self.instance._state.adding else list(self.instance.tiers.visible_to(self.user))
        sent = [name for name in self.data if name.startswith("threshold_")]
        wanted = max(len(tiers) + self.SPARE_ROWS, len(sent))
        self.rows = range(min(wanted, self.MOST_TIERS))
        currency = self.instance.plan.currency
        for row in self.rows:
            number = {"number": row + 1}
            threshold = RebateTier._meta.get_field("threshold").formfield(required=False)
            threshold.label = _("Tier %(number)s: from orders of") % number
            percent = RebateTier._meta.get_field("percent").formfield(required=False)
            percent.label = _("Tier %(number)s: rebate") % number
            threshold.widget.attrs |= {"step": "any", "min": "0", "data-unit": currency}
            percent.widget.attrs |= {"step": "0.1", "min": "0", "max": "100", "data-unit": "%"}
            self.fields |= {f"threshold_{row}": threshold, f"percent_{row}": percent}
        for row, tier in enumerate(tiers):
            self.initial[f"threshold_{row}"] = round_money(tier.threshold, currency)
            self.initial[f"percent_{row}"] = tier.percent

    @property
    def tier_fields(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"threshold_{row}"], self[f"percent_{row}"]) for row in self.rows]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self.wanted: list[tuple[Any, Any]] = []
        places = []
        for row in self.rows:
            threshold, percent = cleaned.get(f"threshold_{row}"), cleaned.get(f"percent_{row}")
            if threshold is None and percent is None:
                continue
            for name, value in ((f"threshold_{row}", threshold), (f"percent_{row}", percent)):
                if value is None and name not in self.errors:
                    self.add_error(name, _("A tier needs both: from which amount on, and how many percent."))
            places.append(row)
            self.wanted.append((threshold, percent))
        if not any(name.startswith(("threshold_", "percent_")) for name in self.errors):
            self.check(places)
        return cleaned

    def check(self, places: list[int]) -> None:
        """The model's own rules, each error at its field."""
        try:
            self.instance.check_tiers(self.wanted)
        except ValidationError as error:
            for path, found in error.update_error_dict({}).items():
                _tiers, place, name = path.split(".")
                self.add_error(f"{name}_{places[int(place)]}", found)

    def save(self, commit: bool = True) -> RebateProgram:
        self.instance.save_with_tiers(self.wanted)
        return self.instance
