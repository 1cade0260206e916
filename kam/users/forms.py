from __future__ import annotations

import zoneinfo
from functools import lru_cache
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Q
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from kam.core.forms import SearchChoiceField
from kam.users.models import User


def named(text: str) -> Q:
    """Every word of the text is part of the first, the last or the user name."""
    condition = Q()
    for word in text.split():
        condition &= (
            Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(username__icontains=word)
        )
    return condition


class UserChoiceField(SearchChoiceField):
    """A colleague who can own work, found by name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(User.objects.people(), options_url=reverse_lazy("users:user_options"), **kwargs)

    def find(self, text: str) -> Any:
        return self.queryset.filter(named(text))


@lru_cache
def time_zone_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Time zones by region: "Europe" → "Lisbon"; those without a region last."""
    regions: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(zoneinfo.available_timezones()):
        region, _slash, city = name.partition("/")
        if city and region not in {"Etc", "posix", "right", "SystemV", "US"}:
            regions.setdefault(region, []).append((name, city.replace("_", " ")))
    return [*regions.items(), (str(_("Other")), [("UTC", "UTC")])]


class ProfileForm(forms.ModelForm):
    """What people set for themselves; name and role come from the administrator."""

    class Meta:
        model = User
        fields = ("time_zone", "locale")
        labels = {"locale": _("Format of numbers and dates")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        company = _("Company time zone (%(zone)s)") % {"zone": settings.TIME_ZONE}
        known = {zone for _region, zones in time_zone_choices() for zone, _city in zones}
        own = self.instance.time_zone
        kept = [(own, own)] if own and own not in known else []
        self.fields["time_zone"].widget = forms.Select(choices=[("", company), *kept, *time_zone_choices()])
        self.fields["locale"].choices = [("", _("As the browser asks")), *settings.LANGUAGES]
