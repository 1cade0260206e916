from django.urls import path

from plans import views

app_name = "plans"

urlpatterns = [
    path("plans/", views.accountplan_list, name="accountplan_list"),
    path("plans/<uuid:pk>/", views.accountplan_detail, name="accountplan_detail"),
    path("search/", views.search, name="search"),
]
