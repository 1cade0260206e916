from django.urls import path

from plans import views

app_name = "plans"

urlpatterns = [
    path("plans/", views.accountplan_list, name="accountplan_list"),
    path("plans/new/", views.accountplan_create, name="accountplan_create"),
    path("plans/next-period/", views.plans_renew, name="plans_renew"),
    path("plans/options/", views.plan_options, name="plan_options"),
    path("plans/<uuid:pk>/", views.accountplan_detail, name="accountplan_detail"),
    path("plans/<uuid:pk>/edit/", views.accountplan_update, name="accountplan_update"),
    path("plans/<uuid:pk>/copy/", views.accountplan_copy, name="accountplan_copy"),
    path("plans/<uuid:pk>/delete/", views.accountplan_delete, name="accountplan_delete"),
    path("plans/<uuid:pk>/status/<slug:action>/", views.accountplan_action, name="accountplan_action"),
    path("plans/<uuid:pk>/sections/<slug:section>/", views.accountplan_section, name="accountplan_section"),
    path("plans/<uuid:pk>/strategies/new/", views.strategy_create, name="strategy_create"),
    path("strategies/<uuid:pk>/edit/", views.strategy_update, name="strategy_update"),
    path("strategies/<uuid:pk>/delete/", views.strategy_delete, name="strategy_delete"),
    path("plans/<uuid:pk>/objectives/new/", views.objective_create, name="objective_create"),
    path("objectives/<uuid:pk>/edit/", views.objective_update, name="objective_update"),
    path("objectives/<uuid:pk>/delete/", views.objective_delete, name="objective_delete"),
    path("plans/<uuid:pk>/participants/new/", views.participant_create, name="participant_create"),
    path("plans/<uuid:pk>/targets/", views.target_grid, name="target_grid"),
    path("plans/<uuid:pk>/targets/add/", views.target_add, name="target_add"),
    path("plans/<uuid:pk>/targets/grow/", views.target_grow, name="target_grow"),
    path("participants/<uuid:pk>/edit/", views.participant_update, name="participant_update"),
    path("participants/<uuid:pk>/delete/", views.participant_delete, name="participant_delete"),
    path("plans/<uuid:pk>/analyses/new/", views.analysis_create, name="analysis_create"),
    path("plans/<uuid:pk>/analyses/order/", views.analyses_reorder, name="analyses_reorder"),
    path("analyses/<uuid:pk>/edit/", views.analysis_update, name="analysis_update"),
    path("analyses/<uuid:pk>/delete/", views.analysis_delete, name="analysis_delete"),
    path("plans/<uuid:pk>/products/", views.plan_products, name="plan_products"),
    path("plans/<uuid:pk>/products/new/", views.plan_product_create, name="plan_product_create"),
    path("plan-products/<uuid:pk>/edit/", views.plan_product_update, name="plan_product_update"),
    path("plan-products/<uuid:pk>/delete/", views.plan_product_delete, name="plan_product_delete"),
    path("products/options/", views.product_options, name="product_options"),
    path("search/", views.search, name="search"),
]
