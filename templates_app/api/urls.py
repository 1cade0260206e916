from kam.core.api.routers import ApiRouter
from templates_app.api import viewsets

router = ApiRouter()
router.register("goal-definitions", viewsets.GoalDefinitionViewSet)
router.register("action-plan-templates", viewsets.ActionPlanTemplateViewSet)
router.register("action-plan-template-versions", viewsets.VersionViewSet)
router.register("action-plan-template-items", viewsets.ItemViewSet)
router.register("plan-types", viewsets.PlanTypeViewSet)
router.register("custom-fields", viewsets.CustomFieldViewSet)

urlpatterns = [*router.urls]
