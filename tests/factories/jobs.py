from __future__ import annotations

from collections.abc import Sequence

from kam.jobs.models import Job
from kam.users.models import User
from plans.models import AccountPlan
from plans.operations.goal_import_jobs import start_import
from templates_app.models import GoalDefinition
from tests.factories.templates import create_goal


def create_job(
    owner: User, plans: Sequence[AccountPlan] = (), *, goals: Sequence[GoalDefinition] = ()
) -> Job:
    """An import of goals that waits."""
    return start_import(user=owner, plans=plans, goals=goals or [create_goal()])
