from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StakeholdersConfig(AppConfig):
    name = "stakeholders"

    def ready(self) -> None:
        from crm.tabs import AccountTab
        from crm.tabs import register_tab as register_account_tab
        from plans.tabs import PlanTab, register_tab
        from stakeholders.operations import contents, copying
        from templates_app.enums import PlanSection

        copying.register()
        contents.register()
        register_tab(
            PlanTab(
                "stakeholders",
                _("Stakeholders"),
                "stakeholders:stakeholder_map",
                45,
                section=PlanSection.STAKEHOLDERS,
                for_territories=True,
            )
        )
        register_account_tab(
            AccountTab("stakeholders", _("Stakeholders"), "stakeholders:account_stakeholders", 20)
        )
