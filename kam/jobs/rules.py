"""Who may do what with jobs. The gate has decided who sees one."""

from __future__ import annotations

from typing import Any

import rules

from kam.users.models import User


@rules.predicate
def is_active(user: User) -> bool:
    return user.is_active


@rules.predicate
def is_owner(user: User, obj: Any = None) -> bool:
    return obj is not None and obj.owner_id == user.pk


rules.add_perm("jobs.view_job", is_active)
rules.add_perm("jobs.change_job", is_active & is_owner)
