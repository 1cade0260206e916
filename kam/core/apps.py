import zoneinfo

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db.models.signals import m2m_changed, post_migrate, pre_delete, pre_migrate


class CoreConfig(AppConfig):
    name = "kam.core"
    label = "core"
    verbose_name = "Change log"

    def ready(self) -> None:
        from kam.core import changelog, lookups, money, triggers  # noqa: F401 -- lookups registers itself

        if settings.COMPANY_CURRENCY not in money.currency_codes():
            raise ImproperlyConfigured(
                f"COMPANY_CURRENCY: “{settings.COMPANY_CURRENCY}” is no ISO 4217 code."
            )
        try:
            zoneinfo.ZoneInfo(settings.TIME_ZONE)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
            message = f"TIME_ZONE: “{settings.TIME_ZONE}” is not a known time zone."
            raise ImproperlyConfigured(message) from error

        pre_delete.connect(changelog.log_deletion, dispatch_uid="kam-log-deletion")
        m2m_changed.connect(changelog.log_relation_change, dispatch_uid="kam-log-relation-change")
        checks.register(triggers.check_triggers, checks.Tags.database)
        pre_migrate.connect(triggers.drop_before_migrate, sender=self, dispatch_uid="kam-drop-triggers")
        post_migrate.connect(triggers.install_after_migrate, sender=self, dispatch_uid="kam-install-triggers")
