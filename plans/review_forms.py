"""What people type about reviews: before, when they are held, and after. Operations save."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kam.core.clock import company_today
from kam.core.forms import VersionedModelForm
from kam.users.models import User
from plans import operations
from plans.enums import ReviewStatus
from plans.models import AssessmentTask, PlanReview
from plans.task_forms import PlanTaskForm

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


class ReviewTaskForm(PlanTaskForm):
    """A decision as work."""

    def __init__(self, *args: Any, review: PlanReview, user: User, **kwargs: Any) -> None:
        super().__init__(*args, plan_id=review.plan_id, user=user, **kwargs)
        self.review = review

    def save(self, commit: bool = True) -> AssessmentTask:
        return operations.add_review_task(review=self.review, task=self.instance)
