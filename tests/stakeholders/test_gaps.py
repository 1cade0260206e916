"""What is missing among the people of a plan, and what of them a history tells to whom."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from kam.core.actor import acting
from kam.users.models import User
from stakeholders.gaps import GapKind, gaps_of
from stakeholders.models import AccountPlanStakeholder
from tests import factories
from tests.fixtures import ClientFor, World


def found(plan: Any) -> list[tuple[str, str]]:
    gaps = gaps_of(plan, today=timezone.localdate())
    return [(gap.kind.value, str(gap.stakeholder or gap.role)) for gap in gaps]


def test_gaps_say_what_is_missing_and_go_when_it_is_mended(world: World, colleague: User) -> None:
    plan, today = world.plan, timezone.localdate()
    champion, buyer = factories.stakeholder_role("Champion"), factories.stakeholder_role("Economic buyer")
    plan.plan_type.expected_roles.set([champion, buyer])
    chief = factories.create_stakeholder(
        plan, world.contact, role="Champion", influence=5, relationship_now="credible_source"
    )
    wanted = factories.create_stakeholder(
        plan, "Nils Arden", role="User", influence=1, relationship_desired="problem_solver", owner=plan.owner
    )

    assert found(plan) == [
        (GapKind.MISSING_ROLE, "Economic buyer"),
        (GapKind.SINGLE_THREAD, "Ines Prado"),
        (GapKind.NOBODY_OF_US, "Ines Prado"),
        (GapKind.NO_CONTACT, "Ines Prado"),
        (GapKind.LEVEL, "Nils Arden"),
    ]

    call = factories.create_activity(world.account, status="done", done_on=today - timedelta(days=91))
    call.contacts.add(world.contact)
    assert (GapKind.NO_CONTACT, "Ines Prado") in found(plan)
    call.done_on = today - timedelta(days=90)
    call.save()
    factories.look_after(factories.add_participant(plan, colleague), chief)
    wanted.relationship_now = "trusted_advisor"
    wanted.save()
    assert found(plan) == [(GapKind.MISSING_ROLE, "Economic buyer")]

    factories.create_stakeholder(plan, organisation=world.child, role="Economic buyer", owner=colleague)
    assert found(plan) == [
        (GapKind.NO_CONTACT, "Harbour Day Clinic")
    ]  # who decides matters, whatever the influence


def test_gaps_take_a_fixed_number_of_statements(world: World) -> None:
    counts = set()
    for _number in range(2):
        for _more in range(2):
            factories.create_stakeholder(world.plan, influence=5)
        with CaptureQueriesContext(connection) as queries:
            assert gaps_of(world.plan, today=timezone.localdate())
        counts.add(len(queries))

    assert counts == {3}


def test_history_tells_what_we_think_to_who_works_on_the_plan(
    world: World, cast: dict[str, User], client_as: ClientFor
) -> None:
    """Neither readers of the plan's page nor administrators in their own pages learn it."""
    with acting(cast["account_manager"]):
        person = factories.create_stakeholder(world.plan, world.contact)
        person = AccountPlanStakeholder.objects.unscoped("test").get(pk=person.pk)
        person.influence, person.notes, person.support = 5, "Plays chess", -2
        person.save()
    page = reverse("plans:accountplan_detail", args=[world.plan.pk])
    admin_pages = [
        reverse(f"admin:stakeholders_accountplanstakeholder_{name}", args=[person.pk])
        for name in ("change", "history")
    ]

    def told(name: str, address: str) -> tuple[bool, bool]:
        answer = client_as(cast[name]).get(address)
        assert answer.status_code == 200, (name, address)
        text = answer.content.decode()
        return "Ines Prado" in text, "Plays chess" in text or "recommend a competitor" in text

    assert told("account_manager", page) == (True, True)
    for name in ("colleague", "viewer", "executive", "admin"):
        assert told(name, page) == (True, False), name
    for address in admin_pages:
        assert told("admin", address) == (True, False), address
