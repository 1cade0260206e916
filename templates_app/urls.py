from django.urls import path

from templates_app import views

app_name = "templates_app"

urlpatterns = [
    path("library/", views.library_home, name="library_home"),
    path("library/export/", views.library_export, name="library_export"),
    path("library/import/", views.library_import, name="library_import"),
    path("library/goals/", views.goal_list, name="goaldefinition_list"),
    path("library/goals/new/", views.goal_create, name="goaldefinition_create"),
    path("library/goals/<uuid:pk>/", views.goal_detail, name="goaldefinition_detail"),
    path("library/goals/<uuid:pk>/edit/", views.goal_update, name="goaldefinition_update"),
    path("library/goals/<uuid:pk>/delete/", views.goal_delete, name="goaldefinition_delete"),
    path("library/goals/<uuid:pk>/templates/add/", views.goal_template_add, name="goal_template_add"),
    path("library/goals/<uuid:pk>/templates/order/", views.goal_reorder, name="goal_reorder"),
    path(
        "library/goals/<uuid:pk>/templates/<uuid:template_pk>/remove/",
        views.goal_template_remove,
        name="goal_template_remove",
    ),
    path("library/templates/", views.template_list, name="actionplantemplate_list"),
    path("library/templates/new/", views.template_create, name="actionplantemplate_create"),
    path("library/templates/<uuid:pk>/", views.template_detail, name="actionplantemplate_detail"),
    path("library/templates/<uuid:pk>/edit/", views.template_update, name="actionplantemplate_update"),
    path("library/templates/<uuid:pk>/copy/", views.template_copy, name="actionplantemplate_copy"),
    path("library/templates/<uuid:pk>/delete/", views.template_delete, name="actionplantemplate_delete"),
    path("library/templates/<uuid:pk>/new-version/", views.template_new_draft, name="template_new_draft"),
    path("library/templates/<uuid:pk>/compare/", views.template_compare, name="template_compare"),
    path("library/versions/<uuid:pk>/", views.version_detail, name="version_detail"),
    path("library/versions/<uuid:pk>/publish/", views.version_publish, name="version_publish"),
    path("library/versions/<uuid:pk>/retire/", views.version_retire, name="version_retire"),
    path("library/versions/<uuid:pk>/delete/", views.version_delete, name="version_delete"),
    path("library/versions/<uuid:pk>/items/new/", views.item_create, name="item_create"),
    path("library/versions/<uuid:pk>/items/order/", views.items_reorder, name="items_reorder"),
    path("library/items/<uuid:pk>/edit/", views.item_update, name="item_update"),
    path("library/items/<uuid:pk>/delete/", views.item_delete, name="item_delete"),
    path("library/plan-types/", views.plan_type_list, name="plantype_list"),
    path("library/plan-types/new/", views.plan_type_create, name="plantype_create"),
    path("library/plan-types/<uuid:pk>/", views.plan_type_detail, name="plantype_detail"),
    path("library/plan-types/<uuid:pk>/edit/", views.plan_type_update, name="plantype_update"),
    path("library/plan-types/<uuid:pk>/delete/", views.plan_type_delete, name="plantype_delete"),
    path("library/plan-types/<uuid:pk>/sections/", views.plan_type_sections, name="plan_type_sections"),
    path("library/plan-types/<uuid:pk>/fields/new/", views.custom_field_create, name="customfield_create"),
    path(
        "library/plan-types/<uuid:pk>/fields/order/",
        views.custom_fields_reorder,
        name="custom_fields_reorder",
    ),
    path("library/plan-types/<uuid:pk>/goals/add/", views.plan_type_goal_add, name="plan_type_goal_add"),
    path(
        "library/plan-types/<uuid:pk>/goals/order/",
        views.plan_type_goals_reorder,
        name="plan_type_goals_reorder",
    ),
    path(
        "library/plan-types/<uuid:pk>/goals/<uuid:goal_pk>/remove/",
        views.plan_type_goal_remove,
        name="plan_type_goal_remove",
    ),
    path("library/custom-fields/<uuid:pk>/edit/", views.custom_field_update, name="customfield_update"),
    path("library/custom-fields/<uuid:pk>/delete/", views.custom_field_delete, name="customfield_delete"),
]
