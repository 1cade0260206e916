"""Which goals into which plans."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kam.users.models import User
from plans.models import Plan, TerritoryBusinessPlan
from plans.operations.goal_import_jobs import importable_plans
from plans.operations.goal_imports import MOST_GOALS, offered_goals
from templates_app.models import GoalDefinition


class GoalChoiceForm(forms.Form):
    """The goals, and the day on which the work begins."""

    goal = forms.ModelMultipleChoiceField(
        GoalDefinition.objects.none(),
        error_messages={
            "required": _("Choose at least one goal."),
            "invalid_choice": _("One of these goals is not offered any more. Choose again."),
        },
    )
    start_date = forms.DateField(required=False)

    def __init__(self, *args: Any, user: User, kind: type[Plan], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = offered_goals(user, for_territories=kind is TerritoryBusinessPlan)
        self.fields["goal"].queryset = offered.order_by("name", "pk")  # type: ignore[attr-defined]

    def clean_goal(self) -> Any:
        goals = self.cleaned_data["goal"]
        if len(goals) > MOST_GOALS:
            raise forms.ValidationError(_("At most %(most)s at a time.") % {"most": MOST_GOALS})
        return goals


class PlanChoiceForm(forms.Form):
    """The plans that were ticked."""

    plan = forms.ModelMultipleChoiceField(
        Plan.objects.none(),
        error_messages={
            "required": _("Choose at least one plan."),
            "invalid_choice": _("You may not change one of these plans any more, or it is over. Look again."),
        },
    )

    def __init__(self, *args: Any, user: User, kind: type[Plan], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = importable_plans(user, kind).select_related("account", "territory", "owner", "plan_type")
        self.fields["plan"].queryset = rows.order_by("name", "pk")  # type: ignore[attr-defined]
