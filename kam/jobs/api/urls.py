from kam.core.api.routers import ApiRouter
from kam.jobs.api.views import JobViewSet

router = ApiRouter()
router.register("jobs", JobViewSet)

urlpatterns = router.urls
