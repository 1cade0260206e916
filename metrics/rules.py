"""Who may see how the numbers are kept. The numbers themselves follow their plan (`plans.view_numbers`)."""

from __future__ import annotations

import rules
from django.db.models import QuerySet

from kam.users.models import Role, User
from plans.models import Plan


@rules.predicate
def runs_the_system(user: User) -> bool:
    return user.is_active and user.role == Role.ADMIN


rules.add_perm("metrics.view_operations", runs_the_system)


def plans_with_numbers(user: User) -> QuerySet:
    """The plans whose numbers the user may see: `plans.view_numbers`, asked for all at once."""
    plans = Plan.objects.visible_to(user)
    return plans if user.has_perm("plans.view_numbers") else plans.taking_part(user)
