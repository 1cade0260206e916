from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction

from templates_app.enums import AssigneeRole, ColleagueRole, ItemKind, LibraryStatus, MeasureKind
from templates_app.models import ActionPlanTemplate, ActionPlanTemplateItem, GoalDefinition
from tests import factories
from tests.factories.crm import create_pick_list_value

pytestmark = pytest.mark.django_db


def errors_of(row: models.Model) -> set[str]:
    with pytest.raises(ValidationError) as caught:
        row.full_clean()
    return set(caught.value.message_dict)


def test_item_is_not_due_before_it_starts() -> None:
    item = factories.create_item(
        factories.draft_of(factories.create_template()), start_offset=5, due_offset=5
    )

    item.due_offset = 4

    assert "due_offset" in errors_of(item)
    with pytest.raises(IntegrityError), transaction.atomic():
        item.save()


def test_prerequisite_stands_in_the_same_version() -> None:
    item = factories.create_item(factories.draft_of(factories.create_template()))
    elsewhere = factories.create_item(factories.draft_of(factories.create_template()))

    item.prerequisite = elsewhere

    assert errors_of(item) == {"prerequisite"}
    with pytest.raises(IntegrityError), transaction.atomic():
        item.save()


@pytest.mark.parametrize("length", [1, 2, 3])
def test_items_never_wait_for_each_other(length: int) -> None:
    draft = factories.draft_of(factories.create_template())
    first = last = factories.create_item(draft)
    for _step in range(length - 1):
        last = factories.create_item(draft, prerequisite=last)

    first.prerequisite = last

    assert errors_of(first) == {"prerequisite"}
    with pytest.raises(IntegrityError), transaction.atomic():
        first.save()


def test_ring_is_refused_by_the_database() -> None:
    draft = factories.draft_of(factories.create_template())
    first = factories.create_item(draft)
    second = factories.create_item(draft, prerequisite=first)

    with pytest.raises(IntegrityError), transaction.atomic():
        models.QuerySet(ActionPlanTemplateItem).filter(pk=first.pk).update(prerequisite=second)


def test_prerequisite_that_goes_leaves_its_dependants() -> None:
    draft = factories.draft_of(factories.create_template())
    first = factories.create_item(draft)
    second = factories.create_item(draft, prerequisite=first)

    first.delete()

    second.refresh_from_db()
    assert second.prerequisite is None


def test_call_objective_says_what_kind_of_call() -> None:
    item = factories.create_item(factories.draft_of(factories.create_template()))

    item.kind = ItemKind.CALL_OBJECTIVE

    assert errors_of(item) == {"activity_type"}


def test_template_has_one_draft_and_one_published_version() -> None:
    template = factories.create_template()

    with pytest.raises(IntegrityError), transaction.atomic():
        template.versions.create(number=2)


def test_state_of_a_template_follows_from_its_versions() -> None:
    draft, active, retired = (factories.create_template(items=1) for _index in range(3))
    factories.publish(active)
    version = factories.publish(retired)
    version.status = "retired"
    version.save()

    states = dict(ActionPlanTemplate.objects.with_state().values_list("pk", "state"))

    assert states == {
        draft.pk: LibraryStatus.DRAFT,
        active.pk: LibraryStatus.ACTIVE,
        retired.pk: LibraryStatus.RETIRED,
    }


def test_category_is_of_the_list_of_template_categories() -> None:
    industry = create_pick_list_value("Pharma")

    assert "category" in errors_of(GoalDefinition(name="Grow", category=industry))
    assert "category" in errors_of(ActionPlanTemplate(name="Grow", category=industry))


def test_qualitative_goal_has_no_target_and_revenue_no_unit() -> None:
    assert "default_target" in errors_of(GoalDefinition(name="Trust", default_target=5))
    revenue = GoalDefinition(name="Revenue", measure_kind=MeasureKind.REVENUE, default_target=5, unit="EUR")
    assert "unit" in errors_of(revenue)


def test_assignee_is_the_owner_or_a_role_on_the_plan() -> None:
    assert set(AssigneeRole.values) == {"owner", *ColleagueRole.values}


@pytest.mark.parametrize(
    ("name", "reads"),
    [
        ("account_manager", True),
        ("msl", True),
        ("manager", True),
        ("admin", True),
        ("executive", False),
        ("viewer", False),
        ("integration", False),
    ],
)
def test_those_who_may_create_plans_read_and_administrators_edit(cast: dict, name: str, reads: bool) -> None:
    user = cast[name]
    goal = factories.create_goal()

    assert GoalDefinition.objects.visible_to(user).exists() is reads
    for model in (
        "goaldefinition",
        "actionplantemplate",
        "actionplantemplateversion",
        "actionplantemplateitem",
    ):
        assert user.has_perm(f"templates_app.view_{model}", goal) is reads
        for action in ("add", "change", "delete"):
            assert user.has_perm(f"templates_app.{action}_{model}", goal) is (name == "admin")


def test_whoever_left_reads_nothing() -> None:
    factories.create_goal()
    user = factories.create_user(is_active=False)

    assert not GoalDefinition.objects.visible_to(user).exists()


def test_number_of_triggers_is_what_is_declared() -> None:
    from kam.core.triggers import missing

    assert missing(connection) == []
