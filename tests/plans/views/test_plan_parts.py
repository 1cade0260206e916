"""Sections, strategies, objectives and participants: kept from the page of their plan."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse

from kam.users.models import User
from plans.enums import Access
from plans.models import AccountPlan, AccountPlanObjective, AccountPlanParticipant, Strategy
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import form_of, get, text_of

pytestmark = pytest.mark.django_db


def objective_values(owner: User, **values: str) -> dict[str, str]:
    return {
        "name": "Six wards",
        "owner": str(owner.pk),
        "status": "in_progress",
        "weight": "1",
        "measure_kind": "number",
        "progress_mode": "measure",
        "baseline": "0",
        "current": "2.5",
        "target": "10",
        **values,
    }


def test_section_is_saved_and_says_so(client_as: ClientFor, world: World, account_manager: User) -> None:
    client = client_as(account_manager)
    url = reverse("plans:accountplan_section", args=[world.plan.pk, "customer_goals"])
    values = form_of(get(client, url))

    response = client.post(
        url, {**values, "customer_goals": "One invoice a month", "name": "Sneaky"}, follow=True
    )

    assert "“The customer's own goals” is saved." in text_of(response)
    world.plan.refresh_from_db()
    assert (world.plan.customer_goals, world.plan.name) == (
        "One invoice a month",
        "Harbour Clinics this year",
    )


def test_section_text_is_shown_as_text(client_as: ClientFor, world: World, account_manager: User) -> None:
    world.plan.vision = "<script>alert(1)</script>\nSecond line"
    world.plan.save()

    html = get(client_as(account_manager), world.plan.get_absolute_url()).content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;<br>Second line" in html


def test_section_conflict_keeps_both_texts(client_as: ClientFor, world: World, account_manager: User) -> None:
    client = client_as(account_manager)
    url = reverse("plans:accountplan_section", args=[world.plan.pk, "risks"])
    values = form_of(get(client, url))
    world.plan.risks = "Theirs"
    world.plan.save()

    response = client.post(url, {**values, "risks": "Mine"})

    assert response.status_code == 409
    assert "Theirs" in text_of(response)
    assert ">\nMine</textarea>" in response.content.decode()


def test_unknown_section_is_not_there(client_as: ClientFor, world: World, account_manager: User) -> None:
    client = client_as(account_manager)

    assert client.get(reverse("plans:accountplan_section", args=[world.plan.pk, "status"])).status_code == 404


def test_strategy_is_added_changed_and_deleted_without_its_objectives(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client = client_as(account_manager)
    client.post(
        reverse("plans:strategy_create", args=[world.plan.pk]), {"name": "Win the wards", "order": "1"}
    )
    strategy = Strategy.objects.unscoped("test").get(name="Win the wards")
    objective = factories.create_objective(world.plan, strategy=strategy)

    update = reverse("plans:strategy_update", args=[strategy.pk])
    client.post(update, {**form_of(get(client, update)), "name": "Win every ward"})
    strategy.refresh_from_db()
    assert strategy.name == "Win every ward"

    delete = reverse("plans:strategy_delete", args=[strategy.pk])
    assert "Its objectives stay on the plan, without a strategy: 1." in text_of(get(client, delete))
    client.post(delete)
    objective.refresh_from_db()
    assert objective.strategy is None


def test_objective_is_added_changed_and_deleted(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client = client_as(account_manager)
    create = reverse("plans:objective_create", args=[world.plan.pk])

    response = client.post(create, objective_values(account_manager))

    assert response["Location"] == world.plan.get_absolute_url()
    objective = AccountPlanObjective.objects.unscoped("test").get(name="Six wards")
    assert (objective.plan, objective.progress_percent) == (world.plan, Decimal("25.0"))
    update = reverse("plans:objective_update", args=[objective.pk])
    page = get(client, update)
    assert form_of(page)["current"] == "2.5"
    client.post(update, {**form_of(page), "current": "5"})
    objective.refresh_from_db()
    assert objective.progress_percent == 50
    client.post(reverse("plans:objective_delete", args=[objective.pk]))
    assert not AccountPlanObjective.objects.unscoped("test").exists()


def test_new_objective_stands_in_the_period_under_the_strategy(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    strategy = factories.create_strategy(world.plan)
    url = reverse("plans:objective_create", args=[world.plan.pk])
    client = client_as(account_manager)

    values = form_of(get(client, url, data={"strategy": str(strategy.pk)}))

    assert values["strategy"] == str(strategy.pk)
    assert values["target_date"] == world.plan.end_date.isoformat()
    foreign = factories.create_strategy(world.far_plan)
    assert client.get(url, {"strategy": str(foreign.pk)}).status_code == 404


def test_objective_names_its_errors(client_as: ClientFor, world: World, account_manager: User) -> None:
    foreign = factories.create_strategy(world.far_plan)
    url = reverse("plans:objective_create", args=[world.plan.pk])
    values = objective_values(
        account_manager,
        target="",
        strategy=str(foreign.pk),
        start_date="2027-02-01",
        target_date="2027-01-01",
    )

    response = client_as(account_manager).post(url, values)

    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"strategy", "target_date", "target"}
    assert foreign.name not in text_of(response)


def test_objective_conflict_keeps_the_text(client_as: ClientFor, world: World, account_manager: User) -> None:
    objective = factories.create_objective(world.plan, "Six wards", baseline=0, current=1, target=6)
    client = client_as(account_manager)
    url = reverse("plans:objective_update", args=[objective.pk])
    values = form_of(get(client, url))
    objective.current = Decimal(2)
    objective.save()

    response = client.post(url, {**values, "current": "3"})

    assert response.status_code == 409
    assert text_of(response).count("before you") == 1
    assert 'value="3"' in response.content.decode()
    objective.refresh_from_db()
    assert objective.current == 2


def test_participant_joins_changes_and_leaves(
    client_as: ClientFor, world: World, account_manager: User, stranger: User
) -> None:
    client, invited = client_as(account_manager), client_as(stranger)
    assert invited.get(world.plan.get_absolute_url()).status_code == 404

    client.post(
        reverse("plans:participant_create", args=[world.plan.pk]),
        {"user_text": "Stranger", "role": "project_manager", "access": "read"},
    )
    participant = AccountPlanParticipant.objects.unscoped("test").get()
    assert participant.user == stranger
    assert get(invited, world.plan.get_absolute_url()).status_code == 200

    update = reverse("plans:participant_update", args=[participant.pk])
    client.post(update, {**form_of(get(client, update)), "access": "edit"})
    participant.refresh_from_db()
    assert participant.access == Access.EDIT

    client.post(reverse("plans:participant_delete", args=[participant.pk]))
    assert invited.get(world.plan.get_absolute_url()).status_code == 404  # from the next request on


def test_participant_joins_once(
    client_as: ClientFor, world: World, account_manager: User, colleague: User
) -> None:
    factories.add_participant(world.plan, colleague)

    response = client_as(account_manager).post(
        reverse("plans:participant_create", args=[world.plan.pk]),
        {"user": str(colleague.pk), "role": "team_member", "access": "edit"},
    )

    assert response.status_code == 422
    assert "This colleague takes part already." in text_of(response)


@pytest.fixture
def parts(world: World, colleague: User) -> dict[str, str]:
    """The address of every step on a part of the plan."""
    plan = [world.plan.pk]
    strategy = [factories.create_strategy(world.plan).pk]
    objective = [factories.create_objective(world.plan).pk]
    participant = [factories.add_participant(world.plan, colleague).pk]
    steps = {
        "accountplan_section": [world.plan.pk, "vision"],
        "strategy_create": plan,
        "strategy_update": strategy,
        "strategy_delete": strategy,
        "objective_create": plan,
        "objective_update": objective,
        "objective_delete": objective,
        "participant_create": plan,
        "participant_update": participant,
        "participant_delete": participant,
    }
    return {name: reverse(f"plans:{name}", args=args) for name, args in steps.items()}


@pytest.mark.parametrize(
    ("who", "status"),
    [("colleague", 403), ("manager", 403), ("executive", 403), ("viewer", 403), ("stranger", 404)],
)
def test_others_cannot_touch_the_parts(
    client_as: ClientFor, world: World, parts: dict[str, str], cast: dict[str, User], who: str, status: int
) -> None:
    client = client_as(cast[who])
    before = AccountPlan.objects.unscoped("test").get(pk=world.plan.pk).version

    assert {name: client.get(url).status_code for name, url in parts.items()} == dict.fromkeys(parts, status)
    assert {name: client.post(url).status_code for name, url in parts.items()} == dict.fromkeys(parts, status)
    world.plan.refresh_from_db()
    assert world.plan.version == before
