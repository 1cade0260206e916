"""Which record is put into a plan's numbers, or left out of them, and why."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from kam.core.formatting import format_money
from kam.core.forms import SearchChoiceField
from kam.users.models import User
from plans.enums import RecordKind
from plans.models import Plan
from plans.models.pins import RECORDS, RecordFacts, facts_of_record

PATHS = {
    RecordKind.OPPORTUNITY: ("", ("name", "account__name")),
    RecordKind.SCHEDULE: (
        "line__opportunity__",
        ("line__opportunity__name", "line__opportunity__account__name"),
    ),
    RecordKind.ORDER: ("", ("document_number", "account__name")),
}


def records_to_pin(kind: str, user: User, text: str = "") -> QuerySet:
    """Records of any account that the user may open, by their name or their account's."""
    path, names = PATHS[RecordKind(kind)]
    found = Q()
    for name in names:
        found |= Q(**{f"{name}__icontains": text})
    model: Any = RECORDS[RecordKind(kind)]
    rows = model.objects.visible_to(user).select_related(f"{path}account")
    return (rows.select_related("line__opportunity__account") if path else rows).filter(found)


def named(record: Any) -> str:
    """What tells a record from others of its name."""
    facts: RecordFacts = facts_of_record(record)
    name = facts.name or str(_("Order"))
    return (
        f"{name} · {facts.account} · {date_format(facts.date)} · {format_money(facts.amount, facts.currency)}"
    )


class RecordField(SearchChoiceField):
    def __init__(self, kind: str, user: User, **kwargs: Any) -> None:
        self.kind, self.user = kind, user
        super().__init__(
            records_to_pin(kind, user),
            options_url=reverse("metrics:pin_options", args=[kind]),
            label=RecordKind(kind).label,
            **kwargs,
        )

    def label_from_instance(self, obj: Any) -> str:
        return named(obj)

    def find(self, text: str) -> QuerySet:
        return records_to_pin(self.kind, self.user, text)


class PinForm(forms.Form):
    """Without a `record` it is searched for, among the kinds that the plan counts."""

    reason = forms.CharField(
        label=_("Why"), max_length=500, help_text=_("Everybody who sees the plan's numbers reads it.")
    )

    def __init__(self, *args: Any, plan: Plan, user: User, record: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.record, self.kinds = record, () if record else plan.record_kinds
        for kind in self.kinds:
            self.fields[kind] = RecordField(kind, user, required=len(self.kinds) == 1)
        self.order_fields([*self.kinds, "reason"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        chosen = [kind for kind in self.kinds if cleaned.get(kind)]
        if self.kinds and not self.errors and len(chosen) != 1:
            raise ValidationError(_("Name one record."))
        return cleaned

    @property
    def chosen(self) -> Any:
        return self.record or next(row for kind in self.kinds if (row := self.cleaned_data.get(kind)))
