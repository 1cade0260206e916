"""The Django admin with our site instead of Django's. No models may be imported here."""

from django.contrib.admin.apps import AdminConfig


class KamAdminConfig(AdminConfig):
    default_site = "kam.core.admin_site.KamAdminSite"
