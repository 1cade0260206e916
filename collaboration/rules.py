"""Who may do what with notifications. The gate lets nobody see those of others."""

from __future__ import annotations

from typing import Any

import rules

from collaboration.models import ReminderSettings
from kam.users.models import Role, User


@rules.predicate
def is_active(user: User) -> bool:
    return user.is_active


@rules.predicate
def is_recipient(user: User, obj: Any = None) -> bool:
    return obj is not None and obj.recipient_id == user.pk


@rules.predicate
def may_set(user: User, obj: ReminderSettings | None = None) -> bool:
    """One's own; administrators the company's, too."""
    if obj is None:
        return user.role == Role.ADMIN
    return obj.user_id == user.pk or (obj.user_id is None and user.role == Role.ADMIN)


rules.add_perm("collaboration.view_notification", is_active)
rules.add_perm("collaboration.change_notification", is_active & is_recipient)
rules.add_perm("collaboration.view_remindersettings", is_active)
for action in ("add", "change", "delete"):
    rules.add_perm(f"collaboration.{action}_remindersettings", is_active & may_set)
