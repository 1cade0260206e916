"""No deletion, whatever it cascades from, takes along what must stay."""

from __future__ import annotations

from typing import Any

from templates_app.models import (
    ActionPlanTemplateItem,
    ActionPlanTemplateVersion,
    CustomField,
    GoalDefinition,
)
from templates_app.models.action_plans import lock_drafts
from templates_app.operations import refuse_deletion_of_used_field, refuse_deletion_of_used_goal


def keep_fixed_version(instance: ActionPlanTemplateVersion, **kwargs: Any) -> None:
    lock_drafts({instance.pk})


def keep_fixed_item(instance: ActionPlanTemplateItem, **kwargs: Any) -> None:
    lock_drafts({instance.template_version_id})


def keep_used_goal(instance: GoalDefinition, **kwargs: Any) -> None:
    refuse_deletion_of_used_goal(instance)


def keep_used_field(instance: CustomField, **kwargs: Any) -> None:
    refuse_deletion_of_used_field(instance)
