from django.urls import path

from crm import views

app_name = "crm"

urlpatterns = [
    path("accounts/", views.account_list, name="account_list"),
    path("accounts/<uuid:pk>/", views.account_detail, name="account_detail"),
    path("opportunities/", views.opportunity_list, name="opportunity_list"),
    path("opportunities/<uuid:pk>/", views.opportunity_detail, name="opportunity_detail"),
]
