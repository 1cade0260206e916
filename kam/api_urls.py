"""`/api/v1/`: every app brings its own routes, the higher ones first."""

from django.urls import include, path, re_path

from kam.core.api.root import DocsView, RootView, SchemaView, UnknownPathView

app_name = "api"
urlpatterns = [
    path("", RootView.as_view(), name="root"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(), name="docs"),
    path("", include("metrics.api.urls")),
    path("", include("stakeholders.api.urls")),
    path("", include("collaboration.api.urls")),
    path("", include("plans.api.urls")),
    path("", include("templates_app.api.urls")),
    path("", include("crm.api.urls")),
    path("", include("kam.jobs.api.urls")),
    path("", include("kam.users.api.urls")),
    re_path("", UnknownPathView.as_view(), name="unknown"),
]
