"""The people of a plan: map, list, gaps, one of them; who sees what; what can be kept with plain forms."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm.enums import ActivityStatus
from kam.users.models import User
from plans.enums import Access, ActionPlanStatus
from plans.models import AssessmentTask
from stakeholders.enums import LinkKind, RelationshipLevel
from stakeholders.models import AccountPlanStakeholder, StakeholderAction, StakeholderLink
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import form_of, get, text_of

pytestmark = pytest.mark.django_db


def url(name: str, row: Any) -> str:
    return reverse(f"stakeholders:{name}", args=[row.pk])


@pytest.fixture
def people(world: World, colleague: User) -> dict[str, AccountPlanStakeholder]:
    """Somebody against us, somebody for us who is looked after, and an organisation."""
    today = timezone.localdate()
    participant = factories.add_participant(world.plan, colleague)
    buyer = factories.create_stakeholder(
        world.plan,
        world.contact,
        influence=5,
        support=-2,
        relationship_now=RelationshipLevel.VENDOR,
        relationship_desired=RelationshipLevel.TRUSTED_ADVISOR,
        notes="Golf with the competitor",
    )
    friend = factories.create_stakeholder(
        world.plan, "Rui Neves", role="Champion", influence=3, support=2, owner=world.plan.owner
    )
    body = factories.create_stakeholder(
        world.plan, organisation=world.far_account, role="Gatekeeper", influence=1
    )
    factories.look_after(participant, body)
    factories.create_stakeholder_link(friend, buyer)
    factories.create_stakeholder_link(buyer, friend, kind=LinkKind.CONFLICTS_WITH)
    factories.create_stakeholder_product(
        buyer, world.product, attitude=-1, adoption_step="trying", comment="Too dear"
    )
    visit = factories.create_activity(
        world.account, "Tea", done_on=today - timedelta(days=200), status=ActivityStatus.DONE
    )
    visit.contacts.add(world.contact)
    lunch = factories.create_activity(world.account, "Lunch", planned_for=today + timedelta(days=4))
    lunch.contacts.add(world.contact)
    return {"buyer": buyer, "friend": friend, "body": body}


def test_map_draws_people_and_lines_and_says_them_in_words(
    client_as: ClientFor, world: World, account_manager: User, people: dict[str, AccountPlanStakeholder]
) -> None:
    response = get(client_as(account_manager), url("stakeholder_map", world.plan))

    html, text = response.content.decode(), text_of(response)
    assert html.count('data-part="link"') == 2
    for row in people.values():
        assert f'href="{url("stakeholder_detail", row)}"' in html
    assert "Not on the map yet , as nobody has said whom they speak for: Lakeside Hospital" in text
    assert "Conflicts with Rui Neves" in text
    assert "Reports to Ines Prado; Conflicts with Ines Prado" in text
    assert "No contact for long" in text
    only = get(client_as(account_manager), f"{url('stakeholder_map', world.plan)}?lines=reports_to")
    assert only.content.decode().count('data-part="link"') == 1


def test_list_shows_what_is_known_of_each(
    client_as: ClientFor, world: World, account_manager: User, people: dict[str, AccountPlanStakeholder]
) -> None:
    client = client_as(account_manager)

    text = text_of(get(client, url("stakeholder_list", world.plan)))

    for part in (
        "Ines Prado Decision maker · Head of purchasing",
        "Will recommend a competitor",
        "Vendor → Trusted advisor",
        "Lunch",
        "Cholecap 20 mg Trying it",
    ):
        assert part in text, part
    by_support = text_of(get(client, f"{url('stakeholder_list', world.plan)}?support=2&ordering=support"))
    assert "Rui Neves" in by_support
    assert "Ines Prado" not in by_support


@pytest.mark.parametrize("who", ["viewer", "executive"])
def test_reader_sees_people_but_not_whom_they_speak_for(
    client_as: ClientFor,
    world: World,
    cast: dict[str, User],
    people: dict[str, AccountPlanStakeholder],
    who: str,
) -> None:
    client = client_as(cast[who])
    assert client.get(url("stakeholder_map", world.plan)).url == url("stakeholder_list", world.plan)

    pages = [
        url("stakeholder_list", world.plan),
        f"{url('stakeholder_list', world.plan)}?ordering=-support",
        url("stakeholder_organisation", world.plan),
        url("stakeholder_gaps", world.plan),
        url("stakeholder_detail", people["buyer"]),
        url("partner_list", world.plan),
    ]
    for page in pages:
        html = get(client, page).content.decode()
        for secret in ("recommend a competitor", "Golf with", "Too dear", "Prefers a competitor"):
            assert secret not in html, (page, secret)
    assert "Ines Prado" in text_of(get(client, pages[0]))
    assert text_of(get(client, f"{pages[0]}?support=-2")).count("Rui Neves") == 1  # it filters nothing


def test_gaps_lead_to_what_mends_them(
    client_as: ClientFor, world: World, account_manager: User, people: dict[str, AccountPlanStakeholder]
) -> None:
    role = factories.stakeholder_role("User")
    world.plan.plan_type.expected_roles.set([role, people["friend"].role])
    client = client_as(account_manager)

    html = get(client, url("stakeholder_gaps", world.plan)).content.decode()

    assert html.count("k-gaps") == 1
    for link in (
        f"{url('stakeholder_create', world.plan)}?role={role.pk}",
        url("action_create", people["buyer"]),
        url("stakeholder_update", people["buyer"]),
        reverse("crm:activity_plan", args=[world.account.pk]),
    ):
        assert link in html, link
    assert html.count("expects a") == 1
    new = get(client, f"{url('stakeholder_create', world.plan)}?role={role.pk}")
    assert new.context["form"]["role"].value() == role.pk


def test_statements_do_not_grow_with_the_people(
    client_as: ClientFor, world: World, account_manager: User, people: dict[str, AccountPlanStakeholder]
) -> None:
    client = client_as(account_manager)
    pages = {
        "stakeholder_map": world.plan,
        "stakeholder_list": world.plan,
        "stakeholder_organisation": world.plan,
        "stakeholder_gaps": world.plan,
        "stakeholder_detail": people["buyer"],
        "account_stakeholders": world.account,
    }
    for name, row in pages.items():
        client.get(url(name, row))
    for _number in range(4):
        added = factories.create_stakeholder(world.plan, influence=4, support=1)
        factories.create_stakeholder_link(added, people["buyer"])
        factories.create_stakeholder_product(added, world.product)

    counts = {}
    for name, row in pages.items():
        with CaptureQueriesContext(connection) as statements:
            assert client.get(url(name, row)).status_code == 200
        counts[name] = len(statements)

    assert counts == {
        "stakeholder_map": 8,
        "stakeholder_list": 10,
        "stakeholder_organisation": 6,
        "stakeholder_gaps": 7,
        "stakeholder_detail": 10,
        "account_stakeholders": 5,
    }


def test_people_are_kept_with_plain_forms(
    client_as: ClientFor, world: World, account_manager: User, people: dict[str, AccountPlanStakeholder]
) -> None:
    client, buyer, friend = client_as(account_manager), people["buyer"], people["friend"]
    role = factories.stakeholder_role("User")
    nurse = factories.create_contact(world.child, "Nurse Alba")

    values = {"contact_text": "Nurse Alba", "role": role.pk, "influence": 2, "relationship_now": "unknown"}
    client.post(url("stakeholder_create", world.plan), values)
    added = AccountPlanStakeholder.objects.unscoped("test").get(contact=nurse)
    client.post(url("link_create", added), {"kind": "influences:back", "other": buyer.pk})
    objective = factories.create_objective(world.plan)
    action_plan = factories.create_action_plan(objective)
    dropped = factories.create_action_plan(objective, status=ActionPlanStatus.CANCELLED)
    due = timezone.localdate() + timedelta(days=9)
    action = {
        "name": "Show her the ward",
        "assignee": account_manager.pk,
        "due_date": due,
        "priority": "normal",
    }
    for place in (dropped.pk, ""):
        refused = client.post(url("action_create", added), action | {"action_plan": place})
        assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["action_plan"])
    client.post(url("action_create", added), action | {"action_plan": action_plan.pk})

    assert (
        StakeholderLink.objects.unscoped("test").filter(from_stakeholder=buyer, to_stakeholder=added).exists()
    )
    task = AssessmentTask.objects.unscoped("test").get(name="Show her the ward")
    assert StakeholderAction.objects.unscoped("test").get().stakeholder == added
    assert "Show her the ward" in text_of(get(client, url("stakeholder_detail", added)))
    assert task.item.action_plan == action_plan
    back = client.post(url("link_create", buyer), {"kind": "reports_to", "other": friend.pk})
    assert back.status_code == 422
    assert "reports to this one already" in text_of(back)
    client.post(url("stakeholder_delete", added))
    assert AssessmentTask.objects.unscoped("test").filter(pk=task.pk).exists()
    assert not AccountPlanStakeholder.objects.unscoped("test").filter(pk=added.pk).exists()


def test_second_to_save_sees_the_difference_first(
    client_as: ClientFor, world: World, account_manager: User, people: dict[str, AccountPlanStakeholder]
) -> None:
    client, page = client_as(account_manager), url("stakeholder_update", people["buyer"])
    values = form_of(client.get(page))
    mine = {**values, "notes": "Mine"}
    client.post(page, {**values, "notes": "Theirs"})

    response = client.post(page, mine)

    assert response.status_code == 409
    assert "Theirs" in text_of(response)


def test_editor_without_sight_of_the_stance_leaves_it_alone(
    client_as: ClientFor, world: World, admin: User, people: dict[str, AccountPlanStakeholder]
) -> None:
    client, buyer = client_as(admin), people["buyer"]
    page = url("stakeholder_update", buyer)
    values = form_of(client.get(page))
    assert {"support", "notes", "development"}.isdisjoint(values)

    client.post(page, {**values, "influence": 4, "support": 2, "notes": "x"})

    buyer.refresh_from_db()
    assert (buyer.influence, buyer.support, buyer.notes) == (4, -2, "Golf with the competitor")


def test_account_names_only_plans_that_the_reader_sees(
    client_as: ClientFor, world: World, account_manager: User, people: dict[str, AccountPlanStakeholder]
) -> None:
    factories.create_stakeholder(world.confidential, world.contact)

    text = text_of(get(client_as(account_manager), url("account_stakeholders", world.account)))

    assert world.plan.name in text
    assert "Hidden takeover" not in text


def test_colleague_is_chosen_among_those_who_take_part(
    client_as: ClientFor,
    world: World,
    account_manager: User,
    msl: User,
    people: dict[str, AccountPlanStakeholder],
) -> None:
    participant = factories.add_participant(world.plan, msl, access=Access.EDIT)
    client = client_as(account_manager)

    client.post(url("colleague_create", people["buyer"]), {"participant": participant.pk})

    assert str(msl) in text_of(get(client, url("stakeholder_detail", people["buyer"])))


def test_partner_contact_is_named_to_who_sees_it_anyhow(
    client_as: ClientFor, world: World, account_manager: User, manager: User
) -> None:
    far = factories.create_contact(world.far_account, "Far Friend")
    factories.create_partner(world.plan, account=world.far_account, contact=far, notes="Brings us in")
    client = client_as(account_manager)

    text = text_of(get(client, url("partner_list", world.plan)))

    assert "Lakeside Hospital" in text
    assert "Brings us in" in text
    assert "Far Friend" not in text
    client.post(
        url("partner_create", world.plan), {"name": "Buyers' Union", "role": factories.partner_role().pk}
    )
    assert "Buyers' Union" in text_of(get(client, url("partner_list", world.plan)))


@pytest.mark.parametrize("name", ["stakeholder_map", "stakeholder_gaps", "partner_list"])
def test_empty_plan_says_what_to_do(
    client_as: ClientFor, world: World, account_manager: User, name: str
) -> None:
    assert 'class="k-empty"' in get(client_as(account_manager), url(name, world.plan)).content.decode()
