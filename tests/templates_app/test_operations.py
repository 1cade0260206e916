from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from kam.core.changes import StaleObjectError
from kam.core.models import Change
from templates_app import operations, uses
from templates_app.enums import ItemKind, VersionStatus
from templates_app.models import (
    ActionPlanTemplate,
    ActionPlanTemplateItem,
    ActionPlanTemplateVersion,
    GoalDefinition,
)
from tests import factories

pytestmark = pytest.mark.django_db


def names(version: ActionPlanTemplateVersion) -> list[str]:
    return [item.name for item in version.items.order_by("order")]


def test_publishing_retires_the_version_before(admin) -> None:
    first = factories.create_published_template()
    draft = operations.new_draft(first.template)
    now = timezone.now()

    second = operations.publish_version(draft, actor=admin, at=now)

    first.refresh_from_db()
    assert first.status == VersionStatus.RETIRED
    assert (second.number, second.status) == (2, VersionStatus.PUBLISHED)
    assert (second.published_at, second.published_by) == (now, admin)


def test_empty_version_is_not_published() -> None:
    draft = factories.draft_of(factories.create_template())

    with pytest.raises(operations.NotPublishable) as caught:
        operations.publish_version(draft, actor=None, at=timezone.now())

    assert caught.value.problems == ["It has no items: add what is to be done."]


def test_item_that_does_not_hold_together_stops_publishing() -> None:
    draft = factories.draft_of(factories.create_template())
    factories.create_item(draft, "Visit the ward", kind=ItemKind.CALL_OBJECTIVE)

    with pytest.raises(operations.NotPublishable, match="Visit the ward: Say what kind of call it is"):
        operations.publish_version(draft, actor=None, at=timezone.now())

    draft.refresh_from_db()
    assert draft.is_draft


def test_version_is_published_once() -> None:
    version = factories.create_published_template()

    with pytest.raises(operations.NotPublishable, match="Only a draft"):
        operations.publish_version(version, actor=None, at=timezone.now())


def test_only_a_published_version_is_retired() -> None:
    template = factories.create_template(items=1)
    with pytest.raises(operations.NotPublished):
        operations.retire_version(factories.draft_of(template))
    version = factories.publish(template)

    assert operations.retire_version(version).status == VersionStatus.RETIRED

    with pytest.raises(operations.NotPublished):
        operations.retire_version(version)


def test_next_draft_holds_the_items_of_the_last_version() -> None:
    template = factories.create_template()
    draft = factories.draft_of(template)
    first = factories.create_item(draft, "Call", weight=3, target_quantity=8)
    factories.create_item(draft, "Visit", prerequisite=first)
    published = factories.publish(template)

    second = operations.new_draft(template)

    assert not operations.compare_versions(published, second)
    assert second.number == 2
    copied = second.items.get(name="Visit")
    assert copied.prerequisite == second.items.get(name="Call")
    assert copied.prerequisite.key == first.key


def test_template_has_one_draft_at_a_time() -> None:
    template = factories.create_template()

    with pytest.raises(operations.DraftExists) as caught:
        operations.new_draft(template)

    assert caught.value.draft == factories.draft_of(template)


def test_editing_the_draft_leaves_the_published_version_alone() -> None:
    published = factories.create_published_template(items=3)
    before = operations.item_values(published)
    draft = operations.new_draft(published.template)
    first, second, third = draft.items.order_by("order")

    first.delete()
    second.weight = 5
    second.save()
    factories.create_item(draft, "New one")

    found = operations.compare_versions(published, draft)
    assert operations.item_values(published) == before
    assert found.removed == [first.key]
    assert [(change.field, change.before, change.after) for change in found.changed[second.key]] == [
        ("weight", 1, 5)
    ]
    assert len(found.added) == 1
    assert third.key not in found.changed


def test_copy_starts_as_a_draft_with_items_of_its_own() -> None:
    published = factories.create_published_template("Launch", items=2)
    draft = operations.new_draft(published.template)
    factories.create_item(draft, "Not yet agreed")

    copy = operations.copy_template(published.template, ActionPlanTemplate(name="Launch in hospitals"))

    version = copy.versions.get()
    assert copy.copied_from == published.template
    assert (version.number, version.status) == (1, VersionStatus.DRAFT)
    assert names(version) == names(published)
    assert not set(version.items.values_list("key")) & set(published.items.values_list("key"))


def test_reordering_takes_all_items_once() -> None:
    draft = factories.draft_of(factories.create_template(items=3))
    first, second, third = draft.items.order_by("order")

    operations.reorder_items(draft, [third.pk, first.pk, second.pk])

    assert names(draft) == [third.name, first.name, second.name]
    for wrong in ([first.pk, second.pk], [first.pk, first.pk, second.pk], [first.pk, second.pk, draft.pk]):
        with pytest.raises(ValidationError):
            operations.reorder_items(draft, wrong)


def test_first_item_moved_up_stays_first() -> None:
    draft = factories.draft_of(factories.create_template(items=2))
    first, second = draft.items.order_by("order")

    operations.move_item(first, up=True)
    assert names(draft) == [first.name, second.name]

    second.refresh_from_db()
    operations.move_item(second, up=True)
    assert names(draft) == [second.name, first.name]


def test_goal_keeps_its_templates_in_order() -> None:
    first, second, third = (factories.create_template() for _index in range(3))
    goal = factories.create_goal(templates=[first, second])
    version = goal.version

    operations.save_goal(goal, [third, first])

    goal = GoalDefinition.objects.with_links().get(pk=goal.pk)
    assert goal.ordered_templates == [third, first]
    assert goal.version == version + 1
    operations.save_goal(goal, [third, first])
    goal.refresh_from_db()
    assert goal.version == version + 1


def test_stale_goal_is_not_overwritten() -> None:
    goal = factories.create_goal()
    stale = GoalDefinition.objects.get(pk=goal.pk)
    goal.name = "Newer"
    goal.save()

    with pytest.raises(StaleObjectError):
        operations.save_goal(stale, [factories.create_template()])


def test_template_says_which_goals_use_it() -> None:
    template, other = factories.create_template(), factories.create_template()
    goal = factories.create_goal("Grow with the ward", templates=[template])

    found = uses.uses_of_many([template, other])

    assert [(use.label, use.url) for use in found[template.pk]] == [
        ("Goal: Grow with the ward", goal.get_absolute_url())
    ]
    assert found[other.pk] == []


def test_upper_app_says_that_a_goal_is_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    goal, unused = factories.create_goal(), factories.create_goal()
    monkeypatch.setattr(uses, "_registry", {})
    uses.register(
        GoalDefinition,
        lambda rows, user: {row.pk: [uses.Use("Objectives", 2)] for row in rows if row == goal},
    )

    with pytest.raises(operations.GoalInUse):
        goal.delete()
    with pytest.raises(operations.GoalInUse):
        GoalDefinition.objects.filter(pk=goal.pk).delete()
    unused.delete()

    assert list(GoalDefinition.objects.all()) == [goal]


def test_history_tells_who_published(admin) -> None:
    from kam.core.actor import acting

    draft = factories.draft_of(factories.create_template(items=1))
    with acting(admin, source="page"):
        operations.publish_version(draft, actor=admin, at=timezone.now())

    entry = Change.objects.of(draft).filter(operation="update", model__endswith="version").first()
    assert entry.actor_name == str(admin)
    assert entry.after["status"] == VersionStatus.PUBLISHED


def test_number_of_statements_of_a_new_draft_does_not_depend_on_its_size(django_assert_num_queries) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = set()
    for items in (1, 12):
        version = factories.create_published_template(items=items)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            operations.new_draft(version.template)
        counts.add(len(queries))

    assert len(counts) == 1
    assert ActionPlanTemplateItem.objects.count() == 26
