"""Pages of plans and what lies under them."""

from plans.views.accountplans import (
    accountplan_action,
    accountplan_create,
    accountplan_delete,
    accountplan_list,
    accountplan_update,
    plan_options,
    territoryplan_create,
    territoryplan_list,
)
from plans.views.analyses import analyses_reorder, analysis_create, analysis_delete, analysis_update
from plans.views.copying import accountplan_copy
from plans.views.goal_import_jobs import plans_import, plans_import_preview, plans_import_start
from plans.views.goal_imports import actionplan_newer, goals_choose, goals_preview
from plans.views.objectives import objective_create, objective_delete, objective_update
from plans.views.participants import participant_create, participant_delete, participant_update
from plans.views.plan_page import accountplan_detail
from plans.views.products import (
    plan_product_create,
    plan_product_delete,
    plan_product_update,
    plan_products,
    product_options,
)
from plans.views.promises import (
    commitment_create,
    commitment_delete,
    commitment_update,
    coopexpense_create,
    coopexpense_delete,
    coopexpense_update,
    coopfund_create,
    coopfund_delete,
    coopfund_update,
    event_create,
    event_delete,
    event_update,
    rebateprogram_create,
    rebateprogram_delete,
    rebateprogram_update,
)
from plans.views.renewal import plans_renew
from plans.views.search import search
from plans.views.sections import accountplan_section
from plans.views.strategies import strategy_create, strategy_delete, strategy_update
from plans.views.targets import target_add, target_grid, target_grow

__all__ = [
    "accountplan_action",
    "accountplan_copy",
    "accountplan_create",
    "accountplan_delete",
    "accountplan_detail",
    "accountplan_list",
    "accountplan_section",
    "accountplan_update",
    "actionplan_newer",
    "analyses_reorder",
    "analysis_create",
    "analysis_delete",
    "analysis_update",
    "commitment_create",
    "commitment_delete",
    "commitment_update",
    "coopexpense_create",
    "coopexpense_delete",
    "coopexpense_update",
    "coopfund_create",
    "coopfund_delete",
    "coopfund_update",
    "event_create",
    "event_delete",
    "event_update",
    "goals_choose",
    "goals_preview",
    "objective_create",
    "objective_delete",
    "objective_update",
    "participant_create",
    "participant_delete",
    "participant_update",
    "plan_options",
    "plan_product_create",
    "plan_product_delete",
    "plan_product_update",
    "plan_products",
    "plans_import",
    "plans_import_preview",
    "plans_import_start",
    "plans_renew",
    "product_options",
    "rebateprogram_create",
    "rebateprogram_delete",
    "rebateprogram_update",
    "search",
    "strategy_create",
    "strategy_delete",
    "strategy_update",
    "target_add",
    "target_grid",
    "target_grow",
    "territoryplan_create",
    "territoryplan_list",
]
