"""The filters of the API. None tells what its reader must not see: whom somebody speaks for, and notes."""

from __future__ import annotations

from typing import ClassVar

import django_filters
from django.utils.translation import gettext_lazy as _

from crm.enums import PickList
from crm.filters import PickListFilter
from crm.models import Account, Contact, Product
from kam.core.filters import VisibleChoiceFilter, VisibleFilterSet
from plans.models import AccountPlanParticipant, AssessmentTask, Plan
from stakeholders.enums import AdoptionStep, LinkKind, RelationshipLevel
from stakeholders.filters import StakeholderFilter
from stakeholders.models import AccountPlanStakeholder


class AccountPlanStakeholderFilter(StakeholderFilter):
    plan = VisibleChoiceFilter(Plan, label=_("Plan"))
    contact = VisibleChoiceFilter(Contact, label=_("Contact"))
    organisation = VisibleChoiceFilter(Account, label=_("Organisation"))
    account = VisibleChoiceFilter(Account, field_name="contact__account", label=_("Account of the contact"))
    relationship_desired = django_filters.ChoiceFilter(
        label=_("Relationship we want"), choices=RelationshipLevel.choices
    )


class StakeholderLinkFilter(VisibleFilterSet):
    plan = VisibleChoiceFilter(Plan, field_name="from_stakeholder__plan", label=_("Plan"))
    from_stakeholder = VisibleChoiceFilter(AccountPlanStakeholder, label=_("From"))
    to_stakeholder = VisibleChoiceFilter(AccountPlanStakeholder, label=_("To"))
    kind = django_filters.ChoiceFilter(label=_("Kind"), choices=LinkKind.choices)

    search_fields = ("from_stakeholder__contact__name", "to_stakeholder__contact__name")
    ordering_fields: ClassVar = {"kind": "kind", "created_at": "created_at"}


class OfStakeholderFilter(VisibleFilterSet):
    plan = VisibleChoiceFilter(Plan, field_name="stakeholder__plan", label=_("Plan"))
    stakeholder = VisibleChoiceFilter(AccountPlanStakeholder, label=_("Stakeholder"))

    ordering_fields: ClassVar = {"stakeholder": "stakeholder__contact__name", "created_at": "created_at"}


class ParticipantStakeholderFilter(OfStakeholderFilter):
    participant = VisibleChoiceFilter(AccountPlanParticipant, label=_("Colleague on the plan"))

    search_fields = ("stakeholder__contact__name", "participant__user__last_name")


class StakeholderProductFilter(OfStakeholderFilter):
    product = VisibleChoiceFilter(Product, label=_("Product"))
    adoption_step = django_filters.ChoiceFilter(label=_("Adoption step"), choices=AdoptionStep.choices)

    search_fields = ("stakeholder__contact__name", "product__name")


class StakeholderActionFilter(OfStakeholderFilter):
    task = VisibleChoiceFilter(AssessmentTask, label=_("Task"))

    search_fields = ("stakeholder__contact__name", "task__name")


class PartnerRoleFilter(VisibleFilterSet):
    plan = VisibleChoiceFilter(Plan, label=_("Plan"))
    account = VisibleChoiceFilter(Account, label=_("Account"))
    role = PickListFilter(PickList.PARTNER_ROLE, label=_("Role"))

    search_fields = ("name", "account__name", "role__name")
    ordering_fields: ClassVar = {"name": "name", "role": "role__order", "created_at": "created_at"}
