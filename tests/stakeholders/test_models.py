"""What a map of stakeholders cannot hold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from crm.models import PickListValue
from kam.users.models import User
from plans.models import Plan
from stakeholders.enums import LinkKind
from stakeholders.models import AccountPlanStakeholder, PartnerRole, StakeholderLink
from tests import factories
from tests.fixtures import Territories, World


def errors_of(row: Any) -> set[str]:
    with pytest.raises(ValidationError) as caught:
        row.full_clean()
    return set(caught.value.message_dict)


def test_a_stakeholder_is_a_contact_or_an_organisation_once_a_role(world: World) -> None:
    plan = world.plan
    first = factories.create_stakeholder(plan, world.contact, role="Champion")

    factories.create_stakeholder(plan, world.contact, role="Gatekeeper").full_clean()
    again = AccountPlanStakeholder(plan=plan, contact=world.contact, role=first.role)
    assert errors_of(again) == {"__all__"}
    with pytest.raises(IntegrityError), transaction.atomic():
        again.save()
    for row in (
        AccountPlanStakeholder(plan=plan, role=first.role),
        AccountPlanStakeholder(plan=plan, role=first.role, contact=world.contact, organisation=world.child),
    ):
        assert "contact" in errors_of(row)
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save()


def test_contacts_come_from_the_tree_of_the_account_or_the_territory(
    world: World, territories: Territories
) -> None:
    """Also from the head of the group and from sister companies; an organisation may be any."""
    role = factories.stakeholder_role()
    child_plan = factories.create_plan(world.child)
    own = factories.create_contact(factories.create_account("Sister", parent=world.account))
    far = factories.create_contact(world.far_account)
    of_north = factories.create_territory_plan(territories.north)

    for plan in (child_plan, world.plan):
        AccountPlanStakeholder(plan=plan, contact=own, role=role).full_clean()
        assert errors_of(AccountPlanStakeholder(plan=plan, contact=far, role=role)) == {"contact"}
        AccountPlanStakeholder(plan=plan, organisation=world.far_account, role=role).full_clean()
    AccountPlanStakeholder(plan=of_north, contact=world.contact, role=role).full_clean()
    assert errors_of(AccountPlanStakeholder(plan=of_north, contact=far, role=role)) == {"contact"}


def test_roles_come_from_their_list_and_retired_ones_stay_where_they_are(world: World) -> None:
    stakeholder = factories.create_stakeholder(world.plan, world.contact, role="Champion")
    PickListValue.objects.filter(pk=stakeholder.role_id).update(is_retired=True)
    fresh = AccountPlanStakeholder.objects.unscoped("test").get(pk=stakeholder.pk)

    fresh.influence = 5
    fresh.full_clean()
    other = factories.create_contact(world.account)
    for role in (fresh.role, factories.partner_role()):
        assert errors_of(AccountPlanStakeholder(plan=world.plan, contact=other, role=role)) == {"role"}
    assert errors_of(PartnerRole(plan=world.plan, name="Buyers", role=fresh.role)) == {"role"}


def test_links_stay_within_a_plan_and_lines_have_no_ring(world: World) -> None:
    chief, nurse, buyer = (factories.create_stakeholder(world.plan) for _n in range(3))
    elsewhere = factories.create_stakeholder(world.draft)
    twice = factories.create_stakeholder(world.plan, chief.contact, role="User")
    factories.create_stakeholder_link(nurse, chief)
    factories.create_stakeholder_link(chief, buyer)
    factories.create_stakeholder_link(nurse, buyer, kind=LinkKind.CONFLICTS_WITH)

    def link(start: Any, end: Any, kind: str = LinkKind.REPORTS_TO) -> StakeholderLink:
        return StakeholderLink(from_stakeholder=start, to_stakeholder=end, kind=kind)

    assert "to_stakeholder" in errors_of(link(chief, chief))
    for wrong in (
        link(chief, twice),
        link(chief, elsewhere),
        link(chief, nurse),
        link(buyer, nurse),
        link(buyer, nurse, LinkKind.CONFLICTS_WITH),
    ):
        assert errors_of(wrong) == {"to_stakeholder"}
    link(buyer, nurse, LinkKind.INFLUENCES).full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        link(chief, chief).save()
    with pytest.raises(IntegrityError), transaction.atomic():
        link(nurse, chief).save()


def test_what_hangs_on_a_stakeholder_is_of_the_same_plan(world: World, colleague: User) -> None:
    stakeholder = factories.create_stakeholder(world.plan)
    elsewhere = factories.add_participant(world.draft, colleague)
    objective = factories.create_work_objective(world.draft)
    task = factories.create_task(factories.create_action_plan(objective))

    assert errors_of(factories.look_after(elsewhere, stakeholder)) == {"participant"}
    assert errors_of(factories.create_stakeholder_action(stakeholder, task)) == {"task"}


def test_a_partner_is_an_account_or_a_name(world: World) -> None:
    role = factories.partner_role()
    contact = factories.create_contact(world.far_account)

    PartnerRole(plan=world.plan, account=world.far_account, contact=contact, role=role).full_clean()
    assert "name" in errors_of(PartnerRole(plan=world.plan, role=role))
    assert "name" in errors_of(PartnerRole(plan=world.plan, role=role, name="X", account=world.far_account))
    assert errors_of(PartnerRole(plan=world.plan, role=role, name="X", contact=contact)) == {"contact"}


def test_last_contact_is_the_latest_done_activity_that_counts(world: World) -> None:
    today = timezone.localdate()
    mail = factories.create_activity_type("Letter", counts_for_cadence=False)
    person = factories.create_stakeholder(world.plan, world.contact)
    body = factories.create_stakeholder(world.plan, organisation=world.far_account)
    never = factories.create_stakeholder(world.plan)
    for days, extra in ((40, {}), (30, {}), (5, {"type": mail})):
        done = factories.create_activity(
            world.account, status="done", done_on=today - timedelta(days=days), **extra
        )
        done.contacts.add(world.contact)
    planned = factories.create_activity(world.account, planned_for=today)
    planned.contacts.add(world.contact)
    factories.create_activity(world.far_account, status="done", done_on=today - timedelta(days=7))

    rows = AccountPlanStakeholder.objects.unscoped("test").with_last_contact().in_bulk()

    assert rows[person.pk].last_contact == today - timedelta(days=30)
    assert rows[body.pk].last_contact == today - timedelta(days=7)
    assert rows[never.pk].last_contact is None


def test_who_sees_what_we_think_of_people(world: World, cast: dict[str, User]) -> None:
    """Own plans and in line; the rule and the filter agree, for plans of all kinds."""
    factories.add_participant(world.confidential, cast["manager"])
    factories.add_participant(world.draft, cast["msl"])
    factories.add_participant(world.draft, cast["viewer"])
    plans = (world.plan, world.draft, world.confidential, world.far_plan)
    expected = {
        "account_manager": {world.plan, world.draft},
        "manager": {world.plan, world.draft, world.confidential},
        "msl": {world.draft},
        "stranger": {world.far_plan},
    }

    for name, user in cast.items():
        by_filter = set(Plan.objects.visible_to(user).open_to(user))
        visible = set(Plan.objects.visible_to(user)) & set(plans)
        by_rule = {plan for plan in visible if user.has_perm("plans.view_sensitive", plan)}
        assert by_filter == by_rule == expected.get(name, set()), name
