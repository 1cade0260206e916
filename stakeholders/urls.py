from django.urls import path

from stakeholders import views

app_name = "stakeholders"

urlpatterns = [
    path("plans/<uuid:pk>/stakeholders/", views.stakeholder_map, name="stakeholder_map"),
    path("plans/<uuid:pk>/stakeholders/list/", views.stakeholder_list, name="stakeholder_list"),
    path(
        "plans/<uuid:pk>/stakeholders/organisation/",
        views.stakeholder_organisation,
        name="stakeholder_organisation",
    ),
    path("plans/<uuid:pk>/stakeholders/gaps/", views.stakeholder_gaps, name="stakeholder_gaps"),
    path("plans/<uuid:pk>/stakeholders/new/", views.stakeholder_create, name="stakeholder_create"),
    path("plans/<uuid:pk>/stakeholders/contacts/", views.contact_options, name="contact_options"),
    path("stakeholders/<uuid:pk>/", views.stakeholder_detail, name="stakeholder_detail"),
    path("stakeholders/<uuid:pk>/edit/", views.stakeholder_update, name="stakeholder_update"),
    path("stakeholders/<uuid:pk>/delete/", views.stakeholder_delete, name="stakeholder_delete"),
    path("stakeholders/<uuid:pk>/relations/new/", views.link_create, name="link_create"),
    path("stakeholder-relations/<uuid:pk>/delete/", views.link_delete, name="link_delete"),
    path("stakeholders/<uuid:pk>/colleagues/new/", views.colleague_create, name="colleague_create"),
    path("stakeholder-colleagues/<uuid:pk>/delete/", views.colleague_delete, name="colleague_delete"),
    path("stakeholders/<uuid:pk>/products/new/", views.product_create, name="product_create"),
    path("stakeholder-products/<uuid:pk>/edit/", views.product_update, name="product_update"),
    path("stakeholder-products/<uuid:pk>/delete/", views.product_delete, name="product_delete"),
    path("stakeholders/<uuid:pk>/actions/new/", views.action_create, name="action_create"),
    path("stakeholder-actions/<uuid:pk>/delete/", views.action_delete, name="action_delete"),
    path("plans/<uuid:pk>/partners/", views.partner_list, name="partner_list"),
    path("plans/<uuid:pk>/partners/new/", views.partner_create, name="partner_create"),
    path("partners/<uuid:pk>/edit/", views.partner_update, name="partner_update"),
    path("partners/<uuid:pk>/delete/", views.partner_delete, name="partner_delete"),
    path("accounts/<uuid:pk>/stakeholders/", views.account_stakeholders, name="account_stakeholders"),
]
