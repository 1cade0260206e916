from __future__ import annotations

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from kam.core.filters import VisibleFilterSet, YesNoFilter


class PlanTypeFilter(VisibleFilterSet):
    is_retired = YesNoFilter(label=_("Retired"))

    search_fields = ("name",)
    ordering_fields: ClassVar = {"name": "name", "updated_at": "updated_at"}
