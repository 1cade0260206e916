"""The reviews of a plan: made from its review frequency, kept right when that changes, held or skipped.

Who changes a plan's period, review frequency or status does it through `save_plan` or
`change_plan_status`, which keep its reviews in the same transaction. `make_due_reviews`, an hourly job,
finds what was changed past them. Everybody takes the lock of the plan first, then those of its reviews.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _

from kam.core.actor import acting
from kam.core.changes import StaleObjectError
from kam.core.clock import company_today
from kam.core.writing import check_row, save_row
from kam.users.models import User
from plans import policies
from plans.enums import PlanStatus, ReviewStatus
from plans.models import AssessmentTask, Plan, PlanReview
from plans.operations.work import add_task
from plans.signals import review_held

SomePlan = TypeVar("SomePlan", bound=Plan)
WHY = "reviews of a plan that the caller loaded through the gate"
EVERY_PLAN = "all active plans: their reviews are made for nobody in particular"
SCHEDULED_BY = frozenset({"start_date", "end_date", "review_frequency"})
AT_ONCE = 1_000


class ReviewSettledError(Exception):
    """The review was held or skipped, follows from the plan, or its plan is over (HTTP 409)."""


# --- Made and kept ----------------------------------------------------------------------------
@transaction.atomic
def save_plan(plan: SomePlan) -> SomePlan:
    """Save a checked plan; the reviews of an active one follow its period and review frequency."""
    moved = SCHEDULED_BY & {field.name for field in plan.changed_fields()}
    plan.save()
    if moved and plan.status == PlanStatus.ACTIVE:
        keep_reviews(plan.pk)
    return plan


@transaction.atomic
def keep_reviews(plan_id: UUID, *, today: date | None = None) -> int:
    """Bring the reviews of one plan, if it is active, to its frequency and period; how many were made."""
    plan = _locked_plan(plan_id)
    if plan.status != PlanStatus.ACTIVE:
        return 0
    rows = PlanReview.objects.unscoped(WHY).filter(plan=plan_id, is_scheduled=True)
    reviews = {review.pk: review for review in rows.select_for_update().order_by("due_date")}
    changes = _changes(plan, reviews.values(), today=today or company_today())
    for pk in changes.drop:
        _drop(reviews[pk])  # type: ignore[index]
    for pk, day in changes.move.items():
        reviews[pk].due_date = day  # type: ignore[index]
        reviews[pk].save()  # type: ignore[index]
    new = [PlanReview(plan=plan, due_date=day, is_scheduled=True) for day in changes.add]
    PlanReview.objects.bulk_create(new)
    return len(new)


def _locked_plan(plan_id: UUID) -> Plan:
    plan: Plan = Plan.objects.unscoped(WHY).select_for_update().get(pk=plan_id)
    return plan


def _changes(plan: Plan, reviews: Iterable[Any], *, today: date) -> policies.ReviewChanges:
    """`plan` and `reviews` as whole rows, or as the named tuples of `make_due_reviews`."""
    rows = list(reviews)
    return policies.review_changes(
        wanted=policies.review_days(
            start=plan.start_date, end=plan.end_date, frequency=plan.review_frequency
        ),
        planned={row.pk: row.due_date for row in rows if row.status == ReviewStatus.PLANNED},
        settled={row.due_date for row in rows if row.status != ReviewStatus.PLANNED},
        today=today,
    )


def _drop(review: PlanReview) -> None:
    """One that nobody prepared goes; else it stays, as one that was planned by hand."""
    if not (review.agenda or review.minutes or review.decisions or review.customer_attendees):
        review.delete()
        return
    review.is_scheduled = False
    review.save()


def make_due_reviews(*, today: date | None = None) -> int:
    """Make what is missing of all active plans, and move what stands wrong; how many were made.

    Reads plans and reviews without locks; a plan that needs something is looked at again under its own.
    """
    today = today or company_today()
    active = Plan.objects.unscoped(EVERY_PLAN).filter(status=PlanStatus.ACTIVE).order_by("pk")
    columns = ("pk", "start_date", "end_date", "review_frequency")
    made, after = 0, None
    while True:
        rows = active.filter(pk__gt=after) if after else active
        plans = list(rows.values_list(*columns, named=True)[:AT_ONCE])
        if not plans:
            return made
        by_plan = _scheduled([plan.pk for plan in plans])
        for plan in plans:
            if _changes(plan, by_plan.get(plan.pk, ()), today=today):
                with acting(reason=_("Reviews follow the plan")):
                    made += keep_reviews(plan.pk, today=today)
        after = plans[-1].pk


def _scheduled(plan_ids: list[UUID]) -> dict[UUID, list[Any]]:
    rows = PlanReview.objects.unscoped(EVERY_PLAN).filter(plan__in=plan_ids, is_scheduled=True)
    found: dict[UUID, list[Any]] = {}
    for row in rows.order_by("due_date").values_list("plan_id", "pk", "due_date", "status", named=True):
        found.setdefault(row.plan_id, []).append(row)
    return found


# --- Held, skipped, taken away -----------------------------------------------------------------
@transaction.atomic
def hold_review(
    *,
    review: PlanReview,
    user: User,
    relations: Mapping[str, Iterable[models.Model]] | None = None,
    today: date | None = None,
) -> PlanReview:
    """The filled, checked review was held: today, if it names no day. The numbers freeze as they are.

    Raises `ReviewSettledError` if it was held or skipped before or the plan is over, and
    `StaleObjectError` if somebody saved it in between.
    """
    _refuse_settled(review)
    review.status = ReviewStatus.HELD
    review.held_on = review.held_on or today or company_today()
    check_row(review)
    save_row(review, relations=relations or {}, user=user)
    review_held.send(PlanReview, review=review)
    return review


@transaction.atomic
def skip_review(
    *, review: PlanReview, is_skipped: bool, reason: str = "", expected_version: int | None = None
) -> PlanReview:
    """It will not be held, for a reason that the history keeps; or it will be after all."""
    stored = _locked(review)
    if expected_version is not None and stored.version != expected_version:
        raise StaleObjectError(stored)
    if stored.is_held or is_skipped == (stored.status == ReviewStatus.SKIPPED):
        raise ReviewSettledError(already(stored))
    stored.status = ReviewStatus.SKIPPED if is_skipped else ReviewStatus.PLANNED
    with acting(reason=reason):
        stored.save()
    return stored


@transaction.atomic
def delete_review(review: PlanReview) -> None:
    """Take away one that somebody planned by hand and that was not held."""
    stored = _locked(review)
    if not stored.is_removable:
        raise ReviewSettledError(
            already(stored)
            if stored.is_held
            else _("“%(review)s” follows from the plan: skip it instead.") % {"review": stored}
        )
    stored.delete()


@transaction.atomic
def add_review_task(*, review: PlanReview, task: AssessmentTask) -> AssessmentTask:
    """Save a new, checked task for what was decided."""
    if task.plan.pk != review.plan_id:
        raise ValidationError({"action_plan": _("The action plan belongs to another plan.")})
    task = add_task(task)
    review.tasks.add(task)
    return task


@transaction.atomic
def save_review(
    *, review: PlanReview, relations: Mapping[str, Iterable[models.Model]], user: User
) -> PlanReview:
    """Save a checked review with its people and tasks."""
    others = [task for task in relations.get("tasks", ()) if task.plan.pk != review.plan_id]  # type: ignore[attr-defined]
    if others:
        raise ValidationError({"tasks": _("A task belongs to another plan.")})
    save_row(review, relations=relations, user=user)
    return review


def _locked(review: PlanReview) -> PlanReview:
    plan = _locked_plan(review.plan_id)
    stored: PlanReview = PlanReview.objects.unscoped(WHY).select_for_update().get(pk=review.pk)
    stored.plan = plan
    return stored


def _refuse_settled(review: PlanReview) -> None:
    stored = _locked(review)
    if not stored.may_be_held:
        raise ReviewSettledError(already(stored))


def already(review: PlanReview) -> str:
    if review.is_planned and not review.may_be_held:
        return _("“%(plan)s” is over: its reviews are no longer held.") % {"plan": review.plan}
    texts = {"review": review, "status": ReviewStatus(review.status).label}
    return _("“%(review)s” is “%(status)s” and cannot take this step.") % texts
