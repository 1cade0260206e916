"""What people type about the people on a plan. Forms validate; models and operations save."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _

from crm.models import Account, Contact, PickListValue, Product
from kam.core.forms import SearchChoiceField, VersionedModelForm
from kam.core.writing import check_row
from kam.users.forms import UserChoiceField
from plans.models import AccountPlanParticipant
from plans.task_forms import PlanTaskForm
from stakeholders.enums import LinkKind
from stakeholders.models import (
    AccountPlanStakeholder,
    ParticipantStakeholder,
    PartnerRole,
    StakeholderLink,
    StakeholderProduct,
)
from stakeholders.models.stakeholders import accounts_around
from stakeholders.operations.actions import add_action
from stakeholders.operations.links import save_link


class PlanPartForm(VersionedModelForm):
    """A form of what belongs to a plan; what its reader must not see is not asked either."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.user.has_perm("plans.view_sensitive", self.instance.plan):
            for name in self.instance.sensitive_fields & set(self.fields):
                del self.fields[name]

    def offer_roles(self) -> None:
        """The roles in use, and the retired one that the row already has."""
        field = self.instance._meta.get_field("role")
        values = PickListValue.objects.filter(**field.remote_field.limit_choices_to)
        offered = values.filter(Q(is_retired=False) | Q(pk=self.instance.role_id))
        self.fields["role"].queryset = offered.order_by("order", "name")  # type: ignore[attr-defined]


class StakeholderForm(PlanPartForm):
    contact = SearchChoiceField(
        Contact.objects.none(),
        options_url="",
        required=False,
        help_text=_("Somebody at the account, or at another company of its group."),
    )
    organisation = SearchChoiceField(
        Account.objects.none(),
        options_url=reverse_lazy("crm:account_options"),
        required=False,
        help_text=_("Instead of a contact: a company or a body as a whole."),
    )
    owner = UserChoiceField(
        label=_("Who of us"), required=False, help_text=_("Answers for the relationship.")
    )

    class Meta:
        model = AccountPlanStakeholder
        fields = (
            *("contact", "organisation", "role", "owner", "influence", "support"),
            *("relationship_now", "relationship_desired", "development", "notes"),
        )
        labels = {
            "relationship_now": _("Relationship today"),
            "relationship_desired": _("Relationship we want"),
            "support": _("Speaks for"),
        }
        widgets = {
            "development": forms.Textarea(attrs={"rows": 3}),
            "notes": forms.Textarea(attrs={"rows": 3}),
        }

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        plan = self.instance.plan
        if self.instance._state.adding:
            contact: Any = self.fields["contact"]
            around = accounts_around(plan).values("pk")
            contact.queryset = Contact.objects.visible_to(user).filter(account__in=around)
            contact.widget.options_url = reverse("stakeholders:contact_options", args=[plan.pk])
            self.fields["organisation"].queryset = Account.objects.visible_to(user)  # type: ignore[attr-defined]
        else:
            del self.fields["contact"], self.fields["organisation"]
        self.offer_roles()
        for name, words in (("support", _("Not known")), ("relationship_desired", _("As it is"))):
            if name in self.fields:
                field: Any = self.fields[name]
                field.choices = [
                    ("", words),
                    *(choice for choice in field.choices if choice[0] not in ("", None)),
                ]


class LinkForm(forms.Form):
    """From one stakeholder to another of the plan, in either direction."""

    KINDS = (
        ("reports_to", _("reports to")),
        ("reports_to:back", _("is the superior of")),
        ("influences", _("influences")),
        ("influences:back", _("is influenced by")),
        ("conflicts_with", _("is in conflict with")),
    )
    kind = forms.ChoiceField(label=_("How"), choices=KINDS)
    other = forms.ModelChoiceField(AccountPlanStakeholder.objects.none(), label=_("To whom"))

    def __init__(self, data: Any, *, stakeholder: AccountPlanStakeholder, user: Any) -> None:
        super().__init__(data)
        self.stakeholder = stakeholder
        self.fields["kind"].label = str(stakeholder)
        others = AccountPlanStakeholder.objects.visible_to(user).filter(plan=stakeholder.plan_id)
        others = (
            others.exclude(pk=stakeholder.pk).with_names().order_by("contact__name", "organisation__name")
        )
        self.fields["other"].queryset = others  # type: ignore[attr-defined]
        self.fields["other"].label_from_instance = lambda row: f"{row} ({row.role})"  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        other = cleaned.get("other")
        if other and (kind := cleaned.get("kind")):
            name, _colon, back = kind.partition(":")
            start, end = (other, self.stakeholder) if back else (self.stakeholder, other)
            self.link = StakeholderLink(from_stakeholder=start, to_stakeholder=end, kind=LinkKind(name))
            try:
                check_row(self.link)
            except ValidationError as error:
                self.add_error("other", error.messages)
        return cleaned

    def save(self) -> StakeholderLink:
        return save_link(self.link)


class ColleagueForm(VersionedModelForm):
    """Who of those who take part in the plan looks after a stakeholder."""

    class Meta:
        model = ParticipantStakeholder
        fields = ("participant",)
        help_texts = {"participant": _("Somebody who takes part in the plan.")}

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        people = AccountPlanParticipant.objects.visible_to(user).filter(plan=self.instance.plan.pk)
        people = people.exclude(looked_after__stakeholder=self.instance.stakeholder_id)
        self.fields["participant"].queryset = people.select_related("user")  # type: ignore[attr-defined]


class StakeholderProductForm(PlanPartForm):
    product = SearchChoiceField(
        Product.objects.none(),
        options_url=reverse_lazy("plans:product_options"),
        help_text=_("Ours, or a competitor's."),
    )

    class Meta:
        model = StakeholderProduct
        fields = ("product", "adoption_step", "attitude", "comment")
        widgets = {"comment": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        products = Product.objects.visible_to(user)
        offered = products.filter(Q(is_active=True) | Q(pk=self.instance.product_id))
        self.fields["product"].queryset = offered  # type: ignore[attr-defined]


class ActionForm(PlanTaskForm):
    """A new task of the plan, aimed at a stakeholder."""

    class Meta(PlanTaskForm.Meta):
        fields = (*PlanTaskForm.Meta.fields, "priority", "instructions")

    def __init__(self, *args: Any, stakeholder: AccountPlanStakeholder, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, plan_id=stakeholder.plan_id, user=user, **kwargs)
        self.stakeholder = stakeholder

    def save(self, commit: bool = True) -> Any:
        return add_action(stakeholder=self.stakeholder, task=self.instance)


class PartnerForm(PlanPartForm):
    account = SearchChoiceField(
        Account.objects.none(),
        options_url=reverse_lazy("crm:account_options"),
        required=False,
        help_text=_("Of a company that is among the accounts."),
    )
    contact = SearchChoiceField(
        Contact.objects.none(),
        options_url=reverse_lazy("crm:contact_options"),
        required=False,
        help_text=_("Whom we talk to at that account."),
    )

    class Meta:
        model = PartnerRole
        fields = ("account", "name", "role", "contact", "notes")
        widgets = {"notes": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        self.fields["account"].queryset = Account.objects.visible_to(user)  # type: ignore[attr-defined]
        self.fields["contact"].queryset = Contact.objects.visible_to(user)  # type: ignore[attr-defined]
        self.offer_roles()
