"""Run-time objects: plans and what lies under them."""

from plans.models.analyses import AccountPlanProduct, RelatedObjectAnalysis
from plans.models.insights import MedicalInsight
from plans.models.objectives import AccountPlanObjective, GoalAssignment, Objective, Strategy
from plans.models.pins import PlanPin
from plans.models.plans import (
    AccountPlan,
    AccountPlanParticipant,
    ByPlanQuerySet,
    Plan,
    TerritoryBusinessPlan,
)
from plans.models.promises import (
    Commitment,
    CoopExpense,
    CoopFund,
    PlanEvent,
    RebateProgram,
    RebateTier,
)
from plans.models.reviews import PlanReview
from plans.models.targets import TargetLine
from plans.models.work import ActionPlan, ActionPlanItem, AssessmentTask, TaskActivity

__all__ = [
    "AccountPlan",
    "AccountPlanObjective",
    "AccountPlanParticipant",
    "AccountPlanProduct",
    "ActionPlan",
    "ActionPlanItem",
    "AssessmentTask",
    "ByPlanQuerySet",
    "Commitment",
    "CoopExpense",
    "CoopFund",
    "GoalAssignment",
    "MedicalInsight",
    "Objective",
    "Plan",
    "PlanEvent",
    "PlanPin",
    "PlanReview",
    "RebateProgram",
    "RebateTier",
    "RelatedObjectAnalysis",
    "Strategy",
    "TargetLine",
    "TaskActivity",
    "TerritoryBusinessPlan",
]
