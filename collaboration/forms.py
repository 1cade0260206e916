from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from collaboration.models import ReminderSettings
from collaboration.policies import cleaned_days

OFFERED_DAYS = (14, 7, 3, 2, 1, 0)
OFFERED_OVERDUE = (1, 2, 3, 7, 14, 30)


def day_choices(days: list[int]) -> list[tuple[int, Any]]:
    text = ngettext_lazy("%d day before", "%d days before")
    return [(n, _("On the day") if n == 0 else text % n) for n in cleaned_days(days)]


def overdue_choices(kept: int | None) -> list[tuple[Any, Any]]:
    days = sorted({*OFFERED_OVERDUE, *([kept] if kept else [])})
    text = ngettext_lazy("Every day", "Every %d days")
    return [("", _("Not at all")), *((n, text % n if n > 1 else _("Every day")) for n in days)]


class ReminderSettingsForm(forms.ModelForm):
    days_before = forms.TypedMultipleChoiceField(
        label=_("Before something is due"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    overdue_every = forms.TypedChoiceField(
        label=_("While it is overdue"), coerce=int, required=False, empty_value=None
    )

    class Meta:
        model = ReminderSettings
        fields = ("days_before", "overdue_every", "mail")
        widgets = {"mail": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = self.instance
        self.fields["days_before"].choices = day_choices([*OFFERED_DAYS, *own.days_before])  # type: ignore[attr-defined]
        self.fields["overdue_every"].choices = overdue_choices(own.overdue_every)  # type: ignore[attr-defined]
        self.fields["mail"].label = _("E-mail")
