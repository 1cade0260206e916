"""Run-time objects: plans and what lies under them."""

from plans.models.objectives import AccountPlanObjective, Strategy
from plans.models.plans import AccountPlan, AccountPlanParticipant, ByPlanQuerySet

__all__ = ["AccountPlan", "AccountPlanObjective", "AccountPlanParticipant", "ByPlanQuerySet", "Strategy"]
