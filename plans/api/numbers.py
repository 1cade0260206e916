"""Of which plans a user sees targets and pipeline."""

from __future__ import annotations

from typing import Any

from kam.users.models import User
from plans.models import Plan


def plans_with_numbers(ids: set[Any], user: User) -> set[Any]:
    """Of these plans, those whose numbers the user may see: one question for all of them."""
    if user.has_perm("plans.view_numbers"):
        return ids
    mine = Plan.objects.visible_to(user).filter(pk__in=ids).taking_part(user)
    return set(mine.values_list("pk", flat=True))
