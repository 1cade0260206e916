"""Reviews of the sample plans: held ones with minutes and the numbers of their day, late ones, and those to come."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kam.core.actor import acting
from metrics.demo.sample import Sample
from plans.enums import PlanStatus, ReviewRating
from plans.models import AccountPlan, PlanReview
from plans.operations import hold_review, skip_review

AGENDA = """What we promised last quarter, and what came of it
Where the numbers stand against the target
What the customer plans for the next six months"""
MEETINGS = (
    (
        ReviewRating.ON_TRACK,
        (
            "Deliveries came on time in all three months. Purchasing asks for one price list for all sites and "
            "will name somebody who decides on it. The head of department wants to see the figures of the pilot."
        ),
        "Send one price list for all sites\nShow the figures of the pilot at the next meeting",
    ),
    (
        ReviewRating.AT_RISK,
        (
            "The tender moves by a quarter: the budget is not released yet. A competitor offers a longer warranty. "
            "We go through the open deals one by one and agree who calls whom."
        ),
        "Ask finance when the budget is released\nOffer a service contract instead of a longer warranty",
    ),
    (
        ReviewRating.OFF_TRACK,
        (
            "Two deals were lost on price. The customer is content with our people and asks for shorter answers. "
            "Our management will visit before the end of the quarter."
        ),
        "Visit with our management before the quarter ends\nAnswer every request within two days",
    ),
)
LATE_EVERY = 4  # of so many plans one has not held its last review


def create_reviews(sample: Sample) -> None:
    """After the history of the numbers: reviews freeze those that were kept on their day."""
    keys: dict[Any, str] = {account.pk: key for key, account in sample.accounts.items()}
    for number, plan in enumerate(sample.plans.values()):
        if plan.status in {PlanStatus.ACTIVE, PlanStatus.COMPLETED}:
            contacts = sample.contacts.get(keys[plan.account_id], [])
            _hold_past(sample, plan, number, [f"{row.name}, {row.job_title}" for row in contacts[:2]])
    territories = PlanReview.objects.unscoped("sample company").filter(plan__territory__isnull=False)
    for review in territories.filter(due_date__lt=sample.today).select_related("plan__owner"):
        with acting(review.plan.owner):
            skip_review(review=review, is_skipped=True, reason="Looked at with the plans of the accounts")


def _hold_past(sample: Sample, plan: AccountPlan, number: int, customers: list[str]) -> None:
    planned = PlanReview.objects.unscoped("sample company").filter(plan=plan, due_date__lt=sample.today)
    past = list(planned.select_related("plan").order_by("due_date"))
    if number % LATE_EVERY == 0 and plan.status == PlanStatus.ACTIVE:
        past = past[:-1]
    for place, review in enumerate(past):
        rating, minutes, decisions = MEETINGS[(number + place) % len(MEETINGS)]
        review.held_on = min(review.due_date + timedelta(days=place % 3), sample.today)
        review.agenda, review.minutes, review.decisions, review.rating = AGENDA, minutes, decisions, rating
        review.customer_attendees = "\n".join(customers)
        people = [plan.owner, *(part.user for part in plan.participants.unscoped("sample company")[:2])]
        with acting(plan.owner):
            hold_review(review=review, user=plan.owner, relations={"attendees": people})
