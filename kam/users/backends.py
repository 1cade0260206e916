"""What a role may do in the Django admin."""

from __future__ import annotations

from typing import Any

import rules
from django.contrib.auth.backends import ModelBackend

from kam.users.models import Role, User

# Never given by role: whoever has it sees confidential plans in the admin, and each look is logged.
CONFIDENTIAL = "plans.view_confidential"
# The log and what the rollup computes are for reading only, for everybody.
READ_ONLY = frozenset({"core.change", "metrics.plankpi"})


class RoleBackend(ModelBackend):
    """Logs in with a password; administrators have every model permission except the kept ones."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        if not (isinstance(user_obj, User) and user_obj.is_active):
            return False
        if rules.perm_exists(perm):
            # The rule was asked before and said no. Nothing stored changes that, so nothing is looked
            # up: a page that asks ten times what it may offer costs no statement.
            return False
        if super().has_perm(user_obj, perm, obj) and not user_obj.is_superuser:
            return True
        if obj is not None or user_obj.role != Role.ADMIN or perm == CONFIDENTIAL:
            return False
        action, _, model = perm.partition(".")[2].partition("_")
        return action == "view" or f"{perm.partition('.')[0]}.{model}" not in READ_ONLY

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        if isinstance(user_obj, User) and user_obj.is_active and user_obj.role == Role.ADMIN:
            return True
        return super().has_module_perms(user_obj, app_label)
