"""People and organisations on a plan, what they are to each other and to us."""

from stakeholders.models.links import ParticipantStakeholder, StakeholderAction, StakeholderLink
from stakeholders.models.partners import PartnerRole
from stakeholders.models.products import StakeholderProduct
from stakeholders.models.stakeholders import AccountPlanStakeholder

__all__ = [
    "AccountPlanStakeholder",
    "ParticipantStakeholder",
    "PartnerRole",
    "StakeholderAction",
    "StakeholderLink",
    "StakeholderProduct",
]
