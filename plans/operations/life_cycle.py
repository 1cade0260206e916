"""The steps of a plan's life cycle, and looks at confidential ones."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kam.core.actor import acting
from kam.core.changes import StaleObjectError, make_change, write_changes
from kam.core.models import Change
from kam.users.models import User
from plans import policies
from plans.enums import PlanStatus
from plans.models import Plan
from plans.operations.reviews import keep_reviews

SomePlan = TypeVar("SomePlan", bound=Plan)


class TransitionNotAllowedError(Exception):
    """The plan's status does not allow this step (HTTP 409)."""


@transaction.atomic
def change_plan_status(
    *, plan: SomePlan, action: str, comment: str = "", expected_version: int | None = None
) -> SomePlan:
    """Take one step of the life cycle: `action` is a key of `policies.TRANSITIONS`. Activation makes the reviews.

    The row is locked first, so of two people who press at once the second is told. Raises
    `TransitionNotAllowedError`, and `StaleObjectError` if the plan is no longer `expected_version`.
    """
    rows = Plan.objects.unscoped("the caller loaded it through the gate").select_for_update()
    locked: Any = rows.get(pk=plan.pk)  # a row comes as its kind
    if expected_version is not None and locked.version != expected_version:
        raise StaleObjectError(locked)
    sources, target = policies.TRANSITIONS[action]
    if locked.status not in sources:
        status = PlanStatus(locked.status).label
        raise TransitionNotAllowedError(
            _("A plan that is “%(status)s” cannot take this step.") % {"status": status}
        )
    locked.status = target
    with acting(reason=comment):
        locked.save()
        if target == PlanStatus.ACTIVE:
            keep_reviews(locked.pk)
    return locked


def log_confidential_look(*, plan: Plan, user: User) -> None:
    """An administrator who may see confidential plans leaves a trace of each look (quality.md, section 3)."""
    if plan.is_confidential and plan.owner_id != user.pk and plan.access_of(user) is None:
        write_changes([make_change(plan, Change.Operation.VIEW, None, None)])


def log_confidential_looks(*, plans: QuerySet, user: User) -> None:
    """The same for a file of many plans: two statements, whatever their number; of other readers none."""
    if not user.has_perm("plans.view_confidential"):
        return
    confidential = plans.filter(is_confidential=True).order_by().select_related(None)
    mine = Plan.objects.unscoped("those the user takes part in").taking_part(user)
    seen = confidential.exclude(pk__in=mine.values("pk")).only("name", "version")
    write_changes([make_change(plan, Change.Operation.VIEW, None, None) for plan in seen])
