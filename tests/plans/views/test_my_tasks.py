"""What somebody has to do, across plans."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse

from kam.core.clock import company_today
from kam.users.models import User
from plans.enums import PlanStatus
from plans.models import ActionPlan, Plan, PlanReview
from plans.views.work.my_tasks import group_of
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import get, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def action_plan(world: World) -> ActionPlan:
    return factories.create_action_plan(factories.create_work_objective(world.plan), "Prove the benefit")


@pytest.mark.parametrize(
    ("due", "group"),
    [
        (None, "none"),
        (date(2026, 11, 24), "overdue"),
        (date(2026, 11, 25), "today"),
        (date(2026, 11, 26), "week"),
        (date(2026, 11, 29), "week"),  # Sunday
        (date(2026, 11, 30), "later"),
    ],
)
def test_tasks_are_grouped_by_how_soon(due: date | None, group: str) -> None:
    assert group_of(due, date(2026, 11, 25), date(2026, 11, 29)) == group


def test_own_tasks_of_live_plans_are_listed_and_done_in_place(
    client_as: ClientFor, world: World, account_manager: User, colleague: User, action_plan: ActionPlan
) -> None:
    late = factories.create_task(action_plan, "Late", due_date=company_today() - timedelta(days=1))
    factories.create_task(action_plan, "Some day")
    factories.create_task(action_plan, "Not mine", assignee=colleague)
    over = factories.create_plan(world.account, status=PlanStatus.COMPLETED)
    factories.create_task(factories.create_action_plan(factories.create_objective(over)), "Of an old plan")
    client, url = client_as(account_manager), reverse("plans:my_tasks")

    page = get(client, url)

    found = {group.name: [task.name for task in group.tasks] for group in page.context["groups"]}
    assert found == {"overdue": ["Late"], "none": ["Some day"]}
    done = client.post(reverse("plans:task_step", args=[late.pk, "complete"]), {"next": url}, follow=True)
    assert done.redirect_chain[0][0] == url
    assert [task.name for task in done.context["done"]] == ["Late"]
    assert "Undo" in text_of(done)


def test_filters_narrow_and_hidden_plans_are_no_choice(
    client_as: ClientFor, world: World, account_manager: User, action_plan: ActionPlan
) -> None:
    factories.create_task(action_plan, "Urgent", priority="high")
    factories.create_task(action_plan, "Calm")
    client, url = client_as(account_manager), reverse("plans:my_tasks")

    assert "Calm" not in text_of(get(client, f"{url}?priority=high"))
    assert "Calm" in text_of(get(client, f"{url}?plan={world.plan.pk}"))
    assert "Calm" not in text_of(get(client, f"{url}?plan={world.far_plan.pk}"))


def test_reviews_to_hold_come_first(
    client_as: ClientFor, world: World, account_manager: User, colleague: User, action_plan: ActionPlan
) -> None:
    """Overdue or due within two weeks, of own plans and where one is expected; of plans that are seen and active."""
    today = company_today()
    client, url = client_as(account_manager), reverse("plans:my_tasks")
    others = factories.create_plan(world.account, "Of a colleague", owner=colleague)

    def review(plan: Plan, days: int, *attendees: User) -> PlanReview:
        made = factories.create_review(plan, due_date=today + timedelta(days=days))
        made.attendees.set(attendees)
        return made

    soon, late = review(world.plan, 14), review(world.plan, -3)
    invited = review(others, 1, account_manager, colleague)
    review(world.plan, 15)
    review(others, 1, colleague)
    review(world.draft, -1)
    review(world.confidential, 1, account_manager)  # who does not see the plan is told nothing
    factories.create_held_review(world.plan, held_on=today, attendees=[account_manager])

    def shown(query: str = "") -> list[PlanReview]:
        return get(client, url + query).context["reviews"]

    assert shown() == [late, invited, soon]
    assert shown(f"?plan={others.pk}") == [invited]
    assert shown("?priority=high") == []
    assert shown(f"?plan={world.far_plan.pk}") == []
    text = text_of(get(client, url))
    assert "Reviews to hold 3" in text
    assert "3 days late · Harbour Clinics this year" in text
    assert text.count("You are to attend") == 1
    assert "Nothing to do" not in text


def test_tasks_vanish_with_the_plan(
    client_as: ClientFor, world: World, stranger: User, action_plan: ActionPlan
) -> None:
    part = factories.add_participant(world.plan, stranger)
    factories.create_task(action_plan, "Secret work", assignee=stranger)
    client, url = client_as(stranger), reverse("plans:my_tasks")
    assert "Secret work" in text_of(get(client, url))

    part.delete()

    assert "Secret work" not in text_of(get(client, url))
    assert "Nothing to do" in text_of(get(client, url))


def test_list_and_panel_take_as_many_statements_for_many_tasks(
    client_as: ClientFor,
    world: World,
    account_manager: User,
    action_plan: ActionPlan,
    django_assert_num_queries,
) -> None:
    client = client_as(account_manager)
    counts = []
    for _round in range(2):  # of colleagues' plans, too: the rules ask who takes part in them
        other = factories.create_plan(world.account, owner=factories.create_user())
        way = factories.create_action_plan(factories.create_objective(other))
        first = factories.create_task(way, due_date=company_today(), assignee=account_manager)
        factories.create_task(way, assignee=account_manager, prerequisite=first.item)
        factories.create_task(way, assignee=account_manager, status="completed")
        factories.create_review(other).attendees.add(account_manager)
        factories.create_review(world.plan)
        counts.append(len(get(client, reverse("plans:my_tasks")).content))
        with django_assert_num_queries(8):
            get(client, reverse("plans:my_tasks"))
        with django_assert_num_queries(4):
            get(client, reverse("plans:my_tasks_panel"))
    assert counts[0] < counts[1]


def test_panel_shows_the_next_five(
    client_as: ClientFor, account_manager: User, action_plan: ActionPlan
) -> None:
    for number in range(7):
        factories.create_task(
            action_plan, f"Step {number}", due_date=company_today() + timedelta(days=number)
        )

    text = text_of(get(client_as(account_manager), reverse("plans:my_tasks_panel")))

    assert "Step 4" in text
    assert "Step 5" not in text
    assert "All my tasks" in text
