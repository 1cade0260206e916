"""Searched choices, and forms that notice that somebody else was faster."""

from __future__ import annotations

from datetime import date

import pytest
from django.http import QueryDict

from crm.forms import AccountOverviewForm, OpportunityForm
from crm.models import Account, Opportunity
from kam.core.forms import SearchChoiceField, Typed, saved
from kam.users.models import User
from plans.forms import ObjectiveForm, PlanProductForm
from plans.models import AccountPlanProduct, Objective
from plans.views.work.forms import TaskRowForm
from tests import factories
from tests.fixtures import World

pytestmark = pytest.mark.django_db


def field_for(user: User) -> SearchChoiceField:
    return SearchChoiceField(Account.objects.visible_to(user), options_url="/accounts/options/")


def data(**values: str) -> QueryDict:
    query = QueryDict(mutable=True)
    query.update(values)
    return query


def test_choice_is_taken_by_id_alone(world: World, account_manager: User) -> None:
    field = field_for(account_manager)
    value = field.widget.value_from_datadict(data(account=str(world.account.pk)), {}, "account")

    assert field.clean(value) == world.account


def test_cleared_text_clears_the_choice(world: World, account_manager: User) -> None:
    field = field_for(account_manager)
    field.required = False

    assert field.clean(Typed(str(world.account.pk), "")) is None


def test_exact_name_beats_longer_ones(world: World, account_manager: User) -> None:
    factories.create_account("Harbour Clinics West", owner=account_manager)

    assert field_for(account_manager).clean(Typed("", "HARBOUR clinics")) == world.account


def test_unchanged_choice_is_no_change(world: World, account_manager: User) -> None:
    field = field_for(account_manager)

    assert not field.has_changed(world.account.pk, Typed(str(world.account.pk), "Harbour Clinics"))
    assert field.has_changed(world.account.pk, Typed(str(world.child.pk), "Harbour Day Clinic"))
    assert field.has_changed(world.account.pk, Typed(str(world.account.pk), ""))


def test_garbage_for_an_id_is_no_choice(world: World, account_manager: User) -> None:
    form = OpportunityForm(data(account="' OR 1=1"), instance=Opportunity(), user=account_manager)

    assert form.errors["account"] == ["Nothing by this name that you may choose. Pick one from the list."]


def test_rival_between_check_and_save_is_a_conflict(world: World, account_manager: User) -> None:
    mine = Account.objects.visible_to(account_manager).get(pk=world.account.pk)
    form = AccountOverviewForm(
        data(business_overview="Mine", version=str(mine.version)), instance=mine, user=account_manager
    )

    assert form.is_valid()
    world.account.business_overview = "Theirs"
    world.account.save()

    # Without the check of the version inside the UPDATE, the second save would win silently.
    assert not saved(form, form.save)
    assert [(d.theirs, d.yours) for d in form.conflict.fields] == [("Theirs", "Mine")]
    assert form.data["version"] == str(world.account.version)
    world.account.refresh_from_db()
    assert world.account.business_overview == "Theirs"


# --- All errors at once -----------------------------------------------------------------------
def objective_data(**values: str) -> QueryDict:
    given = {"name": "Win the wards", "status": "on_track", "progress_mode": "manual", "weight": "1"}
    return data(**{**given, **values})


def test_errors_of_field_and_row_come_together(world: World, account_manager: User) -> None:
    plan = factories.create_plan(world.account, owner=account_manager)
    sent = objective_data(name="", progress_mode="measure", start_date="2026-05-01", target_date="2026-04-01")
    form = ObjectiveForm(sent, instance=Objective(plan=plan), user=account_manager)

    assert form.errors["name"] == ["This field is required."]
    assert form.errors["target_date"] == ["The target date is before the start."]
    assert form.errors["target"] == ["Progress from the measure needs a target."]


def test_rule_does_not_judge_value_that_was_replaced(world: World, account_manager: User) -> None:
    plan = factories.create_plan(world.account, owner=account_manager)
    objective = factories.create_objective(
        plan, start_date=date(2026, 5, 1), target_date=date(2026, 6, 1), target=5
    )
    sent = objective_data(
        progress_mode="measure", start_date="soon", target_date="2026-04-01", target="many", version="1"
    )
    form = ObjectiveForm(sent, instance=objective, user=account_manager)

    # Neither “before the start”, which nobody knows now, nor “needs a target”, which is there and wrong.
    assert "target_date" not in form.errors
    assert form.errors["target"] == ["Enter a number."]
    assert objective.start_date == date(2026, 5, 1)


def test_row_that_is_there_already_is_said_with_the_other_errors(world: World, account_manager: User) -> None:
    plan = factories.create_plan(world.account, owner=account_manager)
    product = factories.create_product("Dressings")
    AccountPlanProduct.objects.create(plan=plan, product=product)
    form = PlanProductForm(
        data(product=str(product.pk), target="-5"),
        instance=AccountPlanProduct(plan=plan),
        user=account_manager,
    )

    assert form.errors["product"] == ["The plan has this product already."]
    assert form.errors["target"] == ["A target cannot be negative."]


def test_step_that_the_operation_refuses_is_said_with_the_other_errors(
    world: World, account_manager: User
) -> None:
    plan = factories.create_plan(world.account, owner=account_manager)
    work = factories.create_action_plan(factories.create_objective(plan), owner=account_manager)
    first = factories.create_task(work)
    second = factories.create_task(work, prerequisite=first.item)
    sent = data(status="completed", assignee=str(account_manager.pk), due_date="soon", version="1")
    form = TaskRowForm(sent, instance=second, user=account_manager)

    assert set(form.errors) == {"status", "due_date"}
    assert "comes after" in form.errors["status"][0]


def test_error_that_follows_from_another_field_is_left_out(world: World, account_manager: User) -> None:
    plan = factories.create_plan(world.account, owner=account_manager)
    form = PlanProductForm(
        data(product="", category="of no id"), instance=AccountPlanProduct(plan=plan), user=account_manager
    )

    assert set(form.errors) == {"category"}  # a category was meant: not “Name a product or a category”
