"""Reviews of plans. The numbers as they stood are added by metrics (`kam.core.api.contributed`)."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from kam.core.api.problems import Conflict
from kam.core.api.serializers import BASE_FIELDS, KamModelSerializer, VersionedSerializer
from kam.core.clock import company_today
from kam.users.models import User
from plans import filters, operations
from plans.api.viewsets import PlanContentViewSet
from plans.enums import ReviewStatus
from plans.models import AssessmentTask, PlanReview
from plans.operations.reviews import already

OUTCOME = ("attendees", "customer_attendees", "agenda", "minutes", "decisions", "rating")


class PlanReviewSerializer(KamModelSerializer):
    """`due_date` follows from the plan where `is_scheduled`. `decisions` and `agenda` hold one point a line."""

    fixed_fields = ("plan",)

    class Meta(KamModelSerializer.Meta):
        model = PlanReview
        fields = (*BASE_FIELDS, "plan", "due_date", "is_scheduled", "status", "held_on", *OUTCOME, "tasks")
        read_only_fields = ("is_scheduled", "status", "held_on")

    def write(self, row: PlanReview, relations: dict[str, Any]) -> PlanReview:
        user = self.context["request"].user
        return operations.save_review(review=row, relations=relations, user=user)


class HoldReviewSerializer(PlanReviewSerializer):
    """What came of the meeting. `held_on` is today, if it is not given."""

    class Meta(KamModelSerializer.Meta):
        model = PlanReview
        fields = ("version", "held_on", *OUTCOME)

    def _filled(self, attrs: dict[str, Any]) -> Any:
        row = super()._filled(attrs)
        row.status = ReviewStatus.HELD  # what the rules are to look at
        row.held_on = row.held_on or company_today()
        return row

    def write(self, row: PlanReview, relations: dict[str, Any]) -> PlanReview:
        user = self.context["request"].user
        return operations.hold_review(review=row, relations=relations, user=user)


class SkipReviewSerializer(VersionedSerializer):
    reason = serializers.CharField(required=False, allow_blank=True, max_length=500)


class PlanReviewViewSet(PlanContentViewSet):
    """Reviews of plans, those of the review frequency and others. `kpis` are frozen when one is held."""

    queryset = PlanReview.objects.all()
    serializer_class = PlanReviewSerializer
    filterset_class = filters.PlanReviewFilter

    def visible(self) -> QuerySet:
        return super().visible().in_shown_sections()

    def with_related(self, queryset: QuerySet) -> QuerySet:
        people = User.objects.visible_to(self.request.user)
        tasks = AssessmentTask.objects.visible_to(self.request.user).only("name", "version")
        return queryset.select_related("plan").prefetch_related(
            Prefetch("attendees", people, "visible_attendees"), Prefetch("tasks", tasks, "visible_tasks")
        )

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        review = self.get_locked_object(self.permission("delete"))
        self.allowed(operations.delete_review, review)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def allowed(self, operation: Any, *args: Any, **values: Any) -> Any:
        try:
            return operation(*args, **values)
        except operations.ReviewSettledError as error:
            raise Conflict(str(error)) from error

    @extend_schema(request=HoldReviewSerializer, responses=PlanReviewSerializer)
    @action(detail=True, methods=["post"])
    def hold(self, request: Request, pk: str) -> Response:
        """The review was held: the plan's numbers are frozen with it."""
        review = self.get_locked_object(self.permission("change"), requires_version=False)
        if not review.may_be_held:
            raise Conflict(already(review))
        context = self.get_serializer_context()
        body = HoldReviewSerializer(review, data=request.data, partial=True, context=context)
        body.is_valid(raise_exception=True)
        return self.answer(self.written(self.allowed(body.save)))

    @extend_schema(request=SkipReviewSerializer, responses=PlanReviewSerializer)
    @action(detail=True, methods=["post"])
    def skip(self, request: Request, pk: str) -> Response:
        """The review will not be held."""
        return self.skip_or_plan(request, is_skipped=True)

    @extend_schema(request=SkipReviewSerializer, responses=PlanReviewSerializer)
    @action(detail=True, methods=["post"])
    def plan(self, request: Request, pk: str) -> Response:
        """A review that was skipped is to be held after all."""
        return self.skip_or_plan(request, is_skipped=False)

    def skip_or_plan(self, request: Request, *, is_skipped: bool) -> Response:
        review = self.get_locked_object(self.permission("change"), requires_version=False)
        body = SkipReviewSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        reason = body.validated_data.get("reason", "")
        found = self.allowed(operations.skip_review, review=review, is_skipped=is_skipped, reason=reason)
        return self.answer(self.written(found))
