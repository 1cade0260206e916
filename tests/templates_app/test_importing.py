"""The library as a file: out and in again, all or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from crm.models import PickListValue
from kam.core.models import Change
from templates_app import operations
from templates_app.enums import ItemKind, MeasureKind, VersionStatus
from templates_app.importing import LibraryFileError, export_library, import_library
from templates_app.models import (
    ActionPlanTemplate,
    ActionPlanTemplateItem,
    ActionPlanTemplateVersion,
    GoalDefinition,
    PlanType,
)
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def library(admin) -> dict[str, Any]:
    """Two templates (one with three versions in three statuses) and two goals."""
    call = factories.create_activity_type("Call")
    category = factories.create_template_category("Growth")
    launch = factories.create_template("Launch “Ä”", category=category, description="For new wards.\n")
    draft = factories.draft_of(launch)
    first = factories.create_item(
        draft, "Call the ward", kind=ItemKind.CALL_OBJECTIVE, activity_type=call, target_quantity="2.5"
    )
    factories.create_item(
        draft, "Write the summary", prerequisite=first, weight="0.5", start_offset=3, due_offset=9
    )
    factories.publish(launch)
    factories.create_item(operations.new_draft(launch), "Third thing")
    factories.publish(launch)
    operations.new_draft(launch)
    other = factories.create_template("Review", items=1)
    factories.create_goal(
        "Win the ward", category=category, measure_kind=MeasureKind.NUMBER, default_target=12, unit="beds",
        templates=[other, launch],
    )  # fmt: skip
    factories.create_goal("Trust", status="retired")
    return {"launch": launch, "other": other}


def empty_library() -> None:
    """As another company starts: the same activity types, nothing else."""
    GoalDefinition.objects.all().delete()
    from django.db import connection, models

    from kam.core import triggers
    from templates_app.triggers import declared

    with connection.cursor() as cursor:
        for trigger in declared(connection.vendor):
            on = f" ON {trigger.table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER {trigger.name}{on}")
    for model in (ActionPlanTemplateItem, ActionPlanTemplateVersion, ActionPlanTemplate):
        models.QuerySet(model)._raw_delete(using="default")
    triggers.install(connection)


def exported(admin) -> dict[str, Any]:
    return json.loads(export_library(admin))


def as_file(content: Any) -> bytes:
    return json.dumps(content).encode()


def test_library_comes_back_as_it_was(admin, library) -> None:
    content = export_library(admin)
    empty_library()

    report = import_library(content)

    assert report.created == {"action_plan_templates": 2, "versions": 4, "goal_definitions": 2}
    assert export_library(admin) == content
    statuses = ActionPlanTemplateVersion.objects.filter(template__name="Launch “Ä”").order_by("number")
    assert list(statuses.values_list("status", flat=True)) == ["retired", "published", "draft"]


def test_same_file_again_changes_nothing(admin, library) -> None:
    content = export_library(admin)
    entries = Change.objects.unscoped("count").count()

    report = import_library(content)

    assert not report.has_changes
    assert report.unchanged == {"action_plan_templates": 2, "versions": 4, "goal_definitions": 2}
    assert Change.objects.unscoped("count").count() == entries


def test_newer_file_brings_what_is_new(admin, library) -> None:
    rows = exported(admin)
    template = next(row for row in rows["action_plan_templates"] if row["name"] == "Review")
    template["description"] = "Every quarter."
    template["category"] = "Reviews"
    template["versions"][0] |= {"status": "published", "published_at": "2026-05-01T08:00:00Z"}
    template["versions"][0]["items"][0]["name"] = "Prepare the review"

    report = import_library(as_file(rows))

    assert report.updated == {"action_plan_templates": 1, "versions": 1}
    assert report.created == {"categories": 1}
    version = library["other"].versions.get()
    assert version.status == VersionStatus.PUBLISHED
    assert version.items.get().name == "Prepare the review"


def test_import_never_takes_a_version_back(admin, library) -> None:
    content = export_library(admin)
    factories.publish(library["launch"])

    report = import_library(content)

    assert not report.has_changes
    assert library["launch"].versions.get(number=3).status == VersionStatus.PUBLISHED


def test_trial_run_keeps_nothing(admin, library) -> None:
    content = export_library(admin)
    empty_library()

    report = import_library(content, dry_run=True)

    assert report.created["versions"] == 4
    assert not ActionPlanTemplate.objects.exists()


def item(rows: dict[str, Any]) -> dict[str, Any]:
    return rows["action_plan_templates"][0]["versions"][2]["items"][0]


ITEM = "action_plan_templates.0.versions.2.items.0"
BROKEN: dict[str, tuple[Callable[[dict[str, Any]], Any], str, str]] = {
    "no version of the format": (lambda rows: rows.update(format_version=3), "", "format_version"),
    "unknown field": (lambda rows: item(rows).update(colour="red"), ITEM, "colour"),
    "missing field": (lambda rows: item(rows).pop("weight"), ITEM, "weight"),
    "wrong type": (lambda rows: item(rows).update(weight=[1]), ITEM, "weight"),
    "negative weight": (lambda rows: item(rows).update(weight="-1"), ITEM, "weight"),
    "unknown activity type": (
        lambda rows: item(rows).update(activity_type="Dance"),
        ITEM,
        "activity_type",
    ),
    "due before start": (
        lambda rows: item(rows).update(start_offset=99),
        ITEM,
        "due_offset",
    ),
    "unknown prerequisite": (
        lambda rows: item(rows).update(prerequisite=rows["goal_definitions"][0]["id"]),
        ITEM,
        "prerequisite",
    ),
    "ring": (
        lambda rows: item(rows).update(
            prerequisite=rows["action_plan_templates"][0]["versions"][2]["items"][1]["key"]
        ),
        "action_plan_templates.0.versions.2",
        "items",
    ),
    "published version differs": (
        lambda rows: rows["action_plan_templates"][0]["versions"][1]["items"][0].update(name="Another"),
        "action_plan_templates.0.versions.1",
        "number",
    ),
    "twice in the file": (
        lambda rows: rows["goal_definitions"].append(rows["goal_definitions"][0]),
        "goal_definitions.2",
        "id",
    ),
    "name is taken": (
        lambda rows: rows["goal_definitions"][1].update(name=rows["goal_definitions"][0]["name"]),
        "goal_definitions.1",
        "name",
    ),
    "unknown template": (
        lambda rows: rows["goal_definitions"][0].update(action_plan_templates=[item(rows)["key"]]),
        "goal_definitions.0",
        "action_plan_templates",
    ),
    "target of a qualitative goal": (
        lambda rows: rows["goal_definitions"][0].update(default_target="5"),
        "goal_definitions.0",
        "default_target",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_error_names_its_row_and_nothing_is_kept(admin, library, case: str) -> None:
    rows = exported(admin)
    breaks, row, field = BROKEN[case]
    breaks(rows)
    rows["action_plan_templates"][1]["description"] = "Would be new"
    before = export_library(admin)

    with pytest.raises(LibraryFileError) as caught:
        import_library(as_file(rows))

    assert (row, field) in {(error.row, error.field) for error in caught.value.errors}
    assert export_library(admin) == before


NO_LIBRARY = [
    b"",
    b"[]",
    b"{",
    b"null",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"format": NaN}',
    b'{"a": "\\u0000"}',
    b'{"a": 1, "a": 2}',
]


@pytest.mark.parametrize("content", NO_LIBRARY, ids=lambda content: content[:12])
def test_what_is_no_library_file_is_refused(content: bytes) -> None:
    with pytest.raises(LibraryFileError) as caught:
        import_library(content)

    assert caught.value.errors


# --- Plan types -------------------------------------------------------------------------------
@pytest.fixture
def plan_type(admin, library) -> PlanType:
    """Sections in an order of its own, two goals, two roles, two fields."""
    goals = [GoalDefinition.objects.get(name=name) for name in ("Trust", "Win the ward")]
    plan_type = factories.create_plan_type("Ward Plan", sections=["reviews", "vision"], goals=goals)
    roles = [factories.stakeholder_role("Champion"), factories.stakeholder_role("Gatekeeper")]
    operations.save_plan_type(plan_type, expected_roles=roles)
    factories.create_custom_field(plan_type, "tier", kind="choice", choices=["Gold", "Silver"])
    factories.create_custom_field(plan_type, "budget", kind="money", is_required=True)
    return plan_type


def test_plan_type_comes_back_with_the_roles_it_expects(admin, plan_type: PlanType) -> None:
    """Roles that are missing are made with what they mean; the second time nothing changes."""
    content, pk = export_library(admin), plan_type.pk
    plan_type.delete()
    champion = PickListValue.objects.filter(pick_list="stakeholder_role", name="Champion")
    meaning = champion.get().meaning
    champion.delete()

    report = import_library(content)

    assert report.created == {"plan_types": 1, "stakeholder_roles": 1, "custom_fields": 2}
    made = PlanType.objects.get(pk=pk)
    assert {role.name for role in made.expected_roles.all()} == {"Champion", "Gatekeeper"}
    assert meaning
    assert champion.get().meaning == meaning
    assert made.sections == ["reviews", "vision"]
    again = json.loads(export_library(admin))
    assert again["plan_types"][0]["custom_fields"] == json.loads(content)["plan_types"][0]["custom_fields"]
    assert [goal["name"] for goal in again["goal_definitions"]] == ["Trust", "Win the ward"]
    entries = Change.objects.unscoped("count").count()
    assert not import_library(export_library(admin)).has_changes
    assert Change.objects.unscoped("count").count() == entries


def test_plan_type_of_another_company_is_known_by_its_name(admin, plan_type: PlanType) -> None:
    """It takes the sections, roles and fields of the file; fields that only stand here stay, as plans may use them."""
    rows = exported(admin)
    (row,) = rows["plan_types"]
    row |= {"id": "6f3d4bb3-0f0e-4c3e-9a55-0b8b4f4c7a01", "sections": ["risks"], "goal_definitions": []}
    row["expected_roles"] = [{"name": "Head of the board", "meaning": "decides"}]
    row["custom_fields"] = [row["custom_fields"][1] | {"label": "Budget of the year"}]
    before = PlanType.objects.get().version

    report = import_library(as_file(rows))

    found = PlanType.objects.get()
    assert (found.pk, found.sections, found.ordered_goals) == (plan_type.pk, ["risks"], [])
    assert found.version > before
    assert [role.meaning for role in found.expected_roles.all()] == ["decides"]
    assert [(field.key, field.label) for field in found.custom_fields.all()] == [
        ("tier", "Tier"),
        ("budget", "Budget of the year"),
    ]
    assert report.updated == {"plan_types": 1, "custom_fields": 1}


def test_what_is_wrong_with_a_plan_type_names_its_place(admin, plan_type: PlanType) -> None:
    rows = exported(admin)
    (row,) = rows["plan_types"]
    row["custom_fields"][1]["kind"] = "number"
    row["expected_roles"] = [{"name": "Nobody yet", "meaning": ""}]

    with pytest.raises(LibraryFileError) as refused:
        import_library(as_file(rows))

    assert [(error.row, error.field) for error in refused.value.errors] == [
        ("plan_types.0.custom_fields.1", "kind")
    ]
    assert not PickListValue.objects.filter(name="Nobody yet").exists()
    row["goal_definitions"] = [row["id"]]
    with pytest.raises(LibraryFileError) as refused:
        import_library(as_file(rows))
    assert [(error.row, error.field) for error in refused.value.errors] == [
        ("plan_types.0", "goal_definitions")
    ]


def test_file_of_version_1_is_still_read(admin, plan_type: PlanType) -> None:
    rows = exported(admin)
    del rows["plan_types"]

    report = import_library(as_file(rows | {"format_version": 1}))

    assert not report.has_changes
    assert PlanType.objects.get().expected_roles.count() == 2
