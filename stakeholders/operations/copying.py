"""What a copy of a plan takes along of its people (`plans.operations.parts`)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.models import AccountEdge
from plans.models import Plan
from plans.operations.parts import Part, Table, register_part
from stakeholders.models import (
    AccountPlanStakeholder,
    ParticipantStakeholder,
    PartnerRole,
    StakeholderAction,
    StakeholderLink,
    StakeholderProduct,
)


class FittingPeople:
    """People stay with their group: a plan for another one gets the organisations only."""

    def __init__(self, source: Plan, plan: Plan) -> None:
        self.source = source
        self.plan = plan

    def __call__(self, values: dict[str, Any]) -> bool:
        return values["contact_id"] is None or self.is_for_same_group

    @cached_property
    def is_for_same_group(self) -> bool:
        """Asked with the first person; a copy without people asks nothing."""
        return self.source.subject == self.plan.subject or _have_common_head(self.source, self.plan)


def _have_common_head(source: Plan, plan: Plan) -> bool:
    if source.is_of_territory:
        return False
    above = AccountEdge.objects.filter(descendant=source.account_id).values("ancestor_id")
    return AccountEdge.objects.filter(descendant=plan.account_id, ancestor__in=above).exists()


def register() -> None:
    """Their notes would be read by the owner of the copy: who may not read them takes nobody along."""
    register_part(
        Part(
            "stakeholders",
            _("Stakeholders and partners"),
            (
                Table(
                    AccountPlanStakeholder,
                    people=("owner_id",),
                    names=("contact_id", "organisation_id"),
                    fitting=FittingPeople,
                ),
                Table(StakeholderLink, parent="from_stakeholder_id", needed=("to_stakeholder_id",)),
                Table(ParticipantStakeholder, parent="stakeholder_id", needed=("participant_id",)),
                Table(StakeholderProduct, parent="stakeholder_id", names=("product_id",)),
                Table(StakeholderAction, parent="stakeholder_id", needed=("task_id",)),
                Table(PartnerRole, names=("account_id",)),
            ),
            permission="plans.view_sensitive",
        )
    )
