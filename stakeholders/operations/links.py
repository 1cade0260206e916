"""Who reports to whom."""

from __future__ import annotations

from django.db import transaction

from kam.core.writing import check_row
from stakeholders.models import AccountPlanStakeholder, StakeholderLink


@transaction.atomic
def save_link(link: StakeholderLink) -> StakeholderLink:
    """Check and save a link. Two people at once cannot close a ring: one waits for the other.

    Raises `ValidationError` by field.
    """
    people = AccountPlanStakeholder.objects.unscoped("the people of a plan, whose lines must not form a ring")
    list(
        people.filter(plan=link.from_stakeholder.plan_id)
        .order_by("pk")
        .select_for_update(of=("self",))
        .only("pk", "version")
    )
    check_row(link)
    link.save()
    return link
