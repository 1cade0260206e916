"""The people on a plan through the API: who sees what we think of them, and what the rules refuse."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import Account
from kam.users.models import User
from plans.models import AccountPlan
from plans.operations.copying import CopyRequest, copy_plan
from stakeholders.enums import LinkKind
from stakeholders.models import (
    AccountPlanStakeholder,
    ParticipantStakeholder,
    PartnerRole,
    StakeholderAction,
    StakeholderLink,
    StakeholderProduct,
)
from tests import factories
from tests.fixtures import ApiFor, World

URL = "/api/v1/account-plan-stakeholders/"
SECRETS = ("support", "development", "notes")


@pytest.fixture
def person(world: World) -> AccountPlanStakeholder:
    return factories.create_stakeholder(
        world.plan,
        world.contact,
        influence=5,
        support=-2,
        development="Dinner",
        notes="Golfs",
        relationship_desired="vendor",
    )


def body_for(world: World, **changes: Any) -> dict[str, Any]:
    contact = factories.create_contact(world.child, "Ana Ferro")
    values = {"plan": world.plan.pk, "contact": contact.pk, "role": factories.stakeholder_role("User").pk}
    return {name: str(value) for name, value in values.items()} | changes


def fields_of(answer: Any) -> set[str]:
    return {error["field"] for error in answer.json()["errors"]}


def test_a_stakeholder_is_written_read_and_deleted(world: World, account_manager: User, api: ApiFor) -> None:
    client = api(account_manager)
    answer = client.post(
        URL, body_for(world, influence=4, support=2, notes="Reads everything"), format="json"
    )
    assert answer.status_code == 201, answer.json()
    made = answer.json()
    assert made["contact"]["name"] == "Ana Ferro"
    assert made["role"]["name"] == "User"
    assert (made["influence"], made["support"], made["relationship_now"]) == (4, 2, "unknown")
    assert made["last_contact"] is None

    one = f"{URL}{made['id']}/"
    assert client.patch(one, {"support": 1}, format="json").status_code == 428
    changed = client.patch(one, {"support": 1, "notes": None, "version": made["version"]}, format="json")
    assert (changed.json()["support"], changed.json()["notes"]) == (1, "")
    stale = client.patch(one, {"support": 0, "version": made["version"]}, format="json")
    assert stale.status_code == 412
    again = client.post(URL, body_for(world, contact=made["contact"]["id"]), format="json")
    assert (again.status_code, fields_of(again)) == (400, {"role"})
    far = body_for(world, contact=str(factories.create_contact(world.far_account).pk))
    assert fields_of(client.post(URL, far, format="json")) == {"contact"}  # hidden and missing are the same
    moved = {"contact": str(world.contact.pk), "version": changed.json()["version"]}
    assert fields_of(client.patch(one, moved, format="json")) == {"contact"}
    assert client.delete(one, headers={"If-Match": changed.headers["ETag"]}).status_code == 204


def test_what_we_think_is_for_own_plans_and_in_line(
    world: World, cast: dict[str, User], person: AccountPlanStakeholder, api: ApiFor
) -> None:
    """In the row, in filters and in products and partners; the others see that somebody is on the plan."""
    factories.create_stakeholder_product(person, world.product, attitude=-1, comment="Too dear")
    factories.create_partner(world.plan, "Buyers", notes="Kickbacks?")
    opens = {"account_manager", "manager"}
    readers = {*opens, "colleague", "executive", "admin", "viewer", "msl"}

    for name, user in cast.items():
        client = api(user)
        rows = client.get(URL, {"plan": world.plan.pk} if name in readers else {}).json()["results"]
        assert len(rows) == (1 if name in readers else 0), name
        for row in rows:
            shown = tuple(row[field] for field in SECRETS)
            assert shown == ((-2, "Dinner", "Golfs") if name in opens else (None, None, None)), name
            assert row["influence"] == 5
        found = client.get(URL, {"support": "-2"}).json()["count"]
        assert found == (1 if name in opens else 0), name
        assert client.get(URL, {"search": "Golfs"}).json()["count"] == 0
        for path, fields in (
            ("stakeholder-products", ("attitude", "comment")),
            ("partner-roles", ("notes",)),
        ):
            for row in client.get(f"/api/v1/{path}/").json()["results"]:
                assert any(row[field] is not None for field in fields) == (name in opens), (name, path)


def test_who_may_not_see_it_does_not_write_it(
    world: World, admin: User, person: AccountPlanStakeholder, api: ApiFor
) -> None:
    client = api(admin)
    one = f"{URL}{person.pk}/"
    seen = client.get(one).json()

    refused = client.patch(one, {"support": 2, "version": 1}, format="json")
    assert (refused.status_code, fields_of(refused)) == (400, {"support"})
    whole = {
        name: value["id"] if isinstance(value, dict) else value
        for name, value in seen.items()
        if name not in {"id", "created_at", "updated_at", "last_contact"}
    }
    assert client.put(one, whole | {"influence": 2}, format="json").status_code == 200
    person.refresh_from_db()
    assert (person.influence, person.support, person.notes) == (2, -2, "Golfs")


def test_only_who_edits_the_plan_writes(world: World, cast: dict[str, User], api: ApiFor) -> None:
    body = body_for(world)
    for name, status in (("colleague", 403), ("viewer", 403), ("manager", 403), ("stranger", 400)):
        assert api(cast[name]).post(URL, body, format="json").status_code == status, name


def test_links_colleagues_products_actions_and_partners(
    world: World, account_manager: User, colleague: User, person: AccountPlanStakeholder, api: ApiFor
) -> None:
    nurse = factories.create_stakeholder(world.plan, role="User")
    elsewhere = factories.create_stakeholder(world.draft)
    participant = factories.add_participant(world.plan, colleague)
    objective = factories.create_work_objective(world.plan)
    task = factories.create_task(factories.create_action_plan(objective))
    client = api(account_manager)
    bodies: dict[str, dict[str, Any]] = {
        "stakeholder-links": {
            "from_stakeholder": nurse.pk,
            "to_stakeholder": person.pk,
            "kind": "reports_to",
        },
        "participant-stakeholders": {"participant": participant.pk, "stakeholder": person.pk},
        "stakeholder-products": {
            "stakeholder": person.pk,
            "product": world.product.pk,
            "adoption_step": "trying",
        },
        "stakeholder-actions": {"stakeholder": person.pk, "task": task.pk},
        "partner-roles": {"plan": world.plan.pk, "name": "Acme", "role": factories.partner_role().pk},
    }
    for path, values in bodies.items():
        body = {name: str(value) for name, value in values.items()}
        answer = client.post(f"/api/v1/{path}/", body, format="json")
        assert answer.status_code == 201, (path, answer.json())
        assert client.post(f"/api/v1/{path}/", body, format="json").status_code == 400, path
        listed = client.get(f"/api/v1/{path}/", {"plan": str(world.plan.pk)}).json()
        assert listed["count"] == 1, path
        assert client.get(f"/api/v1/{path}/", {"plan": str(world.draft.pk)}).json()["count"] == 0

    for start, end in ((person, nurse), (person, elsewhere), (person, person)):
        body = {"from_stakeholder": str(start.pk), "to_stakeholder": str(end.pk), "kind": LinkKind.REPORTS_TO}
        answer = client.post("/api/v1/stakeholder-links/", body, format="json")
        assert (answer.status_code, fields_of(answer)) == (400, {"to_stakeholder"})


def test_lists_take_a_fixed_number_of_statements(
    world: World, account_manager: User, colleague: User, api: ApiFor
) -> None:
    client = api(account_manager)
    objective = factories.create_work_objective(world.plan)
    action_plan = factories.create_action_plan(objective)
    task = factories.create_task(action_plan)
    participant = factories.add_participant(world.plan, colleague)
    first = factories.create_stakeholder(world.plan, organisation=world.account)

    def grow() -> None:
        person = factories.create_stakeholder(world.plan)
        factories.create_stakeholder_link(first, person)
        factories.look_after(participant, person)
        factories.create_stakeholder_product(person)
        factories.create_stakeholder_action(person, task)
        factories.create_partner(world.plan, account=factories.create_account(), contact=world.contact)

    client.get(URL)  # notes that the token was used
    counts: dict[str, set[int]] = {}
    for rows in (1, 3):
        while AccountPlanStakeholder.objects.unscoped("test").count() <= rows:
            grow()
        for path in (
            "account-plan-stakeholders",
            "stakeholder-links",
            "participant-stakeholders",
            "stakeholder-products",
            "stakeholder-actions",
            "partner-roles",
        ):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(f"/api/v1/{path}/").json()["count"] >= rows
            counts.setdefault(path, set()).add(len(queries))

    assert all(len(found) == 1 and max(found) <= 6 for found in counts.values()), counts


# --- Deep copy --------------------------------------------------------------------------------
def asked(plan: AccountPlan, include: set[str], **changes: Any) -> CopyRequest:
    values = {
        "name": "Next",
        "subject": plan.account,
        "start_date": plan.end_date + timedelta(days=1),
        "end_date": plan.end_date + timedelta(days=300),
        "owner": plan.owner,
        "include": include,
    }
    return CopyRequest(**values | changes)


def of(model: Any, plan: AccountPlan) -> list[Any]:
    path = model.objects.all().plan_path
    return list(model.objects.unscoped("test").filter(**{path: plan.pk}))


MODELS = (
    AccountPlanStakeholder,
    StakeholderLink,
    ParticipantStakeholder,
    StakeholderProduct,
    StakeholderAction,
    PartnerRole,
)


def test_a_copy_takes_its_people_along(world: World, colleague: User, person: AccountPlanStakeholder) -> None:
    """With the rest of the map; colleagues and tasks as far as they come, contacts within their group."""
    nurse = factories.create_stakeholder(world.plan, role="User")
    body = factories.create_stakeholder(world.plan, organisation=world.far_account)
    factories.create_stakeholder_link(nurse, person)
    factories.create_stakeholder_link(body, person, kind=LinkKind.INFLUENCES)
    factories.look_after(factories.add_participant(world.plan, colleague), person)
    factories.create_stakeholder_product(person, world.product, attitude=1)
    objective = factories.create_work_objective(world.plan)
    factories.create_stakeholder_action(
        person, factories.create_task(factories.create_action_plan(objective))
    )
    factories.create_partner(world.plan, "Buyers")
    everything = {"stakeholders", "participants", "objectives", "action_plans"}

    whole = copy_plan(world.plan, asked(world.plan, everything)).plan
    alone = copy_plan(world.plan, asked(world.plan, {"stakeholders"}, subject=world.child)).plan
    other = copy_plan(world.plan, asked(world.plan, {"stakeholders"}, subject=world.far_account)).plan

    assert [len(of(model, whole)) for model in MODELS] == [3, 2, 1, 1, 1, 1]
    assert [len(of(model, alone)) for model in MODELS] == [3, 2, 0, 1, 0, 1]
    assert [len(of(model, other)) for model in MODELS] == [1, 0, 0, 0, 0, 1]
    copied = next(row for row in of(AccountPlanStakeholder, whole) if row.contact_id == person.contact_id)
    assert (copied.influence, copied.support, copied.notes) == (5, -2, "Golfs")
    link = of(ParticipantStakeholder, whole)[0]
    assert (link.participant.plan_id, link.participant.user, link.stakeholder) == (
        whole.pk,
        colleague,
        copied,
    )


def test_the_group_is_asked_once_a_copy(world: World, person: AccountPlanStakeholder) -> None:
    """However many people there are; without any, or for the same account, not at all. Nothing of it stays."""

    def statements(subject: Account, people: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            made = copy_plan(world.plan, asked(world.plan, {"stakeholders"}, subject=subject))
        assert made.counts["stakeholders"] == people
        assert vars(made.plan).keys() <= known
        return sum("accountedge" in query["sql"] for query in queries)

    known = vars(copy_plan(world.plan, asked(world.plan, set())).plan).keys()
    one = statements(world.child, 1), statements(world.far_account, 0), statements(world.account, 1)
    for role in ("User", "Champion", "Gatekeeper"):
        factories.create_stakeholder(world.plan, role=role)
    four = statements(world.child, 4), statements(world.far_account, 0), statements(world.account, 4)
    AccountPlanStakeholder.objects.unscoped("test").all().delete()
    none = statements(world.child, 0)

    assert one == four == (none + 1, none + 1, none)


def test_who_may_not_read_the_notes_copies_nobody(
    world: World, colleague: User, person: AccountPlanStakeholder, api: ApiFor
) -> None:
    """As the owner of the copy they would read them there."""
    url = f"/api/v1/account-plans/{world.plan.pk}/copy/"
    start = timezone.localdate() + timedelta(days=400)
    body = {"name": "Mine", "start_date": str(start), "end_date": str(start + timedelta(days=90))}

    refused = api(colleague).post(url, body | {"include": ["stakeholders"]}, format="json")
    taken = api(colleague).post(url, body, format="json")

    assert refused.status_code == 400
    assert taken.status_code == 201, taken.json()
    assert of(AccountPlanStakeholder, AccountPlan(pk=taken.json()["id"])) == []
