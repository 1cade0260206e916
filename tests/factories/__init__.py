"""Rows for tests: one typed function a model, everything that matters as a keyword argument.

Each saves through the model's own `save()`, so triggers and the change log work as in real use.
What is not given gets a plain, valid value; what the row needs is made with it.
"""

from tests.factories.analyses import create_analysis, create_pin, create_plan_product
from tests.factories.collaboration import create_reminder, create_reminder_settings
from tests.factories.crm import (
    add_member,
    create_account,
    create_activity,
    create_activity_type,
    create_category,
    create_contact,
    create_opportunity,
    create_opportunity_line,
    create_order,
    create_pick_list_value,
    create_product,
    create_rate,
    create_schedule,
    create_stage,
    create_territory,
    lost_stage,
    open_stage,
    won_stage,
)
from tests.factories.insights import create_insight, insight_topic
from tests.factories.jobs import create_job
from tests.factories.plans import (
    add_participant,
    create_goal_assignment,
    create_objective,
    create_plan,
    create_plan_type,
    create_strategy,
    create_territory_plan,
)
from tests.factories.promises import (
    create_commitment,
    create_coop_expense,
    create_coop_fund,
    create_event,
    create_rebate_program,
)
from tests.factories.reviews import create_held_review, create_review
from tests.factories.scenarios import create_building_block, create_scenario, create_scenario_change
from tests.factories.stakeholders import (
    create_partner,
    create_stakeholder,
    create_stakeholder_action,
    create_stakeholder_link,
    create_stakeholder_product,
    look_after,
    partner_role,
    stakeholder_role,
)
from tests.factories.targets import create_target_line
from tests.factories.templates import (
    create_custom_field,
    create_goal,
    create_item,
    create_published_template,
    create_template,
    create_template_category,
    draft_of,
    publish,
)
from tests.factories.users import PASSWORD, create_token, create_user
from tests.factories.work import create_action_plan, create_task, create_work_objective

__all__ = [
    "PASSWORD",
    "add_member",
    "add_participant",
    "create_account",
    "create_action_plan",
    "create_activity",
    "create_activity_type",
    "create_analysis",
    "create_building_block",
    "create_category",
    "create_commitment",
    "create_contact",
    "create_coop_expense",
    "create_coop_fund",
    "create_custom_field",
    "create_event",
    "create_goal",
    "create_goal_assignment",
    "create_held_review",
    "create_insight",
    "create_item",
    "create_job",
    "create_objective",
    "create_opportunity",
    "create_opportunity_line",
    "create_order",
    "create_partner",
    "create_pick_list_value",
    "create_pin",
    "create_plan",
    "create_plan_product",
    "create_plan_type",
    "create_product",
    "create_published_template",
    "create_rate",
    "create_rebate_program",
    "create_reminder",
    "create_reminder_settings",
    "create_review",
    "create_scenario",
    "create_scenario_change",
    "create_schedule",
    "create_stage",
    "create_stakeholder",
    "create_stakeholder_action",
    "create_stakeholder_link",
    "create_stakeholder_product",
    "create_strategy",
    "create_target_line",
    "create_task",
    "create_template",
    "create_template_category",
    "create_territory",
    "create_territory_plan",
    "create_token",
    "create_user",
    "create_work_objective",
    "draft_of",
    "insight_topic",
    "look_after",
    "lost_stage",
    "open_stage",
    "partner_role",
    "publish",
    "stakeholder_role",
    "won_stage",
]
