"""The people on the sample company's plans: a full map of one hospital, with gaps on the others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from crm.enums import PickList
from crm.models import PickListValue
from kam.core.actor import acting
from metrics.demo.sample import Sample
from metrics.demo.stakeholder_data import (
    EXPECTED_ROLES,
    LINKS,
    LOOKED_AFTER,
    PARTNERS,
    PEOPLE,
    PRODUCTS,
    Person,
)
from plans.models import AccountPlanParticipant, AssessmentTask
from stakeholders.models import (
    AccountPlanStakeholder,
    ParticipantStakeholder,
    PartnerRole,
    StakeholderAction,
    StakeholderLink,
    StakeholderProduct,
)

WHY = "sample data"
People = dict[str, AccountPlanStakeholder]


def create_stakeholders(sample: Sample) -> None:
    roles = {
        (value.pick_list, value.name): value
        for value in PickListValue.objects.filter(
            pick_list__in=(PickList.STAKEHOLDER_ROLE, PickList.PARTNER_ROLE)
        )
    }
    with acting(sample.users["admin"]):
        expected = [roles[PickList.STAKEHOLDER_ROLE, name] for name in EXPECTED_ROLES]
        for plan_type in {plan.plan_type for plan in map(sample.plans.__getitem__, PEOPLE)}:
            plan_type.expected_roles.set(expected)
    for key, people in PEOPLE.items():
        with acting(sample.plans[key].owner):
            made = _people(sample, key, people, roles)
            if key == "newton":
                _map(sample, made, roles)


def _people(sample: Sample, key: str, people: tuple[Person, ...], roles: dict[Any, PickListValue]) -> People:
    plan = sample.plans[key]
    made: People = {}
    for number, person in enumerate(people):
        account, _slash, place = person.who.partition("/")
        made[person.who] = AccountPlanStakeholder(
            id=sample.new_id(),
            plan=plan,
            contact=sample.contacts[account][int(place)] if place else None,
            organisation=None if place else sample.accounts[account],
            role=roles[PickList.STAKEHOLDER_ROLE, person.role],
            influence=person.influence,
            support=person.support,
            relationship_now=person.now,
            relationship_desired=person.desired,
            owner=sample.users[person.owner] if person.owner else None,
            development=person.development,
            notes=person.notes,
            created_at=plan.created_at + timedelta(minutes=number),
        )
    AccountPlanStakeholder.objects.bulk_create(made.values())
    return made


def _map(sample: Sample, people: People, roles: dict[Any, PickListValue]) -> None:
    """What the people of one plan are to each other, to us and to our products."""
    plan = sample.plans["newton"]
    StakeholderLink.objects.bulk_create(
        StakeholderLink(
            id=sample.new_id(), from_stakeholder=people[start], to_stakeholder=people[end], kind=kind
        )
        for start, kind, end in LINKS
    )
    StakeholderProduct.objects.bulk_create(
        StakeholderProduct(
            id=sample.new_id(),
            stakeholder=people[who],
            product=sample.products[code],
            attitude=attitude,
            adoption_step=step,
            comment=comment,
        )
        for who, code, attitude, step, comment in PRODUCTS
    )
    PartnerRole.objects.bulk_create(
        PartnerRole(
            id=sample.new_id(), plan=plan, name=name, role=roles[PickList.PARTNER_ROLE, role], notes=notes
        )
        for name, role, notes in PARTNERS
    )
    participants = AccountPlanParticipant.objects.unscoped(WHY).filter(plan=plan).select_related("user")
    by_user = {row.user.username: row for row in participants}
    ParticipantStakeholder.objects.bulk_create(
        ParticipantStakeholder(id=sample.new_id(), participant=by_user[username], stakeholder=people[who])
        for who, username in LOOKED_AFTER
        if username in by_user
    )
    tasks = AssessmentTask.objects.unscoped(WHY).filter(item__action_plan__objective__plan=plan).to_do()
    aimed = zip(list(people.values())[:3], tasks.order_by("due_date", "pk")[:3], strict=False)
    StakeholderAction.objects.bulk_create(
        StakeholderAction(id=sample.new_id(), stakeholder=person, task=task) for person, task in aimed
    )
