from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext


class MetricsConfig(AppConfig):
    name = "metrics"

    def ready(self) -> None:
        from crm.tabs import AccountTab
        from crm.tabs import register_tab as register_account_tab
        from kam.core.signals import changes_written
        from kam.core.triggers import register
        from metrics import markers, receivers, rollup, sqlite_functions, triggers
        from metrics.api import promises, reviews
        from metrics.scenario_models import Scenario
        from plans import signals
        from plans.operations.contents import register_content
        from plans.tabs import PlanTab, register_tab

        functions = (rollup.FUNCTION, markers.MARKERS_FUNCTION, markers.PLANS_FUNCTION)
        register_content(Scenario, lambda count: ngettext("scenario", "scenarios", count))
        register(triggers.declared, after_install=[function.install for function in functions])
        connection_created.connect(sqlite_functions.install, dispatch_uid="metrics-sqlite-functions")
        # After the triggers are back: those of `kam.core`, an app listed before.
        post_migrate.connect(receivers.mark_all_after_migrate, sender=self, dispatch_uid="metrics-mark-all")
        changes_written.connect(receivers.nudge_on_commit, dispatch_uid="metrics-nudge")
        for name, label, order, url_name in (
            ("revenue", _("Revenue"), 18, "metrics:plan_revenue"),
            ("outlook", _("Outlook"), 20, "metrics:plan_outlook"),
            ("what_if", _("What if"), 21, "metrics:scenarios"),
        ):
            register_tab(PlanTab(name, label, url_name, order, "plans.view_numbers", for_territories=True))
        register_tab(PlanTab("promises", _("Promises"), "metrics:plan_promises", 40))
        register_account_tab(
            AccountTab("revenue", _("Revenue"), "metrics:account_revenue", 10, "crm.view_commercial")
        )
        promises.register()
        reviews.register()
        signals.review_held.connect(receivers.freeze_numbers, dispatch_uid="metrics-freeze")
        signals.agenda_asked.connect(receivers.what_numbers_ask, dispatch_uid="metrics-agenda")
