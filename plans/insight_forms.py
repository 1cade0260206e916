"""What medical colleagues type about an insight."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from crm.enums import PickList
from crm.models import Account, Contact, PickListValue, Product
from kam.core.clock import company_today
from kam.core.forms import SearchChoiceField, VersionedModelForm
from plans.models import MedicalInsight, TerritoryBusinessPlan
from plans.models.plans import OVER


class MedicalInsightForm(VersionedModelForm):
    """The contact says the account; without a contact the account is named."""

    contact = SearchChoiceField(
        Contact.objects.none(),
        options_url=reverse_lazy("crm:contact_options"),
        required=False,
        help_text=_("Who said it, by name."),
    )
    account = SearchChoiceField(
        Account.objects.none(),
        options_url=reverse_lazy("crm:account_options"),
        required=False,
        help_text=_("Left empty: that of the contact."),
    )
    product = SearchChoiceField(
        Product.objects.none(),
        options_url=reverse_lazy("plans:product_options"),
        required=False,
        help_text=_("Ours, or a competitor's."),
    )

    class Meta:
        model = MedicalInsight
        fields = ("text", "topic", "date", "contact", "account", "product", "territory_business_plan")
        labels = {"text": _("What did you learn?")}
        help_texts = {"date": "", "territory_business_plan": ""}
        widgets = {"text": forms.Textarea(attrs={"rows": 3, "data-wide": True})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, model in (("contact", Contact), ("account", Account), ("product", Product)):
            self.fields[name].queryset = model.objects.visible_to(self.user)  # type: ignore[attr-defined]
        own = self.instance.topic_id
        topics = PickListValue.objects.filter(pick_list=PickList.INSIGHT_TOPIC)
        offered = topics.filter(Q(is_retired=False) | Q(pk=own)).order_by("order", "name")
        self.fields["topic"].queryset = offered  # type: ignore[attr-defined]
        own_plan = Q(pk=self.instance.territory_business_plan_id)
        plans = TerritoryBusinessPlan.objects.visible_to(self.user).filter(~Q(status__in=OVER) | own_plan)
        self.fields["territory_business_plan"].queryset = plans.order_by("name", "pk")  # type: ignore[attr-defined]
        self.fields["territory_business_plan"].empty_label = _("None")  # type: ignore[attr-defined]
        self.fields["date"].widget.attrs["max"] = company_today().isoformat()
        self.initial["date"] = self.initial.get("date") or company_today()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        contact = cleaned.get("contact")
        if contact and "contact" in self.changed_data and "account" not in self.changed_data:
            cleaned["account"] = contact.account
        if not contact and not cleaned.get("account") and not {"contact", "account"} & set(self.errors):
            self.add_error("contact", _("Name who said it, or at least the account."))
        return cleaned
