"""The people on a plan in the Django admin. What account teams think of them is not shown to administrators."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from kam.core.admin import limit_history
from plans.admin import PlanPartAdmin, openly_visible
from stakeholders import models
from stakeholders.operations.links import save_link

# The log is no place to look at the people of confidential plans.
limit_history("stakeholders", openly_visible)


@admin.register(models.AccountPlanStakeholder)
class AccountPlanStakeholderAdmin(PlanPartAdmin):
    list_display = ("__str__", "role", "influence", "plan", "owner")
    list_filter = ("role", "influence")
    list_select_related = ("plan", "contact", "organisation", "role", "owner")
    search_fields = ("contact__name", "organisation__name", "plan__name")
    autocomplete_fields = ("plan", "contact", "organisation", "role", "owner")
    fields = (
        *("plan", "contact", "organisation", "role", "influence"),
        *("relationship_now", "relationship_desired", "owner"),
    )


@admin.register(models.StakeholderLink)
class StakeholderLinkAdmin(PlanPartAdmin):
    plan_path = "from_stakeholder__plan"
    list_display = ("from_stakeholder", "kind", "to_stakeholder")
    list_filter = ("kind",)
    list_select_related = models.StakeholderLink.log_related
    search_fields = ("from_stakeholder__contact__name", "to_stakeholder__contact__name")
    autocomplete_fields = ("from_stakeholder", "to_stakeholder")
    fields = ("from_stakeholder", "kind", "to_stakeholder")

    def save_model(self, request: HttpRequest, obj: models.StakeholderLink, form: Any, change: bool) -> None:
        save_link(obj)


@admin.register(models.ParticipantStakeholder)
class ParticipantStakeholderAdmin(PlanPartAdmin):
    """Made on the page of the stakeholder, where the colleagues of that plan are offered."""

    plan_path = "stakeholder__plan"
    list_display = ("participant", "stakeholder")
    list_select_related = models.ParticipantStakeholder.log_related
    search_fields = ("stakeholder__contact__name", "participant__user__last_name")
    fields = ("participant", "stakeholder")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(models.StakeholderProduct)
class StakeholderProductAdmin(PlanPartAdmin):
    plan_path = "stakeholder__plan"
    list_display = ("stakeholder", "product", "adoption_step")
    list_filter = ("adoption_step",)
    list_select_related = models.StakeholderProduct.log_related
    search_fields = ("stakeholder__contact__name", "product__name")
    autocomplete_fields = ("stakeholder", "product")
    fields = ("stakeholder", "product", "adoption_step")


@admin.register(models.StakeholderAction)
class StakeholderActionAdmin(PlanPartAdmin):
    plan_path = "stakeholder__plan"
    list_display = ("stakeholder", "task")
    list_select_related = models.StakeholderAction.log_related
    search_fields = ("stakeholder__contact__name", "task__name")
    autocomplete_fields = ("stakeholder", "task")
    fields = ("stakeholder", "task")


@admin.register(models.PartnerRole)
class PartnerRoleAdmin(PlanPartAdmin):
    list_display = ("__str__", "role", "plan")
    list_filter = ("role",)
    list_select_related = ("plan", "account", "role")
    search_fields = ("name", "account__name", "plan__name")
    autocomplete_fields = ("plan", "account", "role", "contact")
    fields = ("plan", "account", "name", "role", "contact")
