"""The resources of the people on a plan. All of them are plan content: a change names its version."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet

from crm.models import Contact
from plans.api.viewsets import PlanContentViewSet
from stakeholders.api import filters, serializers
from stakeholders.models import (
    AccountPlanStakeholder,
    ParticipantStakeholder,
    PartnerRole,
    StakeholderAction,
    StakeholderLink,
    StakeholderProduct,
)


class PeopleViewSet(PlanContentViewSet):
    """What plans hold of people; nothing where their type leaves stakeholders out."""

    def visible(self) -> QuerySet:
        return super().visible().in_shown_sections()


class AccountPlanStakeholderViewSet(PeopleViewSet):
    """People and organisations on a plan, with the role they play in it."""

    queryset = AccountPlanStakeholder.objects.all()
    serializer_class = serializers.AccountPlanStakeholderSerializer
    filterset_class = filters.AccountPlanStakeholderFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.with_names().with_last_contact()


class StakeholderLinkViewSet(PeopleViewSet):
    """Who reports to, influences or is in conflict with whom."""

    queryset = StakeholderLink.objects.all()
    serializer_class = serializers.StakeholderLinkSerializer
    filterset_class = filters.StakeholderLinkFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.with_ends()


class ParticipantStakeholderViewSet(PeopleViewSet):
    """Who of us looks after whom of them."""

    queryset = ParticipantStakeholder.objects.all()
    serializer_class = serializers.ParticipantStakeholderSerializer
    filterset_class = filters.ParticipantStakeholderFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.with_stakeholder("participant__user")


class StakeholderProductViewSet(PeopleViewSet):
    """What a stakeholder thinks of a product, and how far they are with it."""

    queryset = StakeholderProduct.objects.all()
    serializer_class = serializers.StakeholderProductSerializer
    filterset_class = filters.StakeholderProductFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.with_stakeholder("product")


class StakeholderActionViewSet(PeopleViewSet):
    """Tasks of the plan that are aimed at a stakeholder."""

    queryset = StakeholderAction.objects.all()
    serializer_class = serializers.StakeholderActionSerializer
    filterset_class = filters.StakeholderActionFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.with_stakeholder("task")


class PartnerRoleViewSet(PeopleViewSet):
    """Other companies that matter to the plan."""

    queryset = PartnerRole.objects.all()
    serializer_class = serializers.PartnerRoleSerializer
    filterset_class = filters.PartnerRoleFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        contacts = Contact.objects.visible_to(self.request.user)
        return queryset.select_related("plan", "account", "role").prefetch_related(
            Prefetch("contact", contacts)
        )
