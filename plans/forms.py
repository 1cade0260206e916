"""What people type about plans. Forms validate; models and operations save."""

from __future__ import annotations

import hashlib
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.db.models.fields import BLANK_CHOICE_DASH
from django.urls import reverse_lazy
from django.utils.html import escape
from django.utils.translation import gettext_lazy as _

from crm.models import Account, Product, ProductCategory, Territory
from kam.core.fields import AmountField, NumberField
from kam.core.forms import SearchChoiceField, VersionedModelForm
from kam.core.money import currency_choices, round_money
from kam.core.pages import as_uuid
from kam.users.forms import UserChoiceField
from kam.users.models import User
from plans import operations
from plans.enums import ANALYSES, SECTIONS, Likelihood
from plans.models import (
    AccountPlan,
    AccountPlanParticipant,
    AccountPlanProduct,
    Objective,
    Plan,
    RelatedObjectAnalysis,
    Strategy,
    TerritoryBusinessPlan,
)
from templates_app.enums import FieldKind, PlanSection
from templates_app.models import CustomField, PlanType, merged_values

CUSTOM = "custom_"  # the names of fields that a plan type adds


def custom_form_field(definition: CustomField, text: str | None, *, currency: str) -> forms.Field:
    """The form field of a field that a plan type adds; `text` is what the plan holds in it."""
    known: dict[str, Any] = {
        "label": definition.label,
        "help_text": escape(definition.help_text),
        "required": definition.is_required,
    }
    if definition.kind == FieldKind.DATE:
        return forms.DateField(**known)
    if definition.kind == FieldKind.USER:
        field = UserChoiceField(**known)
        field.queryset = field.queryset | User.objects.filter(pk=text)
        return field
    if definition.kind == FieldKind.CHOICE:
        kept = [text] if text and text not in definition.choices else []
        offered = [*BLANK_CHOICE_DASH, *((choice, choice) for choice in [*definition.choices, *kept])]
        return forms.ChoiceField(choices=offered, **known)
    if definition.kind in {FieldKind.NUMBER, FieldKind.MONEY}:
        is_money = definition.kind == FieldKind.MONEY
        number = (AmountField if is_money else NumberField)(max_digits=21, decimal_places=6, **known)
        unit = {"data-unit": currency} if is_money and currency else {}
        number.widget.attrs |= {"step": "any", **unit}
        return number
    return forms.CharField(max_length=2_000, widget=forms.Textarea(attrs={"rows": 2}), **known)


FRAME = (
    *("name", "plan_type", "owner", "start_date", "end_date", "currency", "sales_target", "stretch_target"),
    *("target_from_lines", "revenue_basis", "review_frequency", "is_confidential"),
)
FRAME_LABELS = {
    "target_from_lines": _("The sales target is the sum of the target lines"),
    "include_child_accounts": _("Count the companies below, too"),
    "is_confidential": _("Confidential"),
}


class PlanForm(VersionedModelForm):
    """The frame of a plan. `subject` names the field of what it is for."""

    subject = ""
    owner = UserChoiceField()

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        own_type = self.instance.plan_type_id
        types = PlanType.objects.visible_to(user).filter(Q(is_retired=False) | Q(pk=own_type))
        self.fields["plan_type"].queryset = types  # type: ignore[attr-defined]
        currency = self.initial.get("currency") or ""
        self.fields["currency"].widget = forms.Select(choices=currency_choices(currency))
        for name in ("sales_target", "stretch_target"):
            self.fields[name].widget.attrs |= {"step": "any", "min": "0"}
            if self.initial.get(name) is not None:
                self.initial[name] = round_money(self.initial[name], currency)
        if not self.instance._state.adding and not user.has_perm("plans.change_owner", self.instance):
            del self.fields["owner"]
        # The fields of another type are read when it is chosen; without JavaScript they come with the errors.
        self.fields["plan_type"].widget.attrs |= {
            "hx-get": "",
            "hx-target": "#plan-type-fields",
            "hx-select": "#plan-type-fields",
            "hx-swap": "outerHTML",
        }
        self._add_custom_fields(types)

    def _add_custom_fields(self, types: QuerySet) -> None:
        chosen = (
            self.data.get(self.add_prefix("plan_type")) if self.is_bound else self.initial.get("plan_type")
        )
        plan_type = types.filter(pk=as_uuid(str(getattr(chosen, "pk", chosen)))).first() if chosen else None
        self.plan_type_name = plan_type.name if plan_type else self.instance._meta.verbose_name
        self.custom_fields = list(plan_type.custom_fields.all()) if plan_type else []
        self.custom_values: dict[str, str] | None = None
        for definition in self.custom_fields:
            if not definition.is_retired:
                name, text = f"{CUSTOM}{definition.key}", self.instance.custom_values.get(definition.key)
                currency = self.instance.currency or str(self.initial.get("currency") or "")
                self.fields[name] = custom_form_field(definition, text, currency=currency)
                self.initial[name] = None if text is None else definition.initial(text)

    def bound_custom_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith(CUSTOM)]

    def _merge_custom_values(self, cleaned: dict[str, Any]) -> None:
        given = {name.removeprefix(CUSTOM): cleaned[name] for name in cleaned if name.startswith(CUSTOM)}
        try:
            self.custom_values = merged_values(
                self.custom_fields,
                current=self.instance.custom_values,
                given=given,
                currency=cleaned.get("currency") or self.instance.currency,
            )
        except ValidationError as error:
            for key, errors in error.error_dict.items():
                if f"{CUSTOM}{key}" not in self.errors:
                    self.add_error(f"{CUSTOM}{key}", errors)

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.custom_values is not None:
            self.instance.custom_values = self.custom_values

    def note_conflict(self, saved: Any) -> None:
        for definition in self.custom_fields:
            text = saved.custom_values.get(definition.key)
            self.initial[f"{CUSTOM}{definition.key}"] = None if text is None else definition.initial(text)
        super().note_conflict(saved)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self._merge_custom_values(cleaned)
        subject, start, plan_type = (cleaned.get(name) for name in (self.subject, "start_date", "plan_type"))
        if not cleaned.get("name") and "name" not in self.errors and subject and start:
            cleaned["name"] = f"{subject} {start.year}"[:200]
        owner = cleaned.get("owner")
        if self.instance._state.adding and owner and owner != self.user and subject:
            candidate = type(self.instance)(owner=owner, **{self.subject: subject})
            if not self.user.has_perm("plans.change_owner", candidate):
                self.add_error("owner", _("You make plans of your own; hand one over once it is there."))
        # A plan type brings its own revenue basis, unless somebody chose one.
        if self.instance._state.adding and plan_type and "revenue_basis" not in self.changed_data:
            cleaned["revenue_basis"] = plan_type.default_revenue_basis
        return cleaned

    def save(self, commit: bool = True) -> Plan:
        return operations.save_plan(self.instance)


class AccountPlanForm(PlanForm):
    subject = "account"
    account = SearchChoiceField(Account.objects.none(), options_url=reverse_lazy("crm:account_options"))
    name = forms.CharField(
        max_length=200, required=False, help_text=_("Left empty: the account and the year.")
    )
    parent_plan = SearchChoiceField(
        AccountPlan.objects.none(), options_url=reverse_lazy("plans:plan_options"), required=False
    )

    class Meta:
        model = AccountPlan
        fields = ("account", *FRAME, "include_child_accounts", "parent_plan")
        labels = FRAME_LABELS

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        self.fields["account"].queryset = Account.objects.visible_to(user)  # type: ignore[attr-defined]
        others = AccountPlan.objects.visible_to(user).exclude(pk=self.instance.pk)
        self.fields["parent_plan"].queryset = others  # type: ignore[attr-defined]


class TerritoryPlanForm(PlanForm):
    """For a territory that the user works in or answers for."""

    subject = "territory"
    territory = forms.ModelChoiceField(
        Territory.objects.none(),
        help_text=_("The plan is about its accounts and those of what lies below it."),
    )
    name = forms.CharField(
        max_length=200, required=False, help_text=_("Left empty: the territory and the year.")
    )

    class Meta:
        model = TerritoryBusinessPlan
        fields = ("territory", *FRAME)
        labels = FRAME_LABELS

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        territories = Territory.objects.visible_to(user)
        own = territories.filter(pk=self.instance.territory_id)
        self.fields["territory"].queryset = territories.open_to(user) | own  # type: ignore[attr-defined]
        self.plan_type_name = self.instance._meta.verbose_name


class SectionForm(VersionedModelForm):
    """One section of prose, edited in place.

    Two people may write in two sections of a plan at the same time: what decides is whether the text
    is still the one that the form was opened with, not whether the plan changed anywhere.
    """

    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    class Meta:
        model = Plan
        fields = SECTIONS

    def __init__(self, *args: Any, section: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in set(SECTIONS) - {section}:
            del self.fields[name]
        self.section = section
        self.initial["seen"] = mark_of(self.initial.get(section))
        self.fields[section].label = PlanSection(section).label
        self.fields[section].widget.attrs |= {"rows": 8, "autofocus": True}

    def clean(self) -> dict[str, Any]:
        seen = self.cleaned_data.get("seen")
        if seen and seen == self.initial["seen"]:
            self.cleaned_data["version"] = self.instance.version
        return super().clean()

    def note_conflict(self, saved: Any) -> None:
        seen = self.fields.pop("seen")  # differs as well, and says nothing to a reader
        super().note_conflict(saved)
        self.fields["seen"] = seen
        self.data[self.add_prefix("seen")] = mark_of(getattr(saved, self.section))


def mark_of(text: str | None) -> str:
    """Tells one text from another, whatever line ends a browser sends."""
    return hashlib.sha256("\n".join((text or "").splitlines()).encode()).hexdigest()


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
        model = Objective
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
        labels = {"manual_progress": _("Progress by hand, %")}
        help_texts = {
            "progress_mode": _("By hand, from the measure below, or from what is done of its tasks."),
            "unit": _("What is counted, such as wards or visits."),
            "baseline": _("Where it stood at the start."),
            "current": _("Where it stands today."),
            "target": _("What is to be reached."),
            "stretch": _("What would be more than that."),
        }

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        strategies = Strategy.objects.visible_to(user).filter(plan=self.instance.plan_id)
        self.fields["strategy"].queryset = strategies  # type: ignore[attr-defined]
        self.fields["strategy"].empty_label = _("None")  # type: ignore[attr-defined]
        for name in ("baseline", "current", "target", "stretch", "weight"):
            self.fields[name].widget.attrs["step"] = "any"


class PlanProductForm(VersionedModelForm):
    """What the plan is about; product and category cannot change, only what is said of them."""

    product = SearchChoiceField(
        Product.objects.none(), options_url=reverse_lazy("plans:product_options"), required=False
    )

    class Meta:
        model = AccountPlanProduct
        fields = ("product", "category", "last_year_actual", "target", "stretch", "strategy_note")
        widgets = {"strategy_note": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        currency = self.instance.plan.currency
        for name in ("last_year_actual", "target", "stretch"):
            self.fields[name].widget.attrs |= {"step": "any", "data-unit": currency}
            if self.initial.get(name) is not None:
                self.initial[name] = round_money(self.initial[name], currency)
        if not self.instance._state.adding:
            del self.fields["product"], self.fields["category"]
            return
        products = Product.objects.visible_to(user).filter(is_active=True)
        self.fields["product"].queryset = products  # type: ignore[attr-defined]
        self.fields["category"].queryset = ProductCategory.objects.visible_to(user)  # type: ignore[attr-defined]

    def save(self, commit: bool = True) -> AccountPlanProduct:
        return operations.save_plan_product(self.instance)


class AnalysisForm(VersionedModelForm):
    """An entry of SWOT or PESTEL."""

    owner = UserChoiceField(required=False)

    class Meta:
        model = RelatedObjectAnalysis
        fields = ("text", "factor", "impact", "likelihood", "product", "owner", "objectives")
        widgets = {
            "text": forms.Textarea(attrs={"rows": 3, "autofocus": True}),
            "objectives": forms.CheckboxSelectMultiple,
        }

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        plan = self.instance.plan
        shown = [section for section in ANALYSES if plan.plan_type.shows(section)]
        groups = [
            (PlanSection(section).label, [(factor.value, factor.label) for factor in ANALYSES[section]])
            for section in shown
        ]
        self.fields["factor"].choices = groups[0][1] if len(groups) == 1 else groups  # type: ignore[attr-defined]
        likelihood = self.fields["likelihood"]
        likelihood.choices = [("", _("Not said")), *Likelihood.choices]  # type: ignore[attr-defined]
        products = AccountPlanProduct.objects.visible_to(user).filter(plan=plan).with_names()
        objectives = Objective.objects.visible_to(user).filter(plan=plan)
        for name, rows in (("product", products), ("objectives", objectives)):
            self.fields[name].queryset = rows  # type: ignore[attr-defined]
            if not rows.exists():
                del self.fields[name]
        if "product" in self.fields:
            self.fields["product"].empty_label = _("The whole plan")  # type: ignore[attr-defined]

    def save(self, commit: bool = True) -> RelatedObjectAnalysis:
        return operations.save_analysis(
            analysis=self.instance, objectives=self.cleaned_data.get("objectives"), user=self.user
        )


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
