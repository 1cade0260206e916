"""Who may see how the numbers are kept. The numbers themselves follow their plan (`plans.view_numbers`)."""

from __future__ import annotations

import rules

from kam.users.models import Role, User


@rules.predicate
def runs_the_system(user: User) -> bool:
    return user.is_active and user.role == Role.ADMIN


rules.add_perm("metrics.view_operations", runs_the_system)
