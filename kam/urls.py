"""Everything under one roof: pages by app, the API, the Django admin."""

from django.contrib import admin
from django.urls import include, path, re_path

from kam.core.api.root import UnknownPathView

urlpatterns = [
    path("", include("metrics.urls")),
    path("", include("stakeholders.urls")),
    path("", include("collaboration.urls")),
    path("", include("plans.urls")),
    path("", include("templates_app.urls")),
    path("", include("crm.urls")),
    path("", include("kam.jobs.urls")),
    path("", include("kam.users.urls")),
    path("api/v1/", include("kam.api_urls")),
    re_path(r"^api(/|$)", UnknownPathView.as_view(), name="unknown_api"),
    path("admin/", admin.site.urls),
]
