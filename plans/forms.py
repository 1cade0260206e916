"""What people type about plans. Forms validate; models and operations save."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from crm.models import Account
from kam.core.forms import SearchChoiceField, VersionedModelForm
from kam.core.money import currency_choices, round_money
from kam.users.forms import UserChoiceField
from kam.users.models import User
from plans.models import AccountPlan, AccountPlanObjective, AccountPlanParticipant, Strategy
from templates_app.models import PlanType

# The parts of a plan that are prose, in the order of the page.
SECTIONS = (
    "vision",
    "goals",
    "customer_goals",
    "business_overview",
    "short_term_plan",
    "support_required",
    "risks",
    "competitors",
)


def plain_quantity(value: Any) -> Any:
    """A quantity without the zeros of its scale, as a number field shows it."""
    return value if value is None else f"{value:.3f}".rstrip("0").rstrip(".")


class AccountPlanForm(VersionedModelForm):
    account = SearchChoiceField(Account.objects.none(), options_url=reverse_lazy("crm:account_options"))
    owner = UserChoiceField()
    name = forms.CharField(
        max_length=200, required=False, help_text=_("Left empty: the account and the year.")
    )
    parent_plan = SearchChoiceField(
        AccountPlan.objects.none(), options_url=reverse_lazy("plans:plan_options"), required=False
    )

    class Meta:
        model = AccountPlan
        fields = (
            "name",
            "account",
            "plan_type",
            "owner",
            "start_date",
            "end_date",
            "currency",
            "sales_target",
            "stretch_target",
            "revenue_basis",
            "include_child_accounts",
            "review_frequency",
            "parent_plan",
            "is_confidential",
        )
        labels = {
            "include_child_accounts": _("Count the companies below, too"),
            "is_confidential": _("Confidential"),
        }

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        own_type = self.instance.plan_type_id
        types = PlanType.objects.visible_to(user).filter(Q(is_retired=False) | Q(pk=own_type))
        self.fields["plan_type"].queryset = types  # type: ignore[attr-defined]
        self.fields["account"].queryset = Account.objects.visible_to(user)  # type: ignore[attr-defined]
        others = AccountPlan.objects.visible_to(user).exclude(pk=self.instance.pk)
        self.fields["parent_plan"].queryset = others  # type: ignore[attr-defined]
        currency = self.initial.get("currency") or ""
        self.fields["currency"].widget = forms.Select(choices=currency_choices(currency))
        for name in ("sales_target", "stretch_target"):
            self.fields[name].widget.attrs |= {"step": "any", "min": "0"}
            if self.initial.get(name) is not None:
                self.initial[name] = round_money(self.initial[name], currency)
        if not self.instance._state.adding and not user.has_perm("plans.change_owner", self.instance):
            del self.fields["owner"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        account, start, plan_type = (cleaned.get(name) for name in ("account", "start_date", "plan_type"))
        if not cleaned.get("name") and "name" not in self.errors and account and start:
            cleaned["name"] = f"{account} {start.year}"[:200]
        owner = cleaned.get("owner")
        if self.instance._state.adding and owner and owner != self.user and account:
            candidate = AccountPlan(account=account, owner=owner)
            if not self.user.has_perm("plans.change_owner", candidate):
                self.add_error("owner", _("You make plans of your own; hand one over once it is there."))
        # A plan type brings its own revenue basis, unless somebody chose one.
        if self.instance._state.adding and plan_type and "revenue_basis" not in self.changed_data:
            cleaned["revenue_basis"] = plan_type.default_revenue_basis
        return cleaned


class SectionForm(VersionedModelForm):
    """One section of prose, edited in place."""

    class Meta:
        model = AccountPlan
        fields = SECTIONS

    def __init__(self, *args: Any, section: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in set(SECTIONS) - {section}:
            del self.fields[name]
        self.fields[section].widget.attrs["rows"] = 8


class StatusForm(forms.Form):
    """Why a plan takes a step; `version` says which plan the reader looked at."""

    comment = forms.CharField(
        label=_("Comment"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Shown in the history of the plan."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class StrategyForm(VersionedModelForm):
    class Meta:
        model = Strategy
        fields = ("name", "description", "order")
        widgets = {"name": forms.TextInput(attrs={"data-wide": True})}


class ObjectiveForm(VersionedModelForm):
    owner = UserChoiceField()

    class Meta:
        model = AccountPlanObjective
        fields = (
            "name",
            "strategy",
            "owner",
            "status",
            "start_date",
            "target_date",
            "progress_mode",
            "manual_progress",
            "measure_kind",
            "unit",
            "baseline",
            "current",
            "target",
            "stretch",
            "weight",
            "order",
            "approach",
            "owner_comments",
            "manager_comments",
            "lessons_learned",
        )
        widgets = {
            "name": forms.TextInput(attrs={"data-wide": True}),
            "approach": forms.Textarea(attrs={"rows": 3}),
            "owner_comments": forms.Textarea(attrs={"rows": 2}),
            "manager_comments": forms.Textarea(attrs={"rows": 2}),
            "lessons_learned": forms.Textarea(attrs={"rows": 2}),
        }

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        strategies = Strategy.objects.visible_to(user).filter(plan=self.instance.plan_id)
        self.fields["strategy"].queryset = strategies  # type: ignore[attr-defined]
        self.fields["strategy"].empty_label = _("None")  # type: ignore[attr-defined]
        for name in ("baseline", "current", "target", "stretch", "weight"):
            self.fields[name].widget.attrs["step"] = "any"
            self.initial[name] = plain_quantity(self.initial.get(name))


class ParticipantForm(VersionedModelForm):
    """A colleague on the plan; who it is cannot change, only what they may do."""

    user = UserChoiceField(label=_("Colleague"))

    class Meta:
        model = AccountPlanParticipant
        fields = ("user", "role", "access")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            del self.fields["user"]

    def clean_user(self) -> User:
        user = self.cleaned_data["user"]
        if self.instance.plan.access_of(user) is not None:
            raise ValidationError(_("This colleague takes part already."))
        return user
