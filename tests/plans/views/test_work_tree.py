"""The work of a plan on one page: what is shown to whom, and at what cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.urls import reverse

from kam.core.clock import company_today
from kam.users.models import User
from plans.enums import Access
from plans.models import AccountPlan, ActionPlan, ActionPlanItem, AssessmentTask
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import get, text_of

pytestmark = pytest.mark.django_db
CONTROLS = ('id="add-', 'id="tick-', 'id="edit-', 'name="task"', 'id="bulk"', "data-place")


def tree_url(plan: AccountPlan) -> str:
    return reverse("plans:work_tree", args=[plan.pk])


def controls_in(response: HttpResponse) -> list[str]:
    return [control for control in CONTROLS if control in response.content.decode()]


@pytest.fixture
def action_plan(world: World) -> ActionPlan:
    objective = factories.create_work_objective(world.plan, "Win the wards")
    return factories.create_action_plan(objective, "Prove the benefit")


def test_whole_tree_is_shown_to_who_edits(
    client_as: ClientFor, world: World, account_manager: User, action_plan: ActionPlan
) -> None:
    strategy = factories.create_strategy(world.plan, "Grow")
    factories.create_objective(world.plan, "Under it", strategy=strategy)
    done = factories.create_task(action_plan, "Map the buyers", status="completed")
    late = factories.create_task(
        action_plan, "Call them", due_date=company_today() - timedelta(days=2), prerequisite=done.item
    )
    factories.create_task(action_plan, "Wait", prerequisite=late.item)

    response = get(client_as(account_manager), tree_url(world.plan))

    text = text_of(response)
    for part in ("Grow", "Under it", "Win the wards", "Prove the benefit", "Map the buyers"):
        assert part in text
    assert "2 days late" in text
    assert "after “Call them”" in text
    assert "1 of 3 done" in text
    assert controls_in(response) == list(CONTROLS)


def test_reader_sees_the_tree_without_controls(
    client_as: ClientFor, world: World, colleague: User, stranger: User, action_plan: ActionPlan
) -> None:
    factories.create_task(action_plan, "Map the buyers")

    response = get(client_as(colleague), tree_url(world.plan))

    assert "Map the buyers" in text_of(response)
    assert controls_in(response) == []
    assert client_as(stranger).get(tree_url(world.plan)).status_code == 404


def test_assignee_without_the_right_to_edit_ticks_only_their_own(
    client_as: ClientFor, world: World, colleague: User, action_plan: ActionPlan
) -> None:
    own = factories.create_task(action_plan, assignee=colleague)
    other = factories.create_task(action_plan)

    html = get(client_as(colleague), tree_url(world.plan)).content.decode()

    assert f'id="tick-{own.pk}"' in html
    assert f'id="tick-{other.pk}"' not in html
    assert "data-place" not in html


def test_filters_show_what_matches_and_what_it_belongs_to(
    client_as: ClientFor, world: World, account_manager: User, colleague: User, action_plan: ActionPlan
) -> None:
    today = company_today()
    other_objective = factories.create_work_objective(world.plan, "Quiet one")
    other = factories.create_action_plan(other_objective, "Elsewhere")
    factories.create_task(action_plan, "Mine and late", due_date=today - timedelta(days=1))
    factories.create_task(action_plan, "Mine and done", status="completed")
    factories.create_task(other, "Theirs", assignee=colleague, due_date=today)
    client = client_as(account_manager)

    late = text_of(get(client, tree_url(world.plan) + "?state=overdue"))
    assert "Mine and late" in late
    assert "Mine and done" not in late
    assert "Quiet one" not in late
    mine = text_of(get(client, tree_url(world.plan) + "?mine=true"))
    assert "Mine and done" in mine
    assert "Theirs" not in mine
    still_open = text_of(get(client, tree_url(world.plan) + "?state=open"))
    assert "Theirs" in still_open
    assert "Mine and done" not in still_open
    nothing = text_of(get(client_as(colleague), tree_url(world.plan) + "?mine=true&state=overdue"))
    assert "No such tasks" in nothing


def test_empty_plan_says_what_to_do(
    client_as: ClientFor, world: World, account_manager: User, colleague: User
) -> None:
    assert "Add the first objective" in text_of(get(client_as(account_manager), tree_url(world.plan)))
    assert "The owner of the plan adds objectives" in text_of(get(client_as(colleague), tree_url(world.plan)))


def fill(plan: AccountPlan, *, strategies: int, objectives: int, action_plans: int, tasks: int) -> None:
    """`objectives` per strategy, `action_plans` per objective, `tasks` per action plan."""
    items, rows = [], []
    for _strategy in range(strategies):
        strategy = factories.create_strategy(plan)
        for _objective in range(objectives):
            objective = factories.create_work_objective(plan)
            objective.strategy = strategy
            objective.save()
            for number in range(action_plans):
                action_plan = factories.create_action_plan(objective, order=number + 1)
                for place in range(tasks):
                    items.append(ActionPlanItem(action_plan=action_plan, order=place + 1))
                    rows.append(AssessmentTask(item=items[-1], name=f"Task {place}", assignee=plan.owner))
    ActionPlanItem.objects.bulk_create(items)
    AssessmentTask.objects.bulk_create(rows)


def test_large_tree_takes_as_many_statements_as_a_small_one_and_stays_light(
    client_as: ClientFor, world: World, account_manager: User, colleague: User, django_assert_num_queries
) -> None:
    factories.add_participant(world.plan, colleague, access=Access.READ)
    fill(world.plan, strategies=1, objectives=1, action_plans=1, tasks=1)
    fill(world.far_plan, strategies=5, objectives=5, action_plans=4, tasks=10)
    factories.add_participant(world.far_plan, account_manager, access=Access.EDIT)
    factories.add_participant(world.far_plan, colleague, access=Access.READ)
    editor, reader = client_as(account_manager), client_as(colleague)
    pages = ("plans:work_tree", "plans:work_timeline", "plans:work_board")
    for plan in (world.plan, world.far_plan):
        for name in pages:
            for client in (editor, reader):
                with django_assert_num_queries(9):
                    response = get(client, reverse(name, args=[plan.pk]))
                assert len(response.content) < 300_000

    opened = ActionPlan.objects.unscoped("test").filter(objective__plan=world.far_plan).first()
    with django_assert_num_queries(9):
        get(editor, f"{tree_url(world.far_plan)}?open={opened.pk}")


def test_tasks_of_a_closed_action_plan_come_when_it_is_opened(
    client_as: ClientFor, world: World, account_manager: User, monkeypatch: Callable, action_plan: ActionPlan
) -> None:
    monkeypatch.setattr("plans.views.work.tree.INLINE", 1)
    factories.create_task(action_plan, "First")
    factories.create_task(action_plan, "Second")
    client = client_as(account_manager)
    url = reverse("plans:actionplan_tasks", args=[action_plan.pk])

    assert "Second" not in text_of(get(client, tree_url(world.plan)))
    assert "Second" in text_of(get(client, f"{tree_url(world.plan)}?open={action_plan.pk}"))
    assert "Second" in get(client, url, headers={"HX-Request": "true"}).content.decode()
    assert (
        client.get(url)["Location"]
        == f"{tree_url(world.plan)}?open={action_plan.pk}#actionplan-{action_plan.pk}"
    )


def test_why_says_what_counts_and_what_is_left_out(
    client_as: ClientFor, world: World, account_manager: User, action_plan: ActionPlan
) -> None:
    factories.create_task(action_plan, "Heavy and done", weight=3, status="completed")
    factories.create_task(action_plan, "Light", weight=1)
    factories.create_task(action_plan, "Given up", status="cancelled")
    entered = factories.create_objective(world.plan, "Entered", manual_progress=20)
    client = client_as(account_manager)

    why = text_of(get(client, reverse("plans:progress_why", args=[world.plan.pk, action_plan.pk])))
    assert "Progress of Prove the benefit: 75.0%" in why
    assert "Heavy and done 3 75.0% 100.0%" in why
    assert "Given up: cancelled" in why
    plan = text_of(get(client, reverse("plans:progress_why", args=[world.plan.pk, world.plan.pk])))
    assert "47.5%" in plan
    by_hand = text_of(get(client, reverse("plans:progress_why", args=[world.plan.pk, entered.pk])))
    assert "It was entered by hand." in by_hand
    foreign = reverse("plans:progress_why", args=[world.plan.pk, world.far_plan.pk])
    assert client.get(foreign).status_code == 404


def test_time_line_draws_bars_and_says_the_same_in_a_table(
    client_as: ClientFor, world: World, account_manager: User, action_plan: ActionPlan
) -> None:
    today = company_today()
    first = factories.create_task(
        action_plan,
        "Map <the> buyers",
        start_date=today - timedelta(days=9),
        due_date=today - timedelta(days=3),
    )
    factories.create_task(
        action_plan,
        "Call them",
        start_date=today,
        due_date=today + timedelta(days=9),
        prerequisite=first.item,
    )
    factories.create_task(action_plan, "No dates")

    response = get(client_as(account_manager), reverse("plans:work_timeline", args=[world.plan.pk]))

    html = response.content.decode()
    assert html.count('data-part="task"') == 2
    assert html.count('data-part="link"') == 2  # down, then across
    assert 'class="c-today"' in html
    assert "Map &lt;the&gt; buyers" in html
    assert "3 days late" in text_of(response)


def test_time_line_of_one_objective(client_as: ClientFor, world: World, account_manager: User) -> None:
    for name in ("Wanted", "Other"):
        objective = factories.create_work_objective(world.plan, name)
        factories.create_task(
            factories.create_action_plan(objective, f"{name} way"), due_date=company_today()
        )
    wanted = world.plan.objectives.unscoped("test").get(name="Wanted")
    url = reverse("plans:work_timeline", args=[world.plan.pk])
    client = client_as(account_manager)

    rows = get(client, f"{url}?objective={wanted.pk}").context["rows"]

    assert [row.name for row in rows][:2] == ["Wanted", "Wanted way"]
    assert "Other way" not in [row.name for row in rows]
    foreign = factories.create_objective(world.far_plan)
    assert client.get(f"{url}?objective={foreign.pk}").status_code == 404


def test_board_has_a_column_for_each_meaning_and_shows_more_on_request(
    client_as: ClientFor, world: World, account_manager: User, monkeypatch: Callable, action_plan: ActionPlan
) -> None:
    monkeypatch.setattr("plans.views.work.board.SHOWN", 2)
    for number in range(4):
        factories.create_task(action_plan, f"Open {number}")
    factories.create_task(action_plan, "Going", status="in_progress")
    factories.create_task(action_plan, "Over", status="completed")
    factories.create_task(action_plan, "Skipped one", status="skipped")
    factories.create_task(action_plan, "Cancelled one", status="cancelled")
    url = reverse("plans:work_board", args=[world.plan.pk])
    client = client_as(account_manager)

    columns = {column.name: column for column in get(client, url).context["columns"]}

    assert {name: column.count for name, column in columns.items()} == {
        "open": 4,
        "in_progress": 1,
        "done": 1,
        "dropped": 2,
    }
    assert columns["open"].more == 2
    assert "Show 2 more" in text_of(get(client, url))
    assert "Open 3" in text_of(get(client, f"{url}?all=open"))
