"""What people type about CRM records. Forms validate; models and operations save."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from crm import operations
from crm.enums import ActivityStatus
from crm.models import Account, Activity, ActivityType, Contact, Opportunity, PickListValue, Stage
from kam.core.clock import company_today
from kam.core.forms import SearchChoiceField, VersionedModelForm
from kam.core.money import currency_choices, round_money
from kam.users.forms import UserChoiceField
from kam.users.models import User

TODAY_OR_EARLIER = _("That day is still to come. Plan the activity instead.")


def keep_or_offer(form: forms.ModelForm, name: str) -> None:
    """Offer the values of a pick-list that are in use, and the retired one the row already has."""
    pick_list = Account._meta.get_field(name).remote_field.limit_choices_to["pick_list"]  # type: ignore[union-attr]
    own = getattr(form.instance, f"{name}_id")
    choices = PickListValue.objects.filter(pick_list=pick_list).filter(Q(is_retired=False) | Q(pk=own))
    form.fields[name].queryset = choices.order_by("order", "name")  # type: ignore[attr-defined]


class AccountForm(VersionedModelForm):
    class Meta:
        model = Account
        fields = (
            "name",
            "currency",
            "industry",
            "account_type",
            "current_segment",
            "target_segment",
            "call_frequency",
            "website",
            "address",
        )
        widgets = {"address": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("industry", "account_type", "current_segment", "target_segment"):
            keep_or_offer(self, name)
        currencies = currency_choices(self.instance.currency, blank=True)
        self.fields["currency"].widget = forms.Select(choices=currencies)


class AccountOverviewForm(VersionedModelForm):
    class Meta:
        model = Account
        fields = ("business_overview",)
        widgets = {"business_overview": forms.Textarea(attrs={"rows": 8})}


class ContactForm(VersionedModelForm):
    class Meta:
        model = Contact
        fields = ("name", "job_title", "department", "specialty", "email", "phone", "reports_to")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        colleagues = Contact.objects.visible_to(user).filter(account=self.instance.account_id)
        self.fields["reports_to"].queryset = colleagues.exclude(pk=self.instance.pk)  # type: ignore[attr-defined]


class OpportunityForm(VersionedModelForm):
    """Amount, stage and date of a deal. The account is chosen once, when it is made."""

    account = SearchChoiceField(Account.objects.none(), options_url=reverse_lazy("crm:account_options"))
    owner = UserChoiceField(required=False)

    class Meta:
        model = Opportunity
        fields = (
            "account",
            "name",
            "stage",
            "amount",
            "currency",
            "probability",
            "close_date",
            "owner",
            "next_step",
            "contacts",
        )
        widgets = {"next_step": forms.TextInput(attrs={"data-wide": True})}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        self.fields["stage"].queryset = Stage.objects.visible_to(user)  # type: ignore[attr-defined]
        self.fields["amount"].widget.attrs["step"] = "any"
        currencies = currency_choices(self.initial.get("currency") or "")
        self.fields["currency"].widget = forms.Select(choices=currencies)
        if self.instance._state.adding:
            self.fields["account"].queryset = Account.objects.visible_to(user)  # type: ignore[attr-defined]
            del self.fields["contacts"]
        else:
            del self.fields["account"]
            self.initial["amount"] = round_money(self.instance.amount, self.instance.currency)
            contacts = Contact.objects.visible_to(user).filter(account=self.instance.account_id)
            self.fields["contacts"].queryset = contacts  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        # A new stage brings its own probability, unless somebody typed one.
        if "stage" in self.changed_data and "probability" not in self.changed_data:
            cleaned["probability"] = None
        return cleaned

    def save(self, commit: bool = True) -> Opportunity:
        contacts = self.cleaned_data.get("contacts")
        return operations.save_opportunity(opportunity=self.instance, contacts=contacts, user=self.user)


class ActivityForm(VersionedModelForm):
    """The parts that a planned and a done activity share; which one it is, is the form's own."""

    status: ActivityStatus
    day: str
    owner = UserChoiceField()

    class Meta:
        model = Activity
        fields = (
            "type",
            "subject",
            "planned_for",
            "done_on",
            "owner",
            "contacts",
            "quantity",
            "notes",
            "next_step",
        )
        labels = {"done_on": _("Done on"), "planned_for": _("Planned for")}
        widgets = {
            "contacts": forms.SelectMultiple(attrs={"size": 4}),
            "notes": forms.Textarea(attrs={"rows": 4}),
            "next_step": forms.TextInput(attrs={"data-wide": True}),
        }

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        if self.instance._state.adding:
            self.instance.status = self.status
        other = {"done_on": "planned_for", "planned_for": "done_on"}[self.day]
        if not self.instance.planned_for or other == "done_on":
            del self.fields[other]
        self.fields[self.day].required = True
        self.fields["type"].queryset = ActivityType.objects.visible_to(user)  # type: ignore[attr-defined]
        contacts = Contact.objects.visible_to(user).filter(account=self.instance.account_id)
        self.fields["contacts"].queryset = contacts  # type: ignore[attr-defined]
        self.fields["quantity"].widget.attrs["step"] = "any"


class DoneActivityForm(ActivityForm):
    status, day = ActivityStatus.DONE, "done_on"

    def clean_done_on(self) -> Any:
        if self.cleaned_data["done_on"] > company_today():
            raise ValidationError(TODAY_OR_EARLIER)
        return self.cleaned_data["done_on"]


class PlannedActivityForm(ActivityForm):
    status, day = ActivityStatus.PLANNED, "planned_for"


class CompleteActivityForm(forms.Form):
    """What to note when something planned was done."""

    done_on = forms.DateField(label=_("Done on"))
    notes = forms.CharField(max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 4}))

    def clean_done_on(self) -> Any:
        if self.cleaned_data["done_on"] > company_today():
            raise ValidationError(TODAY_OR_EARLIER)
        return self.cleaned_data["done_on"]
