"""What is missing among the people of a plan, each gap a value that pages and rules read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.models import PickListValue
from plans.models import Plan
from stakeholders import policies
from stakeholders.models import AccountPlanStakeholder, ParticipantStakeholder

REASON = "people of a plan that was loaded through the gate"


class GapKind(models.TextChoices):
    MISSING_ROLE = "missing_role", _("Nobody has this role")
    NOBODY_OF_US = "nobody_of_us", _("Nobody of us looks after them")
    NO_CONTACT = "no_contact", _("No contact for long")
    SINGLE_THREAD = "single_thread", _("We hang on one person")
    LEVEL = "level", _("Not yet where we want to be")


@dataclass(frozen=True)
class Gap:
    """Of a role that nobody has, or of somebody."""

    kind: GapKind
    role: PickListValue
    stakeholder: AccountPlanStakeholder | None = None


def looked_after_on(plan: Plan) -> set[Any]:
    """Ids of the stakeholders whom a participant looks after."""
    rows = ParticipantStakeholder.objects.unscoped(REASON).filter(stakeholder__plan=plan)
    return set(rows.order_by().values_list("stakeholder", flat=True))


def gaps_of(plan: Plan, *, today: date) -> list[Gap]:
    """Missing roles first, then by person, who counts most first; three statements."""
    people = AccountPlanStakeholder.objects.unscoped(REASON).filter(plan=plan)
    expected = plan.plan_type.expected_roles.all()
    return gaps_among(
        list(people.with_names().with_last_contact().in_order()),
        expected=list(expected),
        looked_after=looked_after_on(plan),
        today=today,
    )


def only_thread(people: Sequence[AccountPlanStakeholder]) -> list[AccountPlanStakeholder]:
    """The one person, or organisation, that trusts us, where there is only one; with the role that counts most."""
    trusting = [row for row in people if policies.is_trusting(row.relationship_now)]
    parties = {(row.contact_id, row.organisation_id) for row in trusting}
    return trusting[:1] if len(parties) == 1 else []


def gaps_among(
    people: Sequence[AccountPlanStakeholder],
    *,
    expected: Sequence[PickListValue],
    looked_after: Collection[Any],
    today: date,
) -> list[Gap]:
    """`people` come with their last contact."""
    filled = {row.role_id for row in people}
    gaps = [Gap(GapKind.MISSING_ROLE, role) for role in expected if role.pk not in filled]
    gaps += [Gap(GapKind.SINGLE_THREAD, row.role, row) for row in only_thread(people)]
    for row in people:
        if row.owner_id is None and row.pk not in looked_after:
            gaps.append(Gap(GapKind.NOBODY_OF_US, row.role, row))
        if row.is_key and policies.is_silent(row.last_contact, today=today):  # type: ignore[attr-defined]
            gaps.append(Gap(GapKind.NO_CONTACT, row.role, row))
        if not row.is_level_reached:
            gaps.append(Gap(GapKind.LEVEL, row.role, row))
    return gaps
