"""Everything under one roof: pages by app, the API, the Django admin."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("metrics.urls")),
    path("", include("collaboration.urls")),
    path("", include("plans.urls")),
    path("", include("templates_app.urls")),
    path("", include("crm.urls")),
    path("", include("kam.jobs.urls")),
    path("", include("kam.users.urls")),
    path("api/v1/", include("kam.api_urls")),
    path("admin/", admin.site.urls),
]
