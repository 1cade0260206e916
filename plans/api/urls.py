from django.urls import path

from kam.core.api.routers import ApiRouter
from plans.api import (
    analysis_viewsets,
    goal_import_jobs,
    goal_imports,
    promise_viewsets,
    viewsets,
    work_viewsets,
)
from plans.api.insights import MedicalInsightViewSet
from plans.api.reviews import PlanReviewViewSet
from plans.api.target_viewsets import TargetLineViewSet

router = ApiRouter()
router.register("account-plans", viewsets.AccountPlanViewSet)
router.register("territory-business-plans", viewsets.TerritoryBusinessPlanViewSet)
router.register("strategies", viewsets.StrategyViewSet)
router.register("account-plan-objectives", viewsets.AccountPlanObjectiveViewSet)
router.register("goal-assignments", viewsets.GoalAssignmentViewSet)
router.register("account-plan-participants", viewsets.AccountPlanParticipantViewSet)
router.register("account-plan-products", analysis_viewsets.AccountPlanProductViewSet)
router.register("related-object-analyses", analysis_viewsets.RelatedObjectAnalysisViewSet)
router.register("action-plans", work_viewsets.ActionPlanViewSet)
router.register("action-plan-items", work_viewsets.ActionPlanItemViewSet)
router.register("assessment-tasks", work_viewsets.AssessmentTaskViewSet)
router.register("target-lines", TargetLineViewSet)
router.register("commitments", promise_viewsets.CommitmentViewSet)
router.register("plan-events", promise_viewsets.PlanEventViewSet)
router.register("coop-funds", promise_viewsets.CoopFundViewSet)
router.register("coop-expenses", promise_viewsets.CoopExpenseViewSet)
router.register("rebate-programs", promise_viewsets.RebateProgramViewSet)
router.register("plan-reviews", PlanReviewViewSet)
router.register("medical-insights", MedicalInsightViewSet)

urlpatterns = [
    path(
        "account-plans/<uuid:pk>/progress/",
        work_viewsets.PlanProgressView.as_view(),
        name="account-plans-progress",
    ),
    path(
        "account-plans/import-goals/",
        goal_import_jobs.ImportGoalsIntoPlansView.as_view(),
        name="account-plans-import-goals-into-many",
    ),
    path(
        "account-plans/<uuid:pk>/import-goals/",
        goal_imports.ImportGoalsView.as_view(),
        name="account-plans-import-goals",
    ),
    path(
        "territory-business-plans/<uuid:pk>/progress/",
        work_viewsets.TerritoryPlanProgressView.as_view(),
        name="territory-business-plans-progress",
    ),
    path(
        "territory-business-plans/import-goals/",
        goal_import_jobs.ImportGoalsIntoTerritoryPlansView.as_view(),
        name="territory-business-plans-import-goals-into-many",
    ),
    path(
        "territory-business-plans/<uuid:pk>/import-goals/",
        goal_imports.TerritoryImportGoalsView.as_view(),
        name="territory-business-plans-import-goals",
    ),
    *router.urls,
]
