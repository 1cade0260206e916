"""What goes with a plan of its people (`plans.operations.contents`)."""

from __future__ import annotations

from django.utils.translation import ngettext

from plans.operations.contents import register_content
from stakeholders.models import AccountPlanStakeholder, PartnerRole


def register() -> None:
    register_content(AccountPlanStakeholder, lambda count: ngettext("stakeholder", "stakeholders", count))
    register_content(PartnerRole, lambda count: ngettext("partner", "partners", count))
