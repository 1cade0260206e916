from django.urls import path

from crm import views

app_name = "crm"

urlpatterns = [
    path("accounts/", views.account_list, name="account_list"),
    path("accounts/options/", views.account_options, name="account_options"),
    path("accounts/<uuid:pk>/", views.account_detail, name="account_detail"),
    path("accounts/<uuid:pk>/edit/", views.account_update, name="account_update"),
    path("accounts/<uuid:pk>/overview/", views.account_overview, name="account_overview"),
    path("accounts/<uuid:pk>/contacts/new/", views.contact_create, name="contact_create"),
    path("accounts/<uuid:pk>/activities/log/", views.activity_log, name="activity_log"),
    path("accounts/<uuid:pk>/activities/plan/", views.activity_plan, name="activity_plan"),
    path("contacts/options/", views.contact_options, name="contact_options"),
    path("contacts/<uuid:pk>/edit/", views.contact_update, name="contact_update"),
    path("contacts/<uuid:pk>/delete/", views.contact_delete, name="contact_delete"),
    path("activities/<uuid:pk>/edit/", views.activity_update, name="activity_update"),
    path("activities/<uuid:pk>/done/", views.activity_complete, name="activity_complete"),
    path("activities/<uuid:pk>/cancel/", views.activity_cancel, name="activity_cancel"),
    path("activities/<uuid:pk>/reopen/", views.activity_reopen, name="activity_reopen"),
    path("activities/<uuid:pk>/delete/", views.activity_delete, name="activity_delete"),
    path("opportunities/", views.opportunity_list, name="opportunity_list"),
    path("opportunities/export/", views.opportunity_export, name="opportunity_export"),
    path("opportunities/new/", views.opportunity_create, name="opportunity_create"),
    path("opportunities/<uuid:pk>/", views.opportunity_detail, name="opportunity_detail"),
    path("opportunities/<uuid:pk>/edit/", views.opportunity_update, name="opportunity_update"),
    path("opportunities/<uuid:pk>/delete/", views.opportunity_delete, name="opportunity_delete"),
    path("orders/<uuid:pk>/", views.order_detail, name="order_detail"),
]
