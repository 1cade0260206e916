"""The resources of promises. How far each is kept is added by metrics (`kam.core.api.contributed`)."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet

from plans import filters
from plans.api import promise_serializers as serializers
from plans.api.viewsets import PlanContentViewSet
from plans.models import Commitment, CoopExpense, CoopFund, PlanEvent, RebateProgram, RebateTier


class CommitmentViewSet(PlanContentViewSet):
    """What we promise to do, such as 8 joint calls. Done activities of the type fill it."""

    queryset = Commitment.objects.all()
    serializer_class = serializers.CommitmentSerializer
    filterset_class = filters.CommitmentFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("plan", "activity_type", "owner")


class PlanEventViewSet(PlanContentViewSet):
    """Trade shows, training days and the like."""

    queryset = PlanEvent.objects.all()
    serializer_class = serializers.PlanEventSerializer
    filterset_class = filters.PlanEventFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("plan", "kind", "owner")


class CoopFundViewSet(PlanContentViewSet):
    """Marketing money that we share with the customer."""

    queryset = CoopFund.objects.all()
    serializer_class = serializers.CoopFundSerializer
    filterset_class = filters.CoopFundFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("plan")


class CoopExpenseViewSet(PlanContentViewSet):
    """What co-op money goes to: planned, approved or spent."""

    queryset = CoopExpense.objects.all()
    serializer_class = serializers.CoopExpenseSerializer
    filterset_class = filters.CoopExpenseFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("fund__plan", "kind")


class RebateProgramViewSet(PlanContentViewSet):
    """Money back by tiers, measured on the orders of the plan's accounts. Tiers are written with it."""

    queryset = RebateProgram.objects.all()
    serializer_class = serializers.RebateProgramSerializer
    filterset_class = filters.RebateProgramFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        tiers = RebateTier.objects.visible_to(self.request.user).order_by("threshold")
        return queryset.select_related("plan").prefetch_related(Prefetch("tiers", tiers))
