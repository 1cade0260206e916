from kam.core.api.routers import ApiRouter
from plans.api import viewsets

router = ApiRouter()
router.register("account-plans", viewsets.AccountPlanViewSet)
router.register("strategies", viewsets.StrategyViewSet)
router.register("account-plan-objectives", viewsets.AccountPlanObjectiveViewSet)
router.register("account-plan-participants", viewsets.AccountPlanParticipantViewSet)

urlpatterns = [*router.urls]
