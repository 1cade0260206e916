"""SWOT, PESTEL and the products of plans. What the type of a plan leaves out is not there."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet

from plans import filters
from plans.api import analysis_serializers as serializers
from plans.api.viewsets import PlanContentViewSet
from plans.models import AccountPlanProduct, Objective, RelatedObjectAnalysis


class AccountPlanProductViewSet(PlanContentViewSet):
    """Products and categories that plans are about."""

    queryset = AccountPlanProduct.objects.all()
    serializer_class = serializers.AccountPlanProductSerializer
    filterset_class = filters.AccountPlanProductFilter

    def visible(self) -> QuerySet:
        return super().visible().in_shown_sections()

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("plan", "product", "category")


class RelatedObjectAnalysisViewSet(PlanContentViewSet):
    """Entries of SWOT and PESTEL."""

    queryset = RelatedObjectAnalysis.objects.all()
    serializer_class = serializers.RelatedObjectAnalysisSerializer
    filterset_class = filters.RelatedObjectAnalysisFilter

    def visible(self) -> QuerySet:
        return super().visible().in_shown_sections()

    def with_related(self, queryset: QuerySet) -> QuerySet:
        objectives = Objective.objects.visible_to(self.request.user).only("name", "plan", "version")
        return queryset.select_related(
            "plan", "product__product", "product__category", "owner"
        ).prefetch_related(Prefetch("objectives", objectives, "visible_objectives"))
