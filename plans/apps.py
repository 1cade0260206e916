from django.apps import AppConfig


class PlansConfig(AppConfig):
    name = "plans"

    def ready(self) -> None:
        from kam.core.triggers import register
        from kam.jobs import kinds
        from plans import triggers
        from plans.api import calls, covering
        from plans.operations import goal_import_jobs, library_uses
        from templates_app import uses
        from templates_app.models import (
            ActionPlanTemplate,
            ActionPlanTemplateVersion,
            CustomField,
            GoalDefinition,
            PlanType,
        )

        register(triggers.declared)
        calls.register()
        covering.register()
        kinds.register(goal_import_jobs.KIND)
        uses.register(GoalDefinition, library_uses.plans_of_goals)
        uses.register(ActionPlanTemplate, library_uses.plans_of_templates)
        uses.register(ActionPlanTemplateVersion, library_uses.plans_of_versions)
        uses.register(PlanType, library_uses.plans_of_types)
        uses.register(CustomField, library_uses.plans_with_values)
