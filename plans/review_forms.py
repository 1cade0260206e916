"""What people type about reviews: before, when they are held, and after. Operations save."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kam.core.clock import company_today
from kam.core.forms import VersionedModelForm
from kam.users.forms import UserChoiceField
from kam.users.models import User
from plans import operations
from plans.enums import ActionPlanStatus, ReviewStatus
from plans.models import ActionPlan, ActionPlanItem, AssessmentTask, PlanReview

BEFORE = ("attendees", "customer_attendees", "agenda")
OUTCOME = ("minutes", "decisions", "rating")


class ReviewForm(VersionedModelForm):
    """A planned review is prepared; of one that was held the outcome can be put right, too."""

    class Meta:
        model = PlanReview
        fields = ("due_date", "held_on", *BEFORE, *OUTCOME)
        labels = {"due_date": _("Due"), "held_on": _("Held on")}
        widgets = {
            "attendees": forms.CheckboxSelectMultiple,
            "customer_attendees": forms.Textarea(attrs={"rows": 3}),
            "agenda": forms.Textarea(attrs={"rows": 6, "data-wide": True}),
            "minutes": forms.Textarea(attrs={"rows": 8, "data-wide": True}),
            "decisions": forms.Textarea(attrs={"rows": 4, "data-wide": True}),
        }

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        plan = self.instance.plan
        there = Q(pk=plan.owner_id) | Q(plan_participations__plan=plan)
        if not self.instance._state.adding:
            there |= Q(pk__in=self.initial.get("attendees") and [row.pk for row in self.initial["attendees"]])
        people = User.objects.filter(there).distinct().order_by("last_name", "first_name", "username")
        self.fields["attendees"].queryset = people  # type: ignore[attr-defined]
        self.fields["rating"].choices = [("", _("Not said")), *self.fields["rating"].choices[1:]]  # type: ignore[attr-defined]
        for name in self.left_out():
            del self.fields[name]

    def left_out(self) -> tuple[str, ...]:
        if self.instance.is_held:
            return ("due_date", "held_on")
        return ("held_on", *OUTCOME, *(("due_date",) if self.instance.is_scheduled else ()))

    def save(self, commit: bool = True) -> PlanReview:
        relations = {"attendees": self.cleaned_data["attendees"]}
        return operations.save_review(review=self.instance, relations=relations, user=self.user)


class HoldReviewForm(ReviewForm):
    """The meeting itself: who was there, what was said and decided."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["held_on"] = company_today()
        self.fields["held_on"].required = True

    def left_out(self) -> tuple[str, ...]:
        return ("due_date",)

    def _post_clean(self) -> None:
        self.instance.status = ReviewStatus.HELD  # what the rules are to look at
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            self.instance.status = ReviewStatus.PLANNED

    def save(self, commit: bool = True) -> PlanReview:
        relations = {"attendees": self.cleaned_data["attendees"]}
        try:
            return operations.hold_review(review=self.instance, relations=relations, user=self.user)
        except operations.ReviewSettledError as error:
            raise ValidationError(str(error)) from error


class SkipReviewForm(forms.Form):
    reason = forms.CharField(
        label=_("Why"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Shown in the history of the plan."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class ReviewTaskForm(VersionedModelForm):
    """A decision as work: where it belongs, who does it, by when."""

    action_plan = forms.ModelChoiceField(ActionPlan.objects.none())
    assignee = UserChoiceField(label=_("For"))

    class Meta:
        model = AssessmentTask
        fields = ("name", "action_plan", "assignee", "due_date")
        labels = {"name": _("Task"), "due_date": _("Due")}
        widgets = {"name": forms.TextInput(attrs={"data-wide": True})}

    def __init__(self, *args: Any, review: PlanReview, user: User, **kwargs: Any) -> None:
        self.review = review
        super().__init__(*args, user=user, instance=AssessmentTask(), **kwargs)
        plans = ActionPlan.objects.visible_to(user).filter(objective__plan=review.plan_id)
        plans = plans.exclude(status=ActionPlanStatus.CANCELLED).select_related("objective__plan")
        self.fields["action_plan"].queryset = plans  # type: ignore[attr-defined]
        self.initial.setdefault("assignee", user)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if action_plan := cleaned.get("action_plan"):
            self.instance.item = ActionPlanItem(action_plan=action_plan)
        return cleaned

    def save(self, commit: bool = True) -> AssessmentTask:
        return operations.add_review_task(review=self.review, task=self.instance, user=self.user)
