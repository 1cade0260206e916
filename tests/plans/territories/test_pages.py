"""The pages of a territory business plan: those of every plan, and its accounts."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from crm.models import Activity, Territory
from kam.users.models import User
from plans.models import AccountPlanParticipant, GoalAssignment, TerritoryBusinessPlan
from templates_app.enums import AppliesTo
from tests import factories
from tests.fixtures import ClientFor, World

LIST = "/territory-plans/"


@pytest.fixture
def north(world: World) -> Territory:
    return world.account.territory


@pytest.fixture
def plan(north: Territory, account_manager: User) -> TerritoryBusinessPlan:
    return factories.create_territory_plan(north, "North this year", owner=account_manager)


def page(name: str, *args: Any) -> str:
    return reverse(name, args=args)


def test_list_shows_filters_and_finds(
    plan: TerritoryBusinessPlan, world: World, account_manager: User, client_as: ClientFor
) -> None:
    client = client_as(account_manager)
    other = factories.create_territory_plan(name="Elsewhere", owner=account_manager)

    def names(**query: Any) -> list[str]:
        text = client.get(LIST, query).content.decode()
        return [row.name for row in (plan, other) if f">{row.name}</a>" in text]

    assert names() == ["North this year", "Elsewhere"]
    assert names(territory=plan.territory_id) == ["North this year"]
    assert names(territory=plan.territory.parent_id) == ["North this year"]
    assert names(search=str(other.territory)) == ["Elsewhere"]
    assert names(status="draft") == []
    assert world.plan.name not in client.get(LIST).content.decode()
    assert plan.name not in client.get(page("plans:accountplan_list")).content.decode()
    found = client.get(page("plans:search"), {"q": "north"}).content.decode()
    assert "Territory plans" in found
    assert plan.get_absolute_url() in found


def test_empty_list_says_what_to_do(account_manager: User, viewer: User, client_as: ClientFor) -> None:
    for user, offers in ((account_manager, True), (viewer, False)):
        text = client_as(user).get(LIST).content.decode()
        assert "No territory plans yet" in text
        assert (page("plans:territoryplan_create") in text) == offers


def test_plan_is_made_and_changed_in_a_form(
    world: World, north: Territory, account_manager: User, client_as: ClientFor
) -> None:
    client, url = client_as(account_manager), page("plans:territoryplan_create")
    form = client.get(url).context["form"]
    assert (form.initial["territory"], list(form.fields["territory"].queryset)) == (north, [north])
    values = {
        "territory": north.pk,
        "plan_type": world.plan.plan_type_id,
        "owner": account_manager.pk,
        "start_date": "2027-01-01",
        "end_date": "2027-12-31",
        "currency": "USD",
        "sales_target": "5000",
        "revenue_basis": "opportunity",
        "review_frequency": "quarterly",
    }

    refused = client.post(url, {**values, "territory": world.far_account.territory_id})
    made = client.post(url, values)

    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["territory"])
    plan = TerritoryBusinessPlan.objects.unscoped("test").get()
    assert made.headers["Location"] == plan.get_absolute_url()
    assert (plan.name, plan.status, plan.territory) == (f"{north} 2027", "draft", north)
    edit = page("plans:accountplan_update", plan.pk)
    assert "include_child_accounts" not in client.get(edit).context["form"].fields
    client.post(edit, {**values, "name": "North, again", "version": plan.version})
    plan.refresh_from_db()
    assert plan.name == "North, again"


OF_EVERY_PLAN = (
    *("accountplan_detail", "accountplan_update", "accountplan_delete", "strategy_create"),
    *("objective_create", "participant_create", "target_grid", "plan_products", "plan_product_create"),
    *("goals_choose", "work_tree", "work_timeline", "work_board", "accountplan_copy"),
)
OF_ACCOUNTS = (
    *("plans:commitment_create", "plans:event_create", "plans:coopfund_create"),
    *("plans:rebateprogram_create", "metrics:plan_promises"),
)


def test_pages_of_every_plan_open_and_those_of_an_account_are_not_there(
    plan: TerritoryBusinessPlan, account_manager: User, client_as: ClientFor
) -> None:
    task = factories.create_task(factories.create_action_plan(factories.create_work_objective(plan)))
    factories.create_analysis(plan, product=factories.create_plan_product(plan))
    factories.create_target_line(plan)
    client = client_as(account_manager)
    tabs = [page(f"metrics:{name}", plan.pk) for name in ("plan_outlook", "plan_revenue", "scenarios")]
    opened = [page(f"plans:{name}", plan.pk) for name in OF_EVERY_PLAN]
    opened += [
        page("plans:task_update", task.pk),
        page("plans:accountplan_action", plan.pk, "hold"),
        page("plans:accountplan_section", plan.pk, "vision"),
        page("plans:progress_why", plan.pk, task.item.action_plan.objective_id),
        page("metrics:kpi_records", plan.pk, "won_revenue"),
        *tabs,
        page("plans:my_tasks"),
        page("metrics:home"),
    ]

    assert {url: client.get(url).status_code for url in opened} == dict.fromkeys(opened, 200)
    closed = [page(name, plan.pk) for name in OF_ACCOUNTS]
    assert {url: client.get(url).status_code for url in closed} == dict.fromkeys(closed, 404)
    text = client.get(plan.get_absolute_url()).content.decode()
    assert page("metrics:plan_promises", plan.pk) not in text
    assert all(f'href="{url}"' in text for url in tabs)
    assert page("plans:accountplan_copy", plan.pk) in text
    assert plan.get_absolute_url() in client.get(page("metrics:home")).content.decode()


def test_goals_for_territories_are_offered(
    plan: TerritoryBusinessPlan, world: World, account_manager: User, client_as: ClientFor
) -> None:
    for name, kind in (
        ("Reach", AppliesTo.TERRITORY_PLAN),
        ("Sell", AppliesTo.ACCOUNT_PLAN),
        ("Train", AppliesTo.BOTH),
    ):
        factories.create_goal(name, applies_to=kind)
    client = client_as(account_manager)

    def offered(of: Any) -> list[str]:
        rows = client.get(page("plans:goals_choose", of.pk)).context["rows"]
        return sorted(row["goal"].name for row in rows)

    assert (offered(plan), offered(world.plan)) == (["Reach", "Train"], ["Sell", "Train"])


def test_work_is_added_and_a_call_says_with_whom(
    plan: TerritoryBusinessPlan, world: World, account_manager: User, client_as: ClientFor
) -> None:
    client = client_as(account_manager)
    client.post(
        page("plans:objective_create", plan.pk),
        {
            "name": "Reach every ward",
            "owner": account_manager.pk,
            "status": "in_progress",
            "progress_mode": "tasks",
            "measure_kind": "qualitative",
            "weight": "1",
            "order": "1",
        },
    )
    goal = GoalAssignment.objects.unscoped("test").get()
    task = factories.create_task(
        factories.create_action_plan(goal),
        kind="call_objective",
        activity_type=factories.create_activity_type(),
        assignee=account_manager,
    )
    url = page("plans:task_complete", task.pk)
    fields = client.get(url).context["form"].fields
    assert world.account in fields["account"].queryset
    assert world.far_account not in fields["account"].queryset
    values = {"done_on": str(plan.start_date), "quantity": "1", "version": task.version}

    refused = client.post(url, values)
    client.post(url, {**values, "account": world.account.pk, "account_text": str(world.account)})

    assert list(refused.context["form"].errors) == ["account"]
    assert Activity.objects.unscoped("test").get(task_link__task=task).account == world.account
    task.refresh_from_db()
    assert task.status == "completed"
    assert goal.progress == 1


def test_hidden_plan_is_nowhere(
    plan: TerritoryBusinessPlan, account_manager: User, colleague: User, stranger: User, client_as: ClientFor
) -> None:
    TerritoryBusinessPlan._base_manager.filter(pk=plan.pk).update(is_confidential=True)
    for user, status in ((account_manager, 200), (colleague, 404), (stranger, 404)):
        client = client_as(user)
        assert client.get(plan.get_absolute_url()).status_code == status
        for url in (LIST, f"{page('plans:search')}?q=north", page("metrics:home")):
            assert (plan.name in client.get(url).content.decode()) == (status == 200), (user, url)
    AccountPlanParticipant.objects.create(plan=plan, user=stranger, access="read")
    assert client_as(stranger).get(plan.get_absolute_url()).status_code == 200
