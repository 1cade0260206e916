"""The base of every path below a plan that answers with numbers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.exceptions import PermissionDenied

from kam.core.api.permissions import BY_OBJECT
from kam.core.api.views import KamAPIView
from kam.core.api.viewsets import found
from plans.models import AccountPlan
from plans.operations import log_confidential_look


class PlanNumbersView(KamAPIView):
    """The plan comes through the gate (404); its numbers are asked for apart (403)."""

    kam_policy = BY_OBJECT
    plans: Any = AccountPlan

    def plan(self, pk: UUID) -> Any:
        plan = found(self.plans.objects.visible_to(self.request.user), pk)
        if not self.request.user.has_perm("plans.view_numbers", plan):
            raise PermissionDenied()
        log_confidential_look(plan=plan, user=self.request.user)
        return plan
