"""A new task made away from the work of its plan: for a decision of a review, with a stakeholder."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from kam.core.forms import VersionedModelForm
from kam.users.forms import UserChoiceField
from kam.users.models import User
from plans.enums import ActionPlanStatus
from plans.models import ActionPlan, ActionPlanItem, AssessmentTask


class PlanTaskForm(VersionedModelForm):
    """What is to be done, where it stands in the work of the plan, who does it, by when. Subclasses save it."""

    action_plan = forms.ModelChoiceField(
        ActionPlan.objects.none(), help_text=_("Where the task stands in the work of the plan.")
    )
    assignee = UserChoiceField(label=_("For"))

    class Meta:
        model = AssessmentTask
        fields: tuple[str, ...] = ("name", "action_plan", "assignee", "due_date")
        labels = {"name": _("What is to be done"), "due_date": _("Due")}
        widgets = {
            "name": forms.TextInput(attrs={"data-wide": True}),
            "instructions": forms.Textarea(attrs={"rows": 2}),
        }

    def __init__(self, *args: Any, plan_id: UUID, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, instance=AssessmentTask(item=ActionPlanItem()), **kwargs)
        rows = ActionPlan.objects.visible_to(user).filter(objective__plan=plan_id)
        rows = rows.exclude(status=ActionPlanStatus.CANCELLED).select_related("objective__plan")
        field: Any = self.fields["action_plan"]
        field.queryset = rows.order_by("objective__order", "order", "created_at")
        field.label_from_instance = lambda row: f"{row.objective}: {row}"
        self.initial.setdefault("assignee", user)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if action_plan := cleaned.get("action_plan"):
            self.instance.item.action_plan = action_plan
        return cleaned

    def _post_clean(self) -> None:
        if self.cleaned_data.get("action_plan"):  # without a place the task's own rules have nothing to go by
            super()._post_clean()  # type: ignore[misc]
