"""Plan types are read by everybody and kept by administrators."""

from __future__ import annotations

import rules

from kam.users.models import Role, User


@rules.predicate
def is_active(user: User) -> bool:
    return user.is_active


@rules.predicate
def is_admin(user: User) -> bool:
    return user.role == Role.ADMIN


rules.add_perm("templates_app.view_plantype", is_active)
for action in ("add", "change", "delete"):
    rules.add_perm(f"templates_app.{action}_plantype", is_active & is_admin)
