"""Bringing a library file in: all or nothing, and the same file again changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm.enums import PickList
from crm.models import ActivityType, PickListValue
from kam.core.models import BaseModel
from kam.core.writing import check_row
from templates_app import operations, policies
from templates_app.enums import VersionStatus
from templates_app.importing.file_format import (
    CUSTOM_FIELD_FIELDS,
    PLAN_TYPE_FIELDS,
    LibraryFileError,
    RowError,
    model_errors,
    parse,
)
from templates_app.models import (
    ActionPlanTemplate,
    ActionPlanTemplateItem,
    ActionPlanTemplateVersion,
    CustomField,
    GoalDefinition,
    PlanType,
)

# What a file names of these lists is made where it is missing, and counted as this.
MADE_WHERE_MISSING = {
    PickList.TEMPLATE_CATEGORY: "categories",
    PickList.STAKEHOLDER_ROLE: "stakeholder_roles",
}
GOAL_FIELDS = (
    "name",
    "description",
    "applies_to",
    "measure_kind",
    "default_target",
    "unit",
    "default_weight",
    "status",
)
ITEM_FIELDS = tuple(name.removesuffix("_id") for name in operations.ITEM_FIELDS)


@dataclass
class ImportReport:
    """What was made, or would be: per kind of object."""

    created: dict[str, int] = field(default_factory=dict)
    updated: dict[str, int] = field(default_factory=dict)
    unchanged: dict[str, int] = field(default_factory=dict)

    def count(self, outcome: str, kind: str) -> None:
        counts = getattr(self, outcome)
        counts[kind] = counts.get(kind, 0) + 1

    @property
    def has_changes(self) -> bool:
        return bool(self.created or self.updated)


def import_library(content: bytes, *, dry_run: bool = False) -> ImportReport:
    """Bring the file in, in one transaction; raises `LibraryFileError` with all that is wrong."""
    rows = parse(content)
    with transaction.atomic():
        report = _Loader().load(rows)
        if dry_run:
            transaction.set_rollback(True)
    return report


@dataclass(frozen=True)
class _Item:
    """A checked item without a version, and the key of its prerequisite."""

    row: ActionPlanTemplateItem
    after: Any


class _Loader:
    def __init__(self) -> None:
        self.report = ImportReport()
        self.errors: list[RowError] = []
        self.row = ""
        lists = PickListValue.objects.filter(pick_list__in=MADE_WHERE_MISSING)
        self.values = {(value.pick_list, value.name): value for value in lists}
        self.activity_types = {row.name: row for row in ActivityType.objects.all()}

    def load(self, rows: dict[str, Any]) -> ImportReport:
        kinds = {
            "action_plan_templates": self._template,
            "goal_definitions": self._goal,
            "plan_types": self._plan_type,
        }
        for kind in kinds:
            self._refuse_twice(kind, [row["id"] for row in rows[kind]])
        for kind, load_row in kinds.items():
            for index, row in enumerate(rows[kind]):
                with self._at(f"{kind}.{index}"):
                    load_row(row)
        if self.errors:
            raise LibraryFileError(self.errors)
        return self.report

    # --- Errors ---------------------------------------------------------------------------
    @contextmanager
    def _at(self, row: str) -> Iterator[None]:
        """Errors of the block belong to this row; the next row is tried anyway."""
        outer, self.row = self.row, row
        try:
            with transaction.atomic():
                yield
        except ValidationError as error:
            if hasattr(error, "error_dict"):
                self.errors += model_errors(row, error)
            else:
                self.errors += [RowError(row, "", message) for message in error.messages]
        finally:
            self.row = outer

    def _refuse_twice(self, kind: str, ids: list[Any]) -> None:
        for index, pk in enumerate(ids):
            if pk in ids[:index]:
                self.errors.append(RowError(f"{kind}.{index}", "id", _("This stands in the file twice.")))

    def _category(self, name: str | None) -> PickListValue | None:
        return None if name is None else self._value(PickList.TEMPLATE_CATEGORY, name)

    def _value(self, pick_list: PickList, name: str, *, meaning: str = "") -> PickListValue:
        """The value with this name; one that is missing is made, as the last of its list."""
        key = (pick_list.value, name)
        if key not in self.values:
            order = max((row.order for row in self.values.values() if row.pick_list == pick_list), default=0)
            value = PickListValue(pick_list=pick_list, name=name, meaning=meaning, order=order + 1)
            check_row(value)
            value.save()
            self.report.count("created", MADE_WHERE_MISSING[pick_list])
            self.values[key] = value
        return self.values[key]

    def _count(self, row: BaseModel, kind: str, *, is_new: bool, is_changed: bool) -> None:
        self.report.count("created" if is_new else "updated" if is_changed else "unchanged", kind)

    # --- Templates ------------------------------------------------------------------------
    def _template(self, row: dict[str, Any]) -> None:
        found = ActionPlanTemplate.objects.select_for_update().filter(pk=row["id"]).first()
        template = found or ActionPlanTemplate(pk=row["id"])
        template.name, template.description = row["name"], row["description"]
        template.category = self._category(row["category"])
        check_row(template)
        changed = bool(template.changed_fields())
        template.save()
        self._count(template, "action_plan_templates", is_new=found is None, is_changed=changed)
        place = self.row
        numbers = [version["number"] for version in row["versions"]]
        for index, version in sorted(enumerate(row["versions"]), key=lambda pair: pair[1]["number"]):
            with self._at(f"{place}.versions.{index}"):
                if numbers.count(version["number"]) > 1:
                    raise ValidationError({"number": _("This stands in the file twice.")})
                self._version(template, version)

    def _version(self, template: ActionPlanTemplate, row: dict[str, Any]) -> None:
        items = self._items(row["items"])
        version = template.versions.filter(number=row["number"]).first()
        if version is None:
            version = self._new_version(template, row)
            self._fill(version, items)
            self._step(version, row)
            self.report.count("created", "versions")
            return
        differs = bool(policies.difference(operations.item_values(version), _values(items)))
        if differs and not version.is_draft:
            raise ValidationError(
                {"number": _("This version is published here with other items: it never changes.")}
            )
        if differs:
            version.items.all().delete()
            self._fill(version, items)
        stepped = self._step(version, row)
        self._count(version, "versions", is_new=False, is_changed=differs or stepped)

    def _new_version(self, template: ActionPlanTemplate, row: dict[str, Any]) -> ActionPlanTemplateVersion:
        others = list(template.versions.all())
        if any(other.is_draft for other in others):
            raise ValidationError({"number": _("The template has a draft here. Publish or delete it first.")})
        if any(other.number > row["number"] for other in others):
            raise ValidationError({"number": _("The template has a later version here already.")})
        return ActionPlanTemplateVersion.objects.create(template=template, number=row["number"])

    def _step(self, version: ActionPlanTemplateVersion, row: dict[str, Any]) -> bool:
        """Take a version as far as it is in the file, never back. Whether that was a step."""
        stepped = False
        if version.is_draft and row["status"] != VersionStatus.DRAFT:
            try:
                version = operations.publish_version(version, actor=None, at=row["published_at"])
            except operations.NotPublishable as error:
                raise ValidationError(error.problems) from error
            stepped = True
        if version.status == VersionStatus.PUBLISHED and row["status"] == VersionStatus.RETIRED:
            operations.retire_version(version)
            stepped = True
        return stepped

    # --- Items ----------------------------------------------------------------------------
    def _items(self, rows: list[dict[str, Any]]) -> list[_Item]:
        keys = [row["key"] for row in rows]
        items = []
        before = len(self.errors)
        place = self.row
        for index, row in enumerate(rows):
            with self._at(f"{place}.items.{index}"):
                if row["key"] in keys[:index]:
                    raise ValidationError({"key": _("This stands in the version twice.")})
                if row["prerequisite"] is not None and row["prerequisite"] not in keys:
                    raise ValidationError(
                        {"prerequisite": _("There is no item with this key in the version.")}
                    )
                items.append(self._item(row, order=index + 1))
        if len(self.errors) > before:
            raise ValidationError(_("Some of its items cannot be imported."))
        if policies.has_ring({row["key"]: row["prerequisite"] for row in rows}):
            raise ValidationError({"items": _("Some items wait for each other.")})
        return items

    def _item(self, row: dict[str, Any], *, order: int) -> _Item:
        values = {name: row[name] for name in ITEM_FIELDS}
        if (name := values["activity_type"]) is not None and name not in self.activity_types:
            raise ValidationError(
                {
                    "activity_type": _("There is no activity type “%(name)s” here: add it first.")
                    % {"name": name}
                }
            )
        values["activity_type"] = self.activity_types.get(name)
        item = ActionPlanTemplateItem(key=row["key"], order=order, **values)
        item.clean_fields(exclude=["template_version", "activity_type", "prerequisite"])
        item.clean()
        return _Item(item, row["prerequisite"])

    def _fill(self, version: ActionPlanTemplateVersion, items: list[_Item]) -> None:
        ids = {item.row.key: item.row.pk for item in items}
        for item in items:
            item.row.template_version = version
            item.row.prerequisite_id = ids.get(item.after)
        ActionPlanTemplateItem.objects.bulk_create(item.row for item in items)

    # --- Goals ----------------------------------------------------------------------------
    def _goal(self, row: dict[str, Any]) -> None:
        found = GoalDefinition.objects.select_for_update().filter(pk=row["id"]).first()
        goal = found or GoalDefinition(pk=row["id"])
        for name in GOAL_FIELDS:
            setattr(goal, name, row[name])
        goal.category = self._category(row["category"])
        check_row(goal)
        templates = _named(
            ActionPlanTemplate,
            row,
            "action_plan_templates",
            _("There is no action plan template %(id)s, neither here nor in the file."),
        )
        before = goal.version
        operations.save_goal(goal, templates)
        self._count(goal, "goal_definitions", is_new=found is None, is_changed=goal.version != before)

    # --- Plan types -----------------------------------------------------------------------
    def _plan_type(self, row: dict[str, Any]) -> None:
        """The one with the id, or else with the name, which stands for the same in every company."""
        types = PlanType.objects.select_for_update()
        found = types.filter(pk=row["id"]).first() or types.filter(name=row["name"]).first()
        plan_type = found or PlanType(pk=row["id"])
        for name in PLAN_TYPE_FIELDS:
            setattr(plan_type, name, row[name])
        check_row(plan_type)
        goals = _named(
            GoalDefinition,
            row,
            "goal_definitions",
            _("There is no goal definition %(id)s, neither here nor in the file."),
        )
        roles = [
            self._value(PickList.STAKEHOLDER_ROLE, role["name"], meaning=role["meaning"])
            for role in row["expected_roles"]
        ]
        before = plan_type.version
        operations.save_plan_type(plan_type, goals, expected_roles=roles)
        self._count(plan_type, "plan_types", is_new=found is None, is_changed=plan_type.version != before)
        self._custom_fields(plan_type, row["custom_fields"])

    def _custom_fields(self, plan_type: PlanType, rows: list[dict[str, Any]]) -> None:
        """By key. Those that the file does not name stay: plans may have values of them."""
        known = {field.key: field for field in plan_type.custom_fields.all()}
        keys = [row["key"] for row in rows]
        is_in_order = [key for key in known if key in keys] == keys
        place = self.row
        for index, row in enumerate(rows):
            with self._at(f"{place}.custom_fields.{index}"):
                if row["key"] in keys[:index]:
                    raise ValidationError({"key": _("This stands in the plan type twice.")})
                found = known.get(row["key"])
                custom_field = found or CustomField(plan_type=plan_type, key=row["key"])
                for name in CUSTOM_FIELD_FIELDS:
                    setattr(custom_field, name, row[name])
                if not is_in_order:
                    custom_field.order = index + 1
                check_row(custom_field)
                is_changed = bool(custom_field.changed_fields())
                custom_field.save()
                self._count(custom_field, "custom_fields", is_new=found is None, is_changed=is_changed)


def _named(model: Any, row: dict[str, Any], name: str, missing: str) -> list[Any]:
    """The rows that the file names by id, in its order; raises `ValidationError` with the first that is `missing`."""
    found = model.objects.in_bulk(row[name])
    for pk in row[name]:
        if pk not in found:
            raise ValidationError({name: missing % {"id": pk}})
    return [found[pk] for pk in row[name]]


def _values(items: list[_Item]) -> dict[Any, dict[str, Any]]:
    """As `operations.item_values` of a saved version."""
    return {
        item.row.key: {name: getattr(item.row, name) for name in ITEM_FIELDS} | {"prerequisite": item.after}
        for item in items
    }
