from kam.core.api.routers import ApiRouter
from stakeholders.api import viewsets

router = ApiRouter()
router.register("account-plan-stakeholders", viewsets.AccountPlanStakeholderViewSet)
router.register("stakeholder-links", viewsets.StakeholderLinkViewSet)
router.register("participant-stakeholders", viewsets.ParticipantStakeholderViewSet)
router.register("stakeholder-products", viewsets.StakeholderProductViewSet)
router.register("stakeholder-actions", viewsets.StakeholderActionViewSet)
router.register("partner-roles", viewsets.PartnerRoleViewSet)

urlpatterns = router.urls
