from django.apps import AppConfig
from django.db.backends.signals import connection_created


class MetricsConfig(AppConfig):
    name = "metrics"

    def ready(self) -> None:
        from kam.core.signals import changes_written
        from kam.core.triggers import register
        from metrics import receivers, sqlite_functions, triggers

        register(triggers.declared)
        connection_created.connect(sqlite_functions.install, dispatch_uid="metrics-sqlite-functions")
        changes_written.connect(receivers.nudge_on_commit, dispatch_uid="metrics-nudge")
