"""Work that is aimed at somebody."""

from __future__ import annotations

from django.db import transaction

from kam.core.writing import check_row
from plans.models import AssessmentTask
from plans.operations import add_task
from stakeholders.models import AccountPlanStakeholder, StakeholderAction


@transaction.atomic
def add_action(*, stakeholder: AccountPlanStakeholder, task: AssessmentTask) -> StakeholderAction:
    """Save a new, checked task of the plan, aimed at the stakeholder."""
    action = StakeholderAction(stakeholder=stakeholder, task=add_task(task))
    check_row(action)
    action.save()
    return action
