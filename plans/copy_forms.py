"""What people say about a copy of a plan."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from crm.models import Account, Territory
from kam.core.clock import company_today
from kam.core.forms import SearchChoiceField
from kam.users.forms import UserChoiceField
from kam.users.models import User
from plans import periods
from plans.models import Plan
from plans.operations.copying import CopyRequest
from plans.operations.parts import check_parts, offered_parts, parts
from plans.operations.renewal import ending_plans

SHOWN_PLANS = 100


class PlanCopyForm(forms.Form):
    """Which parts, for which account or territory, and period. Bound to the plan that is copied."""

    name = forms.CharField(max_length=200)
    account = SearchChoiceField(Account.objects.none(), options_url=reverse_lazy("crm:account_options"))
    territory = forms.ModelChoiceField(Territory.objects.none())
    start_date = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}))
    end_date = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}))
    owner = UserChoiceField(help_text=_("Takes over from colleagues who left or will not see the new plan."))
    include = forms.MultipleChoiceField(
        label=_("What comes along"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, source: Plan, user: User, **kwargs: Any) -> None:
        start, end = periods.next_period(source.start_date, source.end_date)
        offered = offered_parts(source, user)
        first = {
            "name": periods.name_in(source.name, years_later=start.year - source.start_date.year),
            source.subject_field: source.subject,
            "start_date": start,
            "end_date": end,
            "owner": user if not user.has_perm("plans.change_owner", source) else source.owner,
            "include": [part.name for part in offered],
        }
        super().__init__(*args, **kwargs | {"initial": first})
        self.user = user
        self.source = source
        subjects = {
            "account": Account.objects.visible_to(user),
            "territory": Territory.objects.visible_to(user).open_to(user),
        }
        for name, rows in subjects.items():
            if name == source.subject_field:
                self.fields[name].queryset = rows  # type: ignore[attr-defined]
            else:
                del self.fields[name]
        self.fields["include"].choices = [(part.name, part.label) for part in offered]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        name = self.source.subject_field
        owner, subject = cleaned.get("owner"), cleaned.get(name)
        if owner and subject and owner != self.user:
            candidate = type(self.source)(owner=owner, **{name: subject})
            if not self.user.has_perm("plans.change_owner", candidate):
                self.add_error("owner", _("You make plans of your own; hand one over once it is there."))
        return cleaned

    def asked(self) -> CopyRequest:
        """What a valid form asks for."""
        given = dict(self.cleaned_data)
        return CopyRequest(subject=given.pop(self.source.subject_field), **given)


class RenewalForm(forms.Form):
    """Which plans are followed by one for the next period. `offered` are those, one more than a page shows."""

    plans = forms.ModelMultipleChoiceField(
        Plan.objects.none(),
        error_messages={
            "required": _("Choose at least one plan."),
            "invalid_choice": _("One of these plans was handed on already. Look again."),
        },
    )
    include = forms.MultipleChoiceField(
        label=_("What comes along"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"initial": {"include": [part.name for part in parts()]}})
        offered = ending_plans(user, today=company_today()).select_related(
            "account", "territory", "owner", "plan_type"
        )
        self.offered = list(offered[: SHOWN_PLANS + 1])
        self.fields["plans"].queryset = offered  # type: ignore[attr-defined]
        self.fields["include"].choices = [(part.name, part.label) for part in parts()]  # type: ignore[attr-defined]

    def clean_include(self) -> list[str]:
        chosen = self.cleaned_data["include"]
        try:
            check_parts(chosen)
        except ValidationError as error:
            raise ValidationError(error.messages) from error
        return chosen
