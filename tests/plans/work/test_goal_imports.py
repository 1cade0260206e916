"""Goals of the library into a plan: the draft, making it once and wholly, and newer versions."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kam.core.models import Change
from kam.users.models import User
from plans.enums import ColleagueRole, ProgressMode
from plans.models import (
    AccountPlan,
    ActionPlan,
    ActionPlanItem,
    AssessmentTask,
    Objective,
    TaskActivity,
)
from plans.operations import complete_task
from plans.operations.goal_imports import (
    AlreadyImportedError,
    check_adjusted,
    draft_import,
    first_start,
    import_goals,
)
from plans.operations.newer_versions import NothingNewError, add_newer, draft_newer, newer_versions
from templates_app import operations as library
from templates_app.enums import AssigneeRole, ItemKind, MeasureKind
from templates_app.models import ActionPlanTemplate, GoalDefinition
from tests import factories
from tests.fixtures import World

START = date(2026, 3, 2)
WORK = (Objective, ActionPlan, ActionPlanItem, AssessmentTask, TaskActivity)


def rows_of_work() -> dict[str, int]:
    return {model.__name__: model.objects.unscoped("test").count() for model in WORK}


@pytest.fixture
def plan(world: World) -> AccountPlan:
    world.plan.start_date, world.plan.end_date = date(2026, 1, 1), date(2026, 12, 31)
    world.plan.save()
    return world.plan


@pytest.fixture
def template(db: None) -> ActionPlanTemplate:
    """Audit (day 0 to 5, project manager), then offer (day 10 to 30, executive sponsor, 8 calls)."""
    template = factories.create_template("Launch")
    draft = factories.draft_of(template)
    audit = factories.create_item(draft, "Audit", due_offset=5, assignee_role=AssigneeRole.PROJECT_MANAGER)
    factories.create_item(
        draft,
        "Offer",
        kind=ItemKind.CALL_OBJECTIVE,
        activity_type=factories.create_activity_type(),
        start_offset=10,
        due_offset=30,
        assignee_role=AssigneeRole.EXECUTIVE_SPONSOR,
        target_quantity=8,
        prerequisite=audit,
        weight=3,
        is_required=False,
        priority="high",
        instructions="With the head nurse.",
    )
    factories.publish(template)
    return template


@pytest.fixture
def goal(template: ActionPlanTemplate) -> GoalDefinition:
    unpublished = factories.create_template("Not ready", items=1)
    return factories.create_goal("Grow", templates=[template, unpublished], default_weight=2)


def test_draft_shows_everything_with_dates_and_people(
    plan: AccountPlan, goal: GoalDefinition, colleague: User
) -> None:
    factories.add_participant(plan, colleague, role=ColleagueRole.PROJECT_MANAGER)
    factories.create_objective(plan, order=4)

    (planned,) = draft_import(plan=plan, goals=[goal], start_date=START).goals

    objective, (action_plan,) = planned.objective, planned.action_plans
    assert (objective.name, objective.owner, objective.weight, objective.order) == ("Grow", plan.owner, 2, 5)
    assert (objective.start_date, objective.target_date) == (START, plan.end_date)
    assert objective.progress_mode == ProgressMode.TASKS
    assert [str(left_out) for left_out in planned.without_version] == ["Not ready"]
    assert action_plan.action_plan.name == "Launch"
    assert (action_plan.action_plan.start_date, action_plan.action_plan.due_date) == (
        START,
        START + timedelta(days=30),
    )
    shown = [
        (
            draft.task.name,
            draft.task.assignee,
            draft.falls_to_owner,
            draft.task.start_date,
            draft.task.due_date,
        )
        for draft in action_plan.tasks
    ]
    assert shown == [
        ("Audit", colleague, False, START, START + timedelta(days=5)),
        ("Offer", plan.owner, True, START + timedelta(days=10), START + timedelta(days=30)),
    ]
    assert set(rows_of_work().values()) == {0, 1}


def test_import_makes_what_the_draft_shows(plan: AccountPlan, goal: GoalDefinition) -> None:
    import_goals(draft_import(plan=plan, goals=[goal], start_date=START))

    objective = Objective.objects.unscoped("test").get()
    tasks = AssessmentTask.objects.unscoped("test").select_related(
        "item__prerequisite__task", "activity_type"
    )
    audit, offer = tasks.order_by("item__order")
    action_plan = ActionPlan.objects.unscoped("test").get()
    assert (objective.goal_definition, action_plan.objective) == (goal, objective)
    assert action_plan.template_version == goal.ordered_templates[0].versions.get()
    assert (offer.kind, offer.priority, offer.instructions) == (
        "call_objective",
        "high",
        "With the head nurse.",
    )
    assert (offer.target_quantity, offer.item.weight, offer.item.is_required) == (8, 3, False)
    assert (offer.item.prerequisite.task, offer.item.template_item.name) == (audit, "Offer")
    entries = Change.objects.of(plan).filter(operation="create").order_by("id")
    made = [(entry.model.split(".")[1], entry.object_name) for entry in entries]
    assert made[-6:] == [
        ("objective", "Grow"),
        ("actionplan", "Launch"),
        ("actionplanitem", "Audit"),
        ("actionplanitem", "Offer"),
        ("assessmenttask", "Audit"),
        ("assessmenttask", "Offer"),
    ]


@pytest.mark.parametrize(
    ("kind", "target", "mode", "unit"),
    [
        (MeasureKind.REVENUE, 5_000, ProgressMode.MEASURE, "USD"),
        (MeasureKind.NUMBER, 12, ProgressMode.MEASURE, "beds"),
        (MeasureKind.QUALITATIVE, None, ProgressMode.MANUAL, ""),
    ],
)
def test_goal_without_work_is_measured_or_entered(
    plan: AccountPlan, kind: str, target: int | None, mode: str, unit: str
) -> None:
    goal = factories.create_goal(
        measure_kind=kind, default_target=target, unit="beds" if kind == MeasureKind.NUMBER else ""
    )

    import_goals(draft_import(plan=plan, goals=[goal]))

    objective = Objective.objects.unscoped("test").get()
    assert (objective.progress_mode, objective.unit, objective.target) == (mode, unit, target)
    objective.full_clean(exclude=["plan", "goal_definition", "owner"])


def test_second_import_is_refused_unless_asked_for(plan: AccountPlan, goal: GoalDefinition) -> None:
    import_goals(draft_import(plan=plan, goals=[goal]))
    before = rows_of_work()
    again = draft_import(plan=plan, goals=[factories.create_goal(), goal])

    assert [planned.is_again for planned in again.goals] == [False, True]
    with pytest.raises(AlreadyImportedError, match="“Grow”"):
        import_goals(again)
    assert rows_of_work() == before
    import_goals(again, again=True)
    assert rows_of_work() == {
        **{name: 2 * number for name, number in before.items()},
        "Objective": 3,
    }


def test_import_keeps_what_was_adjusted_and_leaves_out_what_was_not_wanted(
    plan: AccountPlan, goal: GoalDefinition, colleague: User
) -> None:
    draft = draft_import(plan=plan, goals=[goal], start_date=START)
    audit, offer = draft.goals[0].action_plans[0].tasks
    audit.is_included = False
    offer.task.name, offer.task.assignee, offer.task.due_date = "Better offer", colleague, date(2026, 9, 1)

    import_goals(draft)

    task = AssessmentTask.objects.unscoped("test").select_related("item").get()
    assert (task.name, task.assignee, task.due_date) == ("Better offer", colleague, date(2026, 9, 1))
    assert task.item.prerequisite_id is None
    assert draft.counts == {"objectives": 1, "action_plans": 1, "tasks": 1}


def test_adjusted_values_that_do_not_hold_are_named(
    plan: AccountPlan, goal: GoalDefinition, stranger: User
) -> None:
    draft = draft_import(plan=plan, goals=[goal], start_date=START)
    audit, offer = draft.goals[0].action_plans[0].tasks
    audit.task.name, offer.task.due_date, offer.task.assignee = "", date(2026, 1, 1), stranger

    errors = check_adjusted(draft)

    assert {pk: set(error.message_dict) for pk, error in errors.items()} == {
        audit.task.pk: {"name"},
        offer.task.pk: {"due_date"},
    }
    with pytest.raises(ValidationError, match="does not see this plan"):
        import_goals(draft)


@pytest.mark.parametrize("broken", [Objective, ActionPlan, ActionPlanItem, AssessmentTask])
@pytest.mark.django_db(transaction=True)
def test_import_that_is_killed_in_the_middle_leaves_nothing(
    plan: AccountPlan, goal: GoalDefinition, monkeypatch: pytest.MonkeyPatch, broken: Any
) -> None:
    entries = Change.objects.unscoped("test").count()
    draft = draft_import(plan=plan, goals=[goal])
    queryset = type(broken.objects.all())
    bulk_create = queryset.bulk_create
    written: list[str] = []

    def killed(self: Any, objs: Any, *args: Any, **kwargs: Any) -> Any:
        bulk_create(self, objs, *args, **kwargs)
        written.append(self.model.__name__)
        raise KeyboardInterrupt

    monkeypatch.setattr(queryset, "bulk_create", killed)
    with pytest.raises(KeyboardInterrupt):
        import_goals(draft)

    assert written == [broken.__name__]
    assert set(rows_of_work().values()) == {0}
    assert Change.objects.unscoped("test").count() == entries


def test_statements_do_not_depend_on_how_much_is_imported(plan: AccountPlan) -> None:
    counts = []
    for size in (1, 4):
        goals = [
            factories.create_goal(templates=[factories.create_published_template(items=size).template])
            for _number in range(size)
        ]
        with CaptureQueriesContext(connection) as captured:
            import_goals(draft_import(plan=plan, goals=goals))
        counts.append(len(captured))

    assert counts[0] == counts[1] <= 30


def test_work_begins_with_the_plan_or_today_once_it_runs(
    plan: AccountPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for today in (date(2025, 12, 1), date(2026, 6, 1), date(2027, 1, 1)):
        monkeypatch.setattr("plans.operations.goal_imports.company_today", lambda day=today: day)
        found.append(first_start(plan))

    assert found == [date(2026, 1, 1), date(2026, 6, 1), date(2026, 12, 31)]


def test_start_at_the_end_of_time_is_refused(plan: AccountPlan, goal: GoalDefinition) -> None:
    with pytest.raises(ValidationError, match="last day there is"):
        draft_import(plan=plan, goals=[goal], start_date=date.max)


# --- Newer versions ---------------------------------------------------------------------------
@pytest.fixture
def followed(plan: AccountPlan, goal: GoalDefinition, template: ActionPlanTemplate) -> ActionPlan:
    """An action plan of version 1 with the first task done; version 2 renames it and adds “Report” after it."""
    import_goals(draft_import(plan=plan, goals=[goal], start_date=START))
    audit = AssessmentTask.objects.unscoped("test").get(name="Audit")
    complete_task(task=audit, notes="All fine")
    second = library.new_draft(template)
    designed = second.items.get(name="Audit")
    designed.name = "Audit of all wards"
    designed.save()
    second.items.get(name="Offer").delete()
    factories.create_item(second, "Report", start_offset=40, due_offset=45, prerequisite=designed)
    library.publish_version(second, actor=None, at=timezone.now())
    return ActionPlan.objects.unscoped("test").select_related("template_version", "objective__plan").get()


def test_newer_version_shows_what_is_new(followed: ActionPlan, template: ActionPlanTemplate) -> None:
    draft = draft_newer(followed)

    assert newer_versions([followed]) == {followed.pk: template.versions.get(number=2)}
    assert [task.task.name for task in draft.tasks] == ["Report"]
    assert (draft.changed, draft.removed) == (["Audit of all wards"], ["Offer"])


def test_newer_version_adds_what_is_new_and_touches_nothing_else(followed: ActionPlan) -> None:
    before = {
        task.pk: (task.name, task.status, task.notes, task.version)
        for task in AssessmentTask.objects.unscoped("test")
    }

    add_newer(followed)

    tasks = AssessmentTask.objects.unscoped("test").select_related("item__prerequisite__task")
    after = {
        task.pk: (task.name, task.status, task.notes, task.version) for task in tasks if task.pk in before
    }
    new = tasks.get(name="Report")
    assert after == before
    assert (new.item.order, new.item.prerequisite.task.name) == (3, "Audit")
    followed.refresh_from_db()
    assert followed.template_version.number == 2
    with pytest.raises(NothingNewError):
        add_newer(followed)


@pytest.mark.parametrize("status", ["completed", "cancelled"])
def test_closed_action_plans_are_left_alone(followed: ActionPlan, status: str) -> None:
    followed.status = status

    assert newer_versions([followed]) == {}
