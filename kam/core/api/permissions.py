"""No view without a declared policy."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

PUBLIC = "public"
SIGNED_IN = "signed in"
BY_OBJECT = "by object"


class DeclaredPolicy(BasePermission):
    """Asks what the view declares in `kam_policy`; a view that declares nothing answers nobody.

    - `PUBLIC`: anybody, without a login.
    - `SIGNED_IN`: any active user; the gate narrows what is shown.
    - `BY_OBJECT`: the gate decides who sees an object (404), the rule of each write who may (403).
    - anything else names a permission that the user must have, such as `plans.add_accountplan`.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        policy = getattr(view, "kam_policy", None)
        if policy is None:
            return False
        if policy == PUBLIC:
            return True
        user = request.user
        if not (user.is_authenticated and user.is_active):
            return False
        if getattr(request.auth, "is_read_only", False) and request.method not in SAFE_METHODS:
            self.message = _("This token may only read.")
            return False
        return policy in {SIGNED_IN, BY_OBJECT} or user.has_perm(policy)
