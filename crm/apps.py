from django.apps import AppConfig
from django.db.backends.signals import connection_created


class CrmConfig(AppConfig):
    name = "crm"
    verbose_name = "CRM"

    def ready(self) -> None:
        from crm import triggers
        from crm.models import cadence
        from kam.core.triggers import register

        register(triggers.declared, after_install=[triggers.rebuild_missing_edges])
        connection_created.connect(cadence.install, dispatch_uid="crm-sqlite-functions")
