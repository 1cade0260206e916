from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from kam.core.clock import company_today
from kam.users.models import User
from plans.models import Plan, PlanReview
from plans.operations import hold_review


def create_review(
    plan: Plan,
    *,
    due_date: date | None = None,
    is_scheduled: bool = False,
    agenda: str = "",
) -> PlanReview:
    """Still to be held, in a week."""
    return PlanReview.objects.create(
        plan=plan,
        due_date=due_date or company_today() + timedelta(days=7),
        is_scheduled=is_scheduled,
        agenda=agenda,
    )


def create_held_review(
    plan: Plan,
    *,
    held_on: date | None = None,
    minutes: str = "",
    decisions: str = "",
    rating: str = "",
    attendees: Sequence[User] = (),
) -> PlanReview:
    """Held today or on a past day, through the operation: with its numbers."""
    review = create_review(plan, due_date=held_on or company_today())
    review.held_on = held_on
    review.minutes, review.decisions, review.rating = minutes, decisions, rating
    return hold_review(review=review, user=plan.owner, relations={"attendees": attendees})
