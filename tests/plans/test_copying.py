"""Deep copy: what comes along, what starts fresh, who takes over; all of it or nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kam.core.actor import acting
from kam.core.models import Change
from kam.users.models import Role, User
from plans.enums import Access, ActionPlanStatus, ObjectiveStatus, PlanStatus, TaskStatus
from plans.models import (
    AccountPlan,
    AccountPlanObjective,
    AccountPlanProduct,
    ActionPlan,
    ActionPlanItem,
    AssessmentTask,
    CoopFund,
    RebateTier,
    RelatedObjectAnalysis,
    Strategy,
    TargetLine,
)
from plans.operations import copying
from plans.operations.copying import CopyRequest, copy_plan, preview_copy
from plans.operations.parts import parts
from tests import factories
from tests.factories import work

pytestmark = pytest.mark.django_db

WHY = "test"
START = date(2026, 1, 1)
NEXT = date(2027, 1, 1)  # 365 days later


def everything() -> set[str]:
    return {part.name for part in parts()}


@pytest.fixture
def owner() -> User:
    return factories.create_user(role=Role.KAM)


@pytest.fixture
def source(owner: User) -> AccountPlan:
    account = factories.create_account(owner=owner)
    plan = factories.create_plan(
        account, "Old", owner=owner, start_date=START, end_date=date(2026, 12, 31), vision="Be first"
    )
    AccountPlan.objects.unscoped(WHY).filter(pk=plan.pk).update(short_term_plan="This week")
    plan.refresh_from_db()
    return plan


def asked(source: AccountPlan, owner: User, include: set[str] | None = None, **changes: Any) -> CopyRequest:
    values = {
        "name": "New",
        "subject": source.subject,
        "start_date": NEXT,
        "end_date": date(2027, 12, 31),
        "owner": owner,
        "include": everything() if include is None else include,
    }
    return CopyRequest(**values | changes)


def rows(model: Any, plan: AccountPlan) -> list[Any]:
    path = model.objects.all().plan_path
    return list(model.objects.unscoped(WHY).filter(**{path: plan.pk}))


def grow(plan: AccountPlan, *, width: int) -> None:
    """A tree with everything in it, `width` of each kind below each."""
    for _strategy in range(width):
        strategy = factories.create_strategy(plan)
        objective = work.create_work_objective(plan)
        objective.strategy = strategy
        objective.save()
        action_plan = work.create_action_plan(
            objective, start_date=START, due_date=START + timedelta(days=60)
        )
        before = None
        for _task in range(width):
            task = work.create_task(
                action_plan,
                due_date=START + timedelta(days=30),
                prerequisite=before.item if before else None,
            )
            before = task
        factories.create_commitment(plan)
        factories.create_event(plan)
        factories.create_coop_fund(plan)
        factories.create_rebate_program(plan)
        factories.create_analysis(
            plan, product=factories.create_plan_product(plan), objectives=[objective], owner=plan.owner
        )


def test_the_frame_stays_and_its_state_starts_fresh(source: AccountPlan, owner: User) -> None:
    made = copy_plan(source, asked(source, owner)).plan

    stored = AccountPlan.objects.unscoped(WHY).get(pk=made.pk)
    assert (stored.name, stored.vision, stored.copied_from_id) == ("New", "Be first", source.pk)
    assert (stored.status, stored.version, stored.short_term_plan) == (PlanStatus.DRAFT, 1, "")
    assert (stored.sales_target, stored.plan_type_id) == (source.sales_target, source.plan_type_id)


def test_targets_stay_behind_unless_they_are_asked_for(source: AccountPlan, owner: User) -> None:
    """With the amounts in fields of the plan type: a copy is its owner's, who may see none on the source."""
    for key, kind in (("budget", "money"), ("wards", "number"), ("motto", "text")):
        factories.create_custom_field(source.plan_type, key, kind=kind)
    source.take_custom_values({"budget": "4321", "wards": "7", "motto": "Be first"})
    source.save()

    made = copy_plan(source, asked(source, owner, set())).plan
    whole = copy_plan(source, asked(source, owner)).plan

    assert (made.sales_target, made.stretch_target) == (None, None)
    assert made.custom_values == {"wards": "7", "motto": "Be first"}
    assert whole.custom_values == source.custom_values
    assert not rows(AccountPlanObjective, made)


def test_the_tree_comes_with_shifted_dates_and_nothing_done(source: AccountPlan, owner: User) -> None:
    objective = work.create_work_objective(source, "Goal")
    objective.strategy = factories.create_strategy(source, "Way")
    objective.target_date, objective.owner_comments = date(2026, 6, 30), "Well done"
    objective.save()
    action_plan = work.create_action_plan(
        objective, "Steps", start_date=date(2026, 2, 1), due_date=date(2026, 2, 28)
    )
    first = work.create_task(action_plan, "First", status=TaskStatus.COMPLETED, due_date=date(2026, 2, 28))
    work.create_task(action_plan, "Second", prerequisite=first.item, target_quantity=8, quantity_done=3)

    made = copy_plan(source, asked(source, owner)).plan

    (strategy,) = rows(Strategy, made)
    (goal,) = rows(AccountPlanObjective, made)
    assert (goal.strategy_id, goal.target_date) == (strategy.pk, date(2027, 6, 30))
    assert (goal.status, goal.owner_comments) == (ObjectiveStatus.NOT_STARTED, "")
    (steps,) = rows(ActionPlan, made)
    assert (steps.start_date, steps.due_date) == (date(2027, 2, 1), date(2027, 2, 28))
    assert steps.status == ActionPlanStatus.OPEN
    one, two = sorted(rows(AssessmentTask, made), key=lambda task: task.name)
    assert (one.status, one.completed_at, one.due_date) == (TaskStatus.OPEN, None, date(2027, 2, 28))
    assert (two.target_quantity, two.quantity_done) == (8, 0)
    items = {item.pk: item for item in rows(ActionPlanItem, made)}
    assert items[two.item_id].prerequisite_id == one.item_id
    assert made.percent_complete == 0


def test_what_was_dropped_stays_behind_with_what_hangs_on_it(source: AccountPlan, owner: User) -> None:
    dropped = work.create_work_objective(source, "Dropped")
    dropped.status = ObjectiveStatus.CANCELLED
    dropped.save()
    work.create_task(work.create_action_plan(dropped))
    kept = work.create_action_plan(work.create_work_objective(source, "Kept"))
    gone = work.create_task(kept, status=TaskStatus.CANCELLED)
    work.create_task(kept, "After the dropped one", prerequisite=gone.item)

    made = copy_plan(source, asked(source, owner)).plan

    assert [row.name for row in rows(AccountPlanObjective, made)] == ["Kept"]
    (task,) = rows(AssessmentTask, made)
    (item,) = rows(ActionPlanItem, made)
    assert (task.name, item.prerequisite_id) == ("After the dropped one", None)


def test_the_owner_takes_over_from_who_left_and_who_does_not_see_the_plan(
    source: AccountPlan, owner: User
) -> None:
    gone, stranger, colleague = (factories.create_user(role=Role.KAM) for _user in range(3))
    for user in (gone, stranger, colleague):
        factories.add_participant(source, user, access=Access.EDIT)
        factories.create_objective(source, f"Of {user.pk}", owner=user)
    User.objects.unscoped(WHY).filter(pk=gone.pk).update(is_active=False)

    made = copy_plan(source, asked(source, owner))

    owners = {row.name: row.owner_id for row in rows(AccountPlanObjective, made.plan)}
    assert owners[f"Of {gone.pk}"] == owner.pk
    assert owners[f"Of {colleague.pk}"] == colleague.pk
    assert [user.pk for user in made.replaced] == [gone.pk]
    alone = copy_plan(source, asked(source, owner, {"objectives"}))
    assert {row.owner_id for row in rows(AccountPlanObjective, alone.plan)} == {owner.pk}
    assert {user.pk for user in alone.replaced} == {gone.pk, stranger.pk, colleague.pk}


def test_promises_come_with_their_tiers(source: AccountPlan, owner: User) -> None:
    grow(source, width=1)

    made = copy_plan(source, asked(source, owner)).plan

    assert len(rows(CoopFund, made)) == 1
    old, new = (
        sorted((row.threshold, row.percent) for row in rows(RebateTier, plan)) for plan in (source, made)
    )
    assert new == old
    assert new


def test_analyses_come_with_their_product_and_the_objectives_that_answer_them(
    source: AccountPlan, owner: User
) -> None:
    product = factories.create_plan_product(source, target=500, last_year_actual=400)
    answers = factories.create_objective(source, "Answer")
    factories.create_analysis(source, "Only one champion", product=product, objectives=[answers])

    made = copy_plan(source, asked(source, owner)).plan

    (entry,) = rows(RelatedObjectAnalysis, made)
    (kept,) = rows(AccountPlanProduct, made)
    assert (entry.text, entry.product_id) == ("Only one champion", kept.pk)
    assert (kept.product_id, kept.target, kept.last_year_actual) == (product.product_id, 500, None)
    assert [row.plan_id for row in entry.objectives.unscoped(WHY)] == [made.pk]
    alone = copy_plan(source, asked(source, owner, {"analyses"})).plan
    (entry,) = rows(RelatedObjectAnalysis, alone)
    assert entry.product_id is None
    assert not entry.objectives.unscoped(WHY).exists()


@pytest.mark.parametrize(
    ("start", "places"),
    [
        (NEXT, {("year", 2027, 1), ("quarter", 2027, 4), ("month", 2027, 2)}),
        (date(2026, 4, 1), {("quarter", 2027, 1), ("month", 2026, 5)}),  # no whole year later
        (date(2026, 2, 15), set()),  # no whole month
    ],
)
def test_target_lines_move_by_whole_periods(
    source: AccountPlan, owner: User, start: date, places: set[tuple[str, int, int]]
) -> None:
    for period, number in (("year", 1), ("quarter", 4), ("month", 2)):
        TargetLine.objects.create(
            plan=source,
            category=factories.create_category(),
            year=2026,
            period=period,
            number=number,
            target=100,
            last_year_entered=90,
        )

    made = copy_plan(source, asked(source, owner, start_date=start)).plan

    lines = rows(TargetLine, made)
    assert {(line.period, line.year, line.number) for line in lines} == places
    assert {(line.target, line.last_year_entered) for line in lines} <= {(100, None)}


def test_every_new_row_is_in_the_log_under_who_copied(source: AccountPlan, owner: User) -> None:
    grow(source, width=2)
    before = Change.objects.unscoped(WHY).count()

    with acting(owner):
        made = copy_plan(source, asked(source, owner))

    changes = Change.objects.unscoped(WHY).filter(container_id=made.plan.pk)
    assert changes.count() == Change.objects.unscoped(WHY).count() - before
    assert changes.filter(operation="create").count() == sum(made.counts.values()) + 1
    assert {change.actor_id for change in changes} == {owner.pk}
    task = rows(AssessmentTask, made.plan)[0]
    assert changes.get(object_id=task.pk).after["name"] == task.name


def test_statements_do_not_depend_on_the_size(source: AccountPlan, owner: User) -> None:
    request = asked(source, owner)
    grow(source, width=2)
    with CaptureQueriesContext(connection) as small:
        copy_plan(source, request)
    grow(source, width=5)
    with CaptureQueriesContext(connection) as large:
        made = copy_plan(source, request)

    assert len(large) == len(small) < 60
    assert made.counts["action_plans"] == 7 + 2 * (2 * 2 + 5 * 5)


def test_a_preview_says_the_same_and_keeps_nothing(source: AccountPlan, owner: User) -> None:
    grow(source, width=2)
    before = AccountPlan.objects.unscoped(WHY).count(), Change.objects.unscoped(WHY).count()

    preview = preview_copy(source, asked(source, owner))

    assert (AccountPlan.objects.unscoped(WHY).count(), Change.objects.unscoped(WHY).count()) == before
    assert preview.counts == copy_plan(source, asked(source, owner)).counts


def test_all_or_nothing(source: AccountPlan, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    grow(source, width=1)
    before = AccountPlan.objects.unscoped(WHY).count()
    insert = copying.insert_rows

    def dies(model: Any, *args: Any, **kwargs: Any) -> None:
        if model is RebateTier:
            raise KeyboardInterrupt
        insert(model, *args, **kwargs)

    monkeypatch.setattr(copying, "insert_rows", dies)
    with pytest.raises(KeyboardInterrupt):
        copy_plan(source, asked(source, owner))

    assert AccountPlan.objects.unscoped(WHY).count() == before
    assert AssessmentTask.objects.unscoped(WHY).count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"include": {"action_plans"}}, "include"),
        ({"include": {"nonsense"}}, "include"),
        ({"end_date": NEXT}, "end_date"),
        ({"name": ""}, "name"),
    ],
)
def test_what_cannot_be_is_refused_by_field(
    source: AccountPlan, owner: User, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        copy_plan(source, asked(source, owner, **changes))

    assert list(refused.value.message_dict) == [field]
