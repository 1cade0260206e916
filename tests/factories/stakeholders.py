from __future__ import annotations

from crm.enums import PickList, RoleMeaning
from crm.models import Account, Contact, PickListValue, Product
from kam.users.models import User
from plans.models import AccountPlanParticipant, AssessmentTask, Plan
from stakeholders.enums import Influence, LinkKind, RelationshipLevel
from stakeholders.models import (
    AccountPlanStakeholder,
    ParticipantStakeholder,
    PartnerRole,
    StakeholderAction,
    StakeholderLink,
    StakeholderProduct,
)
from tests.factories.crm import create_account, create_contact, create_pick_list_value, create_product
from tests.factories.sequence import numbered

MEANINGS = {
    "Decision maker": RoleMeaning.DECIDES,
    "Economic buyer": RoleMeaning.DECIDES,
    "Champion": RoleMeaning.CHAMPION,
}


def stakeholder_role(name: str = "Decision maker") -> PickListValue:
    """The role of that name; the usual ones are there from the start."""
    return _role(PickList.STAKEHOLDER_ROLE, name, MEANINGS.get(name, ""))


def partner_role(name: str = "Consultant") -> PickListValue:
    return _role(PickList.PARTNER_ROLE, name, "")


def _role(pick_list: str, name: str, meaning: str) -> PickListValue:
    found = PickListValue.objects.filter(pick_list=pick_list, name=name).first()
    return found or create_pick_list_value(name, pick_list=pick_list, meaning=meaning)


def create_stakeholder(
    plan: Plan,
    contact: Contact | str = "",
    *,
    organisation: Account | None = None,
    role: str = "Decision maker",
    influence: int = Influence.MEDIUM,
    support: int | None = None,
    relationship_now: str = RelationshipLevel.UNKNOWN,
    relationship_desired: str = "",
    development: str = "",
    owner: User | None = None,
    notes: str = "",
) -> AccountPlanStakeholder:
    """An `organisation`, or a contact: of that name, made at the plan's account unless one is given."""
    if organisation is None and not isinstance(contact, Contact):
        account = plan.account or create_account(territory=plan.territory)
        contact = create_contact(account, contact or numbered("Stakeholder"))
    return AccountPlanStakeholder.objects.create(
        plan=plan,
        contact=None if organisation else contact,
        organisation=organisation,
        role=stakeholder_role(role),
        influence=influence,
        support=support,
        relationship_now=relationship_now,
        relationship_desired=relationship_desired,
        development=development,
        owner=owner,
        notes=notes,
    )


def create_stakeholder_link(
    from_stakeholder: AccountPlanStakeholder,
    to_stakeholder: AccountPlanStakeholder,
    *,
    kind: str = LinkKind.REPORTS_TO,
) -> StakeholderLink:
    return StakeholderLink.objects.create(
        from_stakeholder=from_stakeholder, to_stakeholder=to_stakeholder, kind=kind
    )


def look_after(
    participant: AccountPlanParticipant, stakeholder: AccountPlanStakeholder
) -> ParticipantStakeholder:
    return ParticipantStakeholder.objects.create(participant=participant, stakeholder=stakeholder)


def create_stakeholder_product(
    stakeholder: AccountPlanStakeholder,
    product: Product | None = None,
    *,
    attitude: int | None = None,
    adoption_step: str = "",
    comment: str = "",
) -> StakeholderProduct:
    return StakeholderProduct.objects.create(
        stakeholder=stakeholder,
        product=product or create_product(),
        attitude=attitude,
        adoption_step=adoption_step,
        comment=comment,
    )


def create_stakeholder_action(stakeholder: AccountPlanStakeholder, task: AssessmentTask) -> StakeholderAction:
    return StakeholderAction.objects.create(stakeholder=stakeholder, task=task)


def create_partner(
    plan: Plan,
    name: str = "",
    *,
    account: Account | None = None,
    role: str = "Consultant",
    contact: Contact | None = None,
    notes: str = "",
) -> PartnerRole:
    """An `account`, or a company of that name that the CRM does not know."""
    return PartnerRole.objects.create(
        plan=plan,
        account=account,
        name="" if account else name or numbered("Partner"),
        role=partner_role(role),
        contact=contact,
        notes=notes,
    )
