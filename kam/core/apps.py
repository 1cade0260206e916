from django.apps import AppConfig
from django.core import checks
from django.db.models.signals import m2m_changed, post_migrate, pre_delete, pre_migrate


class CoreConfig(AppConfig):
    name = "kam.core"
    label = "core"

    def ready(self) -> None:
        from kam.core import changelog, triggers

        pre_delete.connect(changelog.log_deletion, dispatch_uid="kam-log-deletion")
        m2m_changed.connect(changelog.log_relation_change, dispatch_uid="kam-log-relation-change")
        checks.register(triggers.check_triggers, checks.Tags.database)
        pre_migrate.connect(triggers.drop_before_migrate, sender=self, dispatch_uid="kam-drop-triggers")
        post_migrate.connect(triggers.install_after_migrate, sender=self, dispatch_uid="kam-install-triggers")
