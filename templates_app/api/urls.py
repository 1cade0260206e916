from kam.core.api.routers import ApiRouter
from templates_app.api.viewsets import PlanTypeViewSet

router = ApiRouter()
router.register("plan-types", PlanTypeViewSet)

urlpatterns = [*router.urls]
