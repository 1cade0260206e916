"""Design-time objects: what a company reuses from plan to plan."""

from templates_app.models.action_plans import (
    ActionPlanTemplate,
    ActionPlanTemplateItem,
    ActionPlanTemplateVersion,
    VersionIsFixed,
)
from templates_app.models.custom_fields import CustomField, merged_values
from templates_app.models.goals import GoalDefinition, GoalDefinitionTemplate
from templates_app.models.library import LIBRARY_READERS
from templates_app.models.plan_types import PlanType, PlanTypeGoal

__all__ = [
    "LIBRARY_READERS",
    "ActionPlanTemplate",
    "ActionPlanTemplateItem",
    "ActionPlanTemplateVersion",
    "CustomField",
    "GoalDefinition",
    "GoalDefinitionTemplate",
    "PlanType",
    "PlanTypeGoal",
    "VersionIsFixed",
    "merged_values",
]
