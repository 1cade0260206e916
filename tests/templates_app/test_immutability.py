"""A published version never changes, whichever door somebody tries: the model layer refuses first, the
database last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction

from templates_app import operations
from templates_app.enums import VersionStatus
from templates_app.models import (
    ActionPlanTemplateItem,
    ActionPlanTemplateVersion,
    VersionIsFixed,
)
from tests import factories
from tests.factories.templates import PUBLISHED_AT

VERSIONS, ITEMS = ActionPlanTemplateVersion._meta.db_table, ActionPlanTemplateItem._meta.db_table

pytestmark = pytest.mark.django_db


@pytest.fixture
def version() -> ActionPlanTemplateVersion:
    return factories.create_published_template(items=2)


@pytest.fixture
def item(version: ActionPlanTemplateVersion) -> ActionPlanTemplateItem:
    return version.items.first()


def renamed(item: ActionPlanTemplateItem) -> None:
    item.name = "Another"
    item.save()


def moved_in(item: ActionPlanTemplateItem) -> None:
    other = factories.create_item(factories.draft_of(factories.create_template()))
    other.template_version = item.template_version
    other.save()


def moved_out(item: ActionPlanTemplateItem) -> None:
    item.template_version = factories.draft_of(factories.create_template())
    item.save()


def moved_in_by_update(item: ActionPlanTemplateItem) -> None:
    other = factories.create_item(factories.draft_of(factories.create_template()))
    ActionPlanTemplateItem.objects.filter(pk=other.pk).update(template_version=item.template_version)


def bulk_updated(item: ActionPlanTemplateItem) -> None:
    item.weight = 5
    ActionPlanTemplateItem.objects.bulk_update([item], ["weight"])


def one_more(item: ActionPlanTemplateItem) -> ActionPlanTemplateItem:
    return ActionPlanTemplateItem(template_version=item.template_version, name="One more")


def version_renumbered(item: ActionPlanTemplateItem) -> None:
    item.template_version.number = 7
    item.template_version.save()


def version_reopened(item: ActionPlanTemplateItem) -> None:
    item.template_version.status = VersionStatus.DRAFT
    item.template_version.published_at = None
    item.template_version.save()


def versions_of(item: ActionPlanTemplateItem) -> Any:
    return ActionPlanTemplateVersion.objects.filter(pk=item.template_version_id)


def items_of(item: ActionPlanTemplateItem) -> Any:
    return ActionPlanTemplateItem.objects.filter(pk=item.pk)


def born_published(item: ActionPlanTemplateItem) -> ActionPlanTemplateVersion:
    return ActionPlanTemplateVersion(
        template=item.template_version.template,
        number=9,
        status=VersionStatus.RETIRED,
        published_at=PUBLISHED_AT,
    )


DOORS: dict[str, Callable[[ActionPlanTemplateItem], Any]] = {
    "save": renamed,
    "save into it": moved_in,
    "save out of it": moved_out,
    "queryset update": lambda item: items_of(item).update(name="Another"),
    "queryset update of the order": lambda item: items_of(item).update(order=9),
    "queryset update into it": moved_in_by_update,
    "bulk update": bulk_updated,
    "create": lambda item: one_more(item).save(),
    "bulk create": lambda item: ActionPlanTemplateItem.objects.bulk_create([one_more(item)]),
    "delete": lambda item: item.delete(),
    "queryset delete": lambda item: items_of(item).delete(),
    "reorder": lambda item: operations.move_item(item, up=False),
    "version save": version_renumbered,
    "version reopened": version_reopened,
    "version update": lambda item: versions_of(item).update(number=7),
    "version status by update": lambda item: versions_of(item).update(status=VersionStatus.RETIRED),
    "version delete": lambda item: item.template_version.delete(),
    "version queryset delete": lambda item: versions_of(item).delete(),
    "template delete": lambda item: item.template_version.template.delete(),
    "born published": lambda item: born_published(item).save(),
    "born published in bulk": lambda item: ActionPlanTemplateVersion.objects.bulk_create(
        [born_published(item)]
    ),
}


@pytest.mark.parametrize("retired", [False, True], ids=["published", "retired"])
@pytest.mark.parametrize("door", DOORS)
def test_model_layer_refuses_every_change(item: ActionPlanTemplateItem, door: str, retired: bool) -> None:
    if retired:
        operations.retire_version(item.template_version)
        item.refresh_from_db()
        item.template_version.refresh_from_db()
    before = rows()

    with pytest.raises(VersionIsFixed):
        DOORS[door](item)

    assert rows()[ITEMS].items() >= before[ITEMS].items()
    assert rows()[VERSIONS].items() >= before[VERSIONS].items()


def rows() -> dict[str, dict[Any, Any]]:
    found = {}
    for model in (ActionPlanTemplateItem, ActionPlanTemplateVersion):
        found[model._meta.db_table] = {row["id"]: row for row in models.QuerySet(model).values()}
    return found


RAW = {
    "item content": f"UPDATE {ITEMS} SET name = 'Another'",
    "item place": f'UPDATE {ITEMS} SET "order" = 9',
    "item taken out": f"UPDATE {ITEMS} SET prerequisite_id = id, weight = 0",
    "item deleted": f"DELETE FROM {ITEMS}",
    "version number": f"UPDATE {VERSIONS} SET number = 7",
    "version reopened": f"UPDATE {VERSIONS} SET status = 'draft', published_at = NULL",
    "version deleted": f"DELETE FROM {VERSIONS}",
    "version handed on": f"UPDATE {VERSIONS} SET template_id = id",
}


@pytest.mark.parametrize("statement", RAW.values(), ids=RAW.keys())
def test_database_refuses_raw_statements(item: ActionPlanTemplateItem, statement: str) -> None:
    before = rows()

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert rows() == before


def test_database_refuses_queries_around_the_model(item: ActionPlanTemplateItem) -> None:
    around = models.QuerySet(ActionPlanTemplateItem)

    for attempt in (
        lambda: around.filter(pk=item.pk).update(name="Another"),
        lambda: models.QuerySet(ActionPlanTemplateItem).bulk_create([one_more(item)]),
        lambda: around.filter(pk=item.pk)._raw_delete(using="default"),
        lambda: models.QuerySet(ActionPlanTemplateVersion).bulk_create([born_published(item)]),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt()


def test_bookkeeping_and_retiring_go_through(item: ActionPlanTemplateItem) -> None:
    """A colleague who leaves is cut from `created_by` of old rows, and a version can be retired."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {ITEMS} SET version = version + 1, created_by_id = NULL")
        cursor.execute(f"UPDATE {VERSIONS} SET version = version + 1, created_by_id = NULL")
        cursor.execute(f"UPDATE {VERSIONS} SET status = 'retired'")

    item.template_version.refresh_from_db()
    assert item.template_version.status == VersionStatus.RETIRED


def test_saving_what_did_not_change_is_no_change(item: ActionPlanTemplateItem) -> None:
    version = item.version

    item.save()
    item.template_version.save()

    item.refresh_from_db()
    assert item.version == version


def test_draft_with_its_items_can_be_deleted() -> None:
    template = factories.create_template(items=2)

    template.delete()

    assert not ActionPlanTemplateItem.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_triggers_are_back_after_a_test_with_transactions() -> None:
    from kam.core.triggers import missing

    factories.create_published_template()

    assert missing(connection) == []
