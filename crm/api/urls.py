from django.urls import path

from crm.api import viewsets
from crm.api.bulk import BulkView
from crm.bulk import KINDS
from kam.core.api.routers import ApiRouter

router = ApiRouter()
router.register("territories", viewsets.TerritoryViewSet)
router.register("accounts", viewsets.AccountViewSet)
router.register("contacts", viewsets.ContactViewSet)
router.register("product-categories", viewsets.ProductCategoryViewSet)
router.register("products", viewsets.ProductViewSet)
router.register("stages", viewsets.StageViewSet)
router.register("opportunities", viewsets.OpportunityViewSet)
router.register("orders", viewsets.OrderViewSet)
router.register("activity-types", viewsets.ActivityTypeViewSet)
router.register("activities", viewsets.ActivityViewSet)
router.register("exchange-rates", viewsets.ExchangeRateViewSet)
router.register("pick-list-values", viewsets.PickListValueViewSet)

bulk_urls = [
    path(f"{kind.name}/bulk/", BulkView.as_view(kind=kind.name), name=f"{kind.name}-bulk")
    for kind in KINDS.values()
    if kind.in_api
]
urlpatterns = [*bulk_urls, *router.urls]
