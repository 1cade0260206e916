from __future__ import annotations

from typing import ClassVar

import django_filters
from django.utils.translation import gettext_lazy as _

from kam.core.filters import VisibleChoiceFilter, VisibleFilterSet, YesNoFilter
from kam.users.models import Role, User


class UserFilter(VisibleFilterSet):
    role = django_filters.ChoiceFilter(choices=Role.choices, label=_("Role"))
    manager = VisibleChoiceFilter(User, label=_("Manager"))
    is_active = YesNoFilter(label=_("Active"))
    username = django_filters.CharFilter(max_length=150, label=_("User name"))

    search_fields = ("first_name", "last_name", "username")
    ordering_fields: ClassVar = {"name": "last_name", "username": "username", "role": "role"}
