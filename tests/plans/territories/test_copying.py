"""A territory plan for another period or territory: by its page, by the API, and with others at once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse

from crm.models import Territory
from kam.core.clock import company_today
from kam.core.models import Change
from kam.users.models import User
from plans.models import AssessmentTask, GoalAssignment, TargetLine, TerritoryBusinessPlan
from tests import factories
from tests.fixtures import ApiFor, ClientFor, Territories, World
from tests.pages import get, text_of

WHY = "test"
API = "/api/v1/territory-business-plans/"
NEXT = {"name": "Next", "start_date": "2027-01-01", "end_date": "2027-12-31"}


@pytest.fixture
def plan(territories: Territories, world: World, account_manager: User) -> TerritoryBusinessPlan:
    """Of 2026, with a goal, a task due on 1 March, a target line and a colleague."""
    plan = factories.create_territory_plan(
        territories.north,
        "North 2026",
        owner=account_manager,
        start_date=date(2026, 1, 1),
        end_date=date(2026, 12, 31),
        vision="Every ward",
    )
    goal = factories.create_work_objective(plan)
    steps = factories.create_action_plan(goal, start_date=date(2026, 2, 1), due_date=date(2026, 3, 1))
    factories.create_task(steps, "Visit", status="completed", due_date=date(2026, 3, 1))
    factories.create_target_line(plan, year=2026)
    return plan


def copies(plan: Any) -> list[TerritoryBusinessPlan]:
    return list(TerritoryBusinessPlan.objects.unscoped(WHY).filter(copied_from=plan))


def filled(client: Any, plan: Any, **changes: Any) -> dict[str, Any]:
    """What the browser sends when nothing was touched."""
    form = get(client, reverse("plans:accountplan_copy", args=[plan.pk])).context["form"]
    assert "account" not in form.fields
    values: dict[str, Any] = {name: form[name].value() for name in ("name", "include")}
    values |= {name: f"{form[name].value():%Y-%m-%d}" for name in ("start_date", "end_date")}
    owner = form.initial["owner"]
    subject = {"territory": form["territory"].value()}
    return values | {"owner": str(owner.pk), "owner_text": str(owner)} | subject | changes


def test_page_makes_the_plan_of_the_next_period(
    plan: TerritoryBusinessPlan, account_manager: User, client_as: ClientFor
) -> None:
    client = client_as(account_manager)
    url = reverse("plans:accountplan_copy", args=[plan.pk])
    sent = filled(client, plan)
    assert "commitments" not in sent["include"]

    preview = client.post(url, sent | {"preview": "1"})
    answer = client.post(url, sent)

    assert "Objectives 1 Action plans and tasks 3 Targets and products 1" in text_of(preview)
    (made,) = copies(plan)
    assert answer.headers["Location"] == made.get_absolute_url()
    assert (made.name, made.territory, made.vision) == ("North 2027", plan.territory, "Every ward")
    assert (made.status, made.start_date, made.end_date) == ("draft", date(2027, 1, 1), date(2027, 12, 31))
    (task,) = AssessmentTask.objects.unscoped(WHY).filter(item__action_plan__objective__plan=made)
    assert (task.status, task.due_date) == ("open", date(2027, 3, 1))
    assert GoalAssignment.objects.unscoped(WHY).filter(plan=made).count() == 1
    assert TargetLine.objects.unscoped(WHY).get(plan=made).year == 2027
    assert Change.objects.of(made).get(object_id=made.pk).model == "plans.territorybusinessplan"


def test_copy_goes_to_a_territory_of_who_copies(
    plan: TerritoryBusinessPlan, territories: Territories, cast: dict[str, User], client_as: ClientFor
) -> None:
    url = reverse("plans:accountplan_copy", args=[plan.pk])
    statuses = {who: client_as(user).get(url).status_code for who, user in cast.items()}
    west, south = ({"territory": str(row.pk)} for row in (territories.west, territories.south))
    client = client_as(cast["manager"])

    refused = client.post(url, filled(client, plan, **south))
    client.post(url, filled(client, plan, **west))

    allowed = {"account_manager", "colleague", "manager", "admin", "msl"}
    assert {who for who, status in statuses.items() if status == 200} == allowed
    assert (statuses["stranger"], statuses["viewer"], statuses["executive"]) == (404, 403, 403)
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["territory"])
    assert [made.territory for made in copies(plan)] == [territories.west]


def test_api_copies_by_the_same_rules(
    plan: TerritoryBusinessPlan, territories: Territories, cast: dict[str, User], api: ApiFor
) -> None:
    url, south = f"{API}{plan.pk}/copy/", {"territory": str(territories.south.pk)}
    client = api(cast["account_manager"])

    counts = client.post(url, NEXT | {"dry_run": True}, format="json").json()["counts"]
    assert (counts["objectives"], counts["action_plans"], counts["targets"]) == (1, 3, 1)
    assert client.post(url, NEXT | {"include": ["commitments"]}, format="json").status_code == 400
    assert client.post(url, NEXT | south, format="json").status_code == 403
    assert client.post(url, NEXT | {"account": str(plan.pk)}, format="json").status_code == 400
    for who, status in (("stranger", 404), ("viewer", 403), ("executive", 403)):
        assert api(cast[who]).post(url, NEXT, format="json").status_code == status
    assert not copies(plan)
    made = client.post(url, NEXT, format="json")
    assert (made.status_code, made.json()["copied_from"]["id"]) == (201, str(plan.pk))
    assert client.get(API, {"copied_from": str(plan.pk)}).json()["count"] == 1
    assert client.get(f"{API}{plan.pk}/").json()["copied_from"] is None


def test_next_period_is_offered_for_plans_of_both_kinds(
    territories: Territories, world: World, cast: dict[str, User], client_as: ClientFor
) -> None:
    url, end = reverse("plans:plans_renew"), company_today() + timedelta(days=30)

    def ending(territory: Territory, name: str, **values: Any) -> TerritoryBusinessPlan:
        start = end - timedelta(days=364)
        return factories.create_territory_plan(territory, name, start_date=start, end_date=end, **values)

    def offered(user: User) -> set[str]:
        return {row["plan"].name for row in get(client_as(user), url).context["rows"]}

    owner, manager = cast["account_manager"], cast["manager"]
    plan = ending(territories.north, "North", owner=owner)
    ending(territories.north, "North, kept", owner=owner, is_confidential=True)
    ending(territories.south, "South", owner=owner)  # who left it
    of_account = factories.create_plan(
        world.account, "Clinics", start_date=end - timedelta(days=364), end_date=end
    )

    assert offered(owner) >= {"North", "North, kept", "Clinics"}
    assert "South" not in offered(owner)
    assert "North" in offered(manager)
    assert "North, kept" not in offered(manager)
    for who in ("colleague", "stranger", "msl"):
        assert "North" not in offered(cast[who])
    chosen = {"plans": [str(plan.pk), str(of_account.pk)], "include": ["targets"]}
    client_as(owner).post(url, chosen)
    assert [(made.start_date, made.owner) for made in copies(plan)] == [(end + timedelta(days=1), owner)]
    assert not offered(owner) & {"North", "Clinics"}
