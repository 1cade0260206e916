"""Pages and panels with numbers."""

from metrics.views.home import home
from metrics.views.jobs import jobs_page, run_job_now
from metrics.views.operations import operations_page, retry_failure, sweep_now
from metrics.views.outlook import outlook_panel, plan_outlook
from metrics.views.panels import account_plans, opportunity_plans, order_plans, plan_list, plan_panel
from metrics.views.pins import pin_create, pin_delete, pin_options
from metrics.views.portfolio import portfolio, portfolio_records_page
from metrics.views.promises import commitment_evidence, plan_promises, promises_panel
from metrics.views.records import kpi_records
from metrics.views.revenue import account_revenue, plan_revenue
from metrics.views.scenario_editor import (
    block_create,
    block_update,
    scenario_deal,
    scenario_editor,
    scenario_tidy,
)
from metrics.views.scenarios import (
    scenario_compare,
    scenario_create,
    scenario_delete,
    scenario_duplicate,
    scenario_list,
    scenario_update,
)
from metrics.views.territories import territory_accounts, territory_plan_list

__all__ = [
    "account_plans",
    "account_revenue",
    "block_create",
    "block_update",
    "commitment_evidence",
    "home",
    "jobs_page",
    "kpi_records",
    "operations_page",
    "opportunity_plans",
    "order_plans",
    "outlook_panel",
    "pin_create",
    "pin_delete",
    "pin_options",
    "plan_list",
    "plan_outlook",
    "plan_panel",
    "plan_promises",
    "plan_revenue",
    "portfolio",
    "portfolio_records_page",
    "promises_panel",
    "retry_failure",
    "run_job_now",
    "scenario_compare",
    "scenario_create",
    "scenario_deal",
    "scenario_delete",
    "scenario_duplicate",
    "scenario_editor",
    "scenario_list",
    "scenario_tidy",
    "scenario_update",
    "sweep_now",
    "territory_accounts",
    "territory_plan_list",
]
