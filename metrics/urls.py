from django.urls import path

from metrics import views
from metrics.views import calls_due, completion, exports, plan_coverage

app_name = "metrics"

urlpatterns = [
    path("", views.home, name="home"),
    # Panels: parts of pages of other apps (kam.core.panels).
    path("panels/plans/", views.plan_list, name="plan_list"),
    path("panels/territory-plans/", views.territory_plan_list, name="territory_plan_list"),
    path("panels/plans/<uuid:pk>/accounts/", views.territory_accounts, name="territory_accounts"),
    path("panels/plans/<uuid:pk>/numbers/", views.plan_panel, name="plan_panel"),
    path("panels/plans/<uuid:pk>/outlook/", views.outlook_panel, name="outlook_panel"),
    path("plans/export/", exports.plan_export, name="plan_export"),
    path("territory-plans/export/", exports.territory_plan_export, name="territory_plan_export"),
    path("plans/<uuid:pk>/outlook/", views.plan_outlook, name="plan_outlook"),
    path("panels/plans/<uuid:pk>/promises/", views.promises_panel, name="promises_panel"),
    path("panels/accounts/<uuid:pk>/plans/", views.account_plans, name="account_plans"),
    path("panels/opportunities/<uuid:pk>/plans/", views.opportunity_plans, name="opportunity_plans"),
    path("panels/orders/<uuid:pk>/plans/", views.order_plans, name="order_plans"),
    path("portfolio/", views.portfolio, name="portfolio"),
    path("portfolio/<slug:kpi>/records/", views.portfolio_records_page, name="portfolio_records"),
    path("dashboards/calls-due/", calls_due.calls_due, name="calls_due"),
    path("dashboards/calls-due/export/", calls_due.calls_due_export, name="calls_due_export"),
    path("dashboards/plan-coverage/", plan_coverage.plan_coverage, name="plan_coverage"),
    path("dashboards/completion/", completion.plan_completion, name="completion"),
    path("data-freshness/", views.operations_page, name="operations"),
    path("data-freshness/sweep/", views.sweep_now, name="sweep_now"),
    path("data-freshness/<uuid:plan_id>/retry/", views.retry_failure, name="retry_failure"),
    path("data-freshness/jobs/", views.jobs_page, name="jobs"),
    path("data-freshness/jobs/<slug:name>/run/", views.run_job_now, name="run_job"),
    path("plans/<uuid:pk>/pins/new/", views.pin_create, name="pin_new"),
    path(
        "plans/<uuid:pk>/pins/<slug:effect>/<slug:kind>/<uuid:record_id>/",
        views.pin_create,
        name="pin_create",
    ),
    path("pins/<uuid:pk>/delete/", views.pin_delete, name="pin_delete"),
    path("pins/options/<slug:kind>/", views.pin_options, name="pin_options"),
    path("plans/<uuid:pk>/kpis/<slug:kpi>/records/", views.kpi_records, name="kpi_records"),
    path("plans/<uuid:pk>/revenue/", views.plan_revenue, name="plan_revenue"),
    path("accounts/<uuid:pk>/revenue/", views.account_revenue, name="account_revenue"),
    path("plans/<uuid:pk>/promises/", views.plan_promises, name="plan_promises"),
    path("plans/<uuid:pk>/what-if/", views.scenario_list, name="scenarios"),
    path("plans/<uuid:pk>/what-if/new/", views.scenario_create, name="scenario_create"),
    path("plans/<uuid:pk>/what-if/compare/", views.scenario_compare, name="scenario_compare"),
    path("scenarios/<uuid:pk>/", views.scenario_editor, name="scenario"),
    path("scenarios/<uuid:pk>/edit/", views.scenario_update, name="scenario_update"),
    path("scenarios/<uuid:pk>/delete/", views.scenario_delete, name="scenario_delete"),
    path("scenarios/<uuid:pk>/duplicate/", views.scenario_duplicate, name="scenario_duplicate"),
    path("scenarios/<uuid:pk>/tidy/", views.scenario_tidy, name="scenario_tidy"),
    path("scenarios/<uuid:pk>/deals/<uuid:deal_id>/", views.scenario_deal, name="scenario_deal"),
    path("scenarios/<uuid:pk>/blocks/", views.block_create, name="block_create"),
    path("building-blocks/<uuid:pk>/", views.block_update, name="block_update"),
    path("commitments/<uuid:pk>/evidence/", views.commitment_evidence, name="commitment_evidence"),
]
