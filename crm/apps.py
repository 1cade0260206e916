from django.apps import AppConfig


class CrmConfig(AppConfig):
    name = "crm"
    verbose_name = "CRM"

    def ready(self) -> None:
        from crm import triggers
        from kam.core.triggers import register

        register(triggers.declared, after_install=[triggers.rebuild_missing_edges])
