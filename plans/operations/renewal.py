"""Plans whose period ends, and the same for the period after, for many at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet

from crm.models import TerritoryEdge
from kam.users.models import Role, User
from plans.enums import PlanStatus
from plans.models import AccountPlan, Plan, TerritoryBusinessPlan
from plans.operations.copying import CopyRequest, PlanCopy, copy_plan
from plans.operations.parts import offered_parts
from plans.periods import name_in, next_period

AHEAD = timedelta(days=120)  # that long before its end a plan is offered
BACK = timedelta(days=365)  # and that long after


def ending_plans(user: User, *, today: date) -> QuerySet:
    """Plans that the user may hand on, near or past their end; next to end first.

    Left out are those that the user sees followed by a later plan of the same account or territory and type,
    and those of territories that the user may not plan for.
    """
    plans = Plan.objects.visible_to(user)
    if user.role != Role.ADMIN:
        territories = TerritoryEdge.ids_of(user)
        theirs = Q(owner=user)
        if user.role == Role.MANAGER:
            in_line = Q(account__territory_id__in=territories) | Q(territory_id__in=territories)
            theirs |= in_line & Q(is_confidential=False)
        plans = plans.filter(theirs, Q(territory__isnull=True) | Q(territory_id__in=territories))
    plans = plans.filter(end_date__range=(today - BACK, today + AHEAD), owner__is_active=True)
    plans = plans.exclude(status__in=[PlanStatus.CANCELLED, PlanStatus.DRAFT])
    kinds: tuple[tuple[Any, str], ...] = ((AccountPlan, "account"), (TerritoryBusinessPlan, "territory"))
    for kind, subject in kinds:
        later = kind.objects.visible_to(user).exclude(status=PlanStatus.CANCELLED)
        later = later.filter(plan_type=OuterRef("plan_type"), start_date__gt=OuterRef("end_date"))
        plans = plans.filter(~Exists(later.filter(**{subject: OuterRef(subject)})))
    return plans.order_by("end_date", "name", "id")


@dataclass
class Renewal:
    made: list[PlanCopy] = field(default_factory=list)
    refused: list[tuple[Plan, str]] = field(default_factory=list)


def renew_plans(plans: Iterable[Plan], *, include: Collection[str], user: User) -> Renewal:
    """A copy of each for its next period, whole or not at all; one that fails does not stop the others."""
    renewal = Renewal()
    for plan in plans:
        start, end = next_period(plan.start_date, plan.end_date)
        offered = {part.name for part in offered_parts(plan, user)}
        subject: Any = plan.subject
        request = CopyRequest(
            name=name_in(plan.name, years_later=start.year - plan.start_date.year),
            subject=subject,
            start_date=start,
            end_date=end,
            owner=plan.owner,
            include=offered & set(include),
        )
        try:
            renewal.made.append(copy_plan(plan, request))
        except ValidationError as error:
            renewal.refused.append((plan, " ".join(error.messages)))
    return renewal
