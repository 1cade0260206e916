"""The task that an activity was logged for, shown with it as far as the reader may see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from crm.models import Activity
from kam.core.api.contributed import contribute
from kam.core.api.serializers import RefSerializer
from kam.users.models import User
from plans.models import TaskActivity


def tasks_of(activities: Sequence[Activity], user: User) -> dict[UUID, dict[str, Any]]:
    links = TaskActivity.objects.visible_to(user).filter(activity__in=[row.pk for row in activities])
    found = links.order_by().values_list("activity", "task", "task__name")
    return {activity: {"id": str(task), "name": name} for activity, task, name in found}


def register() -> None:
    contribute(
        Activity,
        "assessment_task",
        compute=tasks_of,
        field=lambda: RefSerializer(read_only=True, allow_null=True),
    )
