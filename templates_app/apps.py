from django.apps import AppConfig
from django.db.models.signals import pre_delete


class TemplatesAppConfig(AppConfig):
    name = "templates_app"
    verbose_name = "Plan templates"

    def ready(self) -> None:
        from kam.core.triggers import register
        from templates_app import receivers, triggers, uses
        from templates_app.models import (
            ActionPlanTemplate,
            ActionPlanTemplateItem,
            ActionPlanTemplateVersion,
            CustomField,
            GoalDefinition,
        )
        from templates_app.operations import goals_using

        register(triggers.declared)
        uses.register(ActionPlanTemplate, goals_using)
        for receiver, model in (
            (receivers.keep_fixed_version, ActionPlanTemplateVersion),
            (receivers.keep_fixed_item, ActionPlanTemplateItem),
            (receivers.keep_used_goal, GoalDefinition),
            (receivers.keep_used_field, CustomField),
        ):
            pre_delete.connect(receiver, sender=model, dispatch_uid=f"templates-{receiver.__name__}")
