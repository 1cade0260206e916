"""What all objects of the template library share."""

from __future__ import annotations

from typing import Self

from django.db import models

from crm.enums import PickList
from crm.models import PickListValue
from kam.core.models import TrackedCatalogQuerySet
from kam.users.models import Role, User

LIBRARY_READERS = frozenset({Role.KAM, Role.MSL, Role.MANAGER, Role.ADMIN})  # those who may create plans


class LibraryQuerySet(TrackedCatalogQuerySet):
    """Read by everybody who may create plans; holds nothing of a customer."""

    def visible_to(self, user: User) -> Self:
        return super().visible_to(user) if user.role in LIBRARY_READERS else self.none()


def category_field() -> models.ForeignKey:
    return models.ForeignKey(
        PickListValue,
        models.PROTECT,
        null=True,
        blank=True,
        limit_choices_to={"pick_list": PickList.TEMPLATE_CATEGORY},
        related_name="+",
    )


def is_template_category(value: PickListValue | None) -> bool:
    return value is None or value.pick_list == PickList.TEMPLATE_CATEGORY
