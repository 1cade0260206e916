from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import m2m_changed, post_migrate, pre_delete


class CoreConfig(AppConfig):
    name = "kam.core"
    label = "core"

    def ready(self) -> None:
        from kam.core import changes, triggers

        pre_delete.connect(changes.log_deletion, dispatch_uid="kam-log-deletion")
        m2m_changed.connect(changes.log_relation_change, dispatch_uid="kam-log-relation-change")
        checks.register(triggers.check_triggers, checks.Tags.database)
        post_migrate.connect(triggers.install_after_migrate, sender=self, dispatch_uid="kam-install-triggers")
