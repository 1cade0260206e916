"""What stands in a library file, version 2. The shape is checked here, meaning where it is loaded.

Files of version 1 have no plan types. Ids and keys are the same wherever the file is imported; pick-list values and
activity types go by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import APIException, ValidationError

from crm.enums import RoleMeaning
from kam.core.api.fields import QuantityField, UtcDateTimeField
from kam.core.api.parsers import loads
from kam.core.api.problems import flat_errors
from kam.core.api.serializers import StrictSerializer
from templates_app.enums import (
    AppliesTo,
    AssigneeRole,
    FieldKind,
    ItemKind,
    LibraryStatus,
    MeasureKind,
    PlanSection,
    Priority,
    RevenueBasis,
    ReviewFrequency,
    VersionStatus,
)
from templates_app.models.action_plans import LONGEST
from templates_app.models.custom_fields import LONGEST_CHOICE, MOST_CHOICES

FORMAT, FORMAT_VERSION = "kam-library", 2
READ_VERSIONS = (1, FORMAT_VERSION)
PLAN_TYPE_FIELDS = (
    "name",
    "plural_name",
    "description",
    "sections",
    "default_revenue_basis",
    "default_review_frequency",
    "is_retired",
)
CUSTOM_FIELD_FIELDS = ("label", "kind", "help_text", "choices", "is_required", "is_retired")
MAX_SIZE = 10 * 1024 * 1024
MAX_ERRORS = 200


@dataclass(frozen=True)
class RowError:
    """`row` says where in the file, such as “action_plan_templates.2.versions.0.items.4”; the first is 0."""

    row: str
    field: str
    message: str


class LibraryFileError(Exception):
    """The file cannot be imported; nothing was."""

    def __init__(self, errors: list[RowError]) -> None:
        super().__init__(_("The file was not imported: %(count)s errors.") % {"count": len(errors)})
        self.errors = errors[:MAX_ERRORS]


def text(max_length: int, **kwargs: Any) -> serializers.CharField:
    return serializers.CharField(max_length=max_length, trim_whitespace=False, **kwargs)


def long_text() -> serializers.CharField:
    return text(20_000, allow_blank=True, default="")


class ItemRow(StrictSerializer):
    key = serializers.UUIDField()
    kind = serializers.ChoiceField(ItemKind.choices)
    name = text(200)
    instructions = long_text()
    start_offset = serializers.IntegerField(min_value=0, max_value=LONGEST)
    due_offset = serializers.IntegerField(min_value=0, max_value=LONGEST)
    assignee_role = serializers.ChoiceField(AssigneeRole.choices)
    priority = serializers.ChoiceField(Priority.choices)
    is_required = serializers.BooleanField()
    weight = QuantityField()
    target_quantity = QuantityField(allow_null=True, default=None)
    activity_type = text(100, allow_null=True, default=None)
    prerequisite = serializers.UUIDField(allow_null=True, default=None)


class VersionRow(StrictSerializer):
    number = serializers.IntegerField(min_value=1, max_value=32_767)
    status = serializers.ChoiceField(VersionStatus.choices)
    published_at = UtcDateTimeField(allow_null=True, default=None)
    items = ItemRow(many=True)  # type: ignore[assignment]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs["status"] == VersionStatus.DRAFT) != (attrs["published_at"] is None):
            raise ValidationError(
                {"published_at": [_("A version has this date from when it is published, and only then.")]}
            )
        return attrs


class TemplateRow(StrictSerializer):
    id = serializers.UUIDField()
    name = text(200)
    description = long_text()
    category = text(100, allow_null=True, default=None)
    versions = VersionRow(many=True)


class GoalRow(StrictSerializer):
    id = serializers.UUIDField()
    name = text(200)
    description = long_text()
    category = text(100, allow_null=True, default=None)
    applies_to = serializers.ChoiceField(AppliesTo.choices)
    measure_kind = serializers.ChoiceField(MeasureKind.choices)
    default_target = QuantityField(allow_null=True, default=None)
    unit = text(30, allow_blank=True, default="")
    default_weight = QuantityField()
    status = serializers.ChoiceField(LibraryStatus.choices)
    action_plan_templates = serializers.ListField(child=serializers.UUIDField(), max_length=200)


class RoleRow(StrictSerializer):
    name = text(100)
    meaning = serializers.ChoiceField(RoleMeaning.choices, allow_blank=True, default="")


class CustomFieldRow(StrictSerializer):
    key = text(40)
    label = text(100)  # type: ignore[assignment]
    kind = serializers.ChoiceField(FieldKind.choices)
    help_text = text(300, allow_blank=True, default="")  # type: ignore[assignment]
    choices = serializers.ListField(child=text(LONGEST_CHOICE), max_length=MOST_CHOICES)
    is_required = serializers.BooleanField()
    is_retired = serializers.BooleanField()


class PlanTypeRow(StrictSerializer):
    id = serializers.UUIDField()
    name = text(100)
    plural_name = text(100, allow_blank=True, default="")
    description = text(2_000, allow_blank=True, default="")
    sections = serializers.ListField(
        child=serializers.ChoiceField(PlanSection.choices), max_length=len(PlanSection)
    )
    default_revenue_basis = serializers.ChoiceField(RevenueBasis.choices)
    default_review_frequency = serializers.ChoiceField(ReviewFrequency.choices)
    is_retired = serializers.BooleanField()
    goal_definitions = serializers.ListField(child=serializers.UUIDField(), max_length=200)
    expected_roles = RoleRow(many=True)
    custom_fields = CustomFieldRow(many=True)


class LibraryFile(StrictSerializer):
    format = serializers.ChoiceField([FORMAT])
    format_version = serializers.ChoiceField(READ_VERSIONS)
    action_plan_templates = TemplateRow(many=True)
    goal_definitions = GoalRow(many=True)
    plan_types = PlanTypeRow(many=True, default=list)


def parse(content: bytes) -> dict[str, Any]:
    """The file's rows with their types; raises `LibraryFileError` with everything that is wrong in its shape."""
    if len(content) > MAX_SIZE:
        raise LibraryFileError([RowError("", "", _("The file is larger than 10 MB."))])
    try:
        serializer = LibraryFile(data=loads(content.removeprefix(b"\xef\xbb\xbf")))
        serializer.is_valid(raise_exception=True)
    except APIException as error:
        raise LibraryFileError(
            [_row_error(path, message) for path, _code, message in flat_errors(error.detail)]
        ) from error
    return serializer.validated_data


def _row_error(path: tuple[str, ...], message: str) -> RowError:
    parts = [part for part in path if part != "non_field_errors"]
    if parts and not parts[-1].isdecimal():
        return RowError(".".join(parts[:-1]), parts[-1], str(message))
    return RowError(".".join(parts), "", str(message))


def model_errors(row: str, error: DjangoValidationError) -> Iterator[RowError]:
    for field, messages in error.message_dict.items():
        for message in messages:
            yield RowError(row, "" if field == "__all__" else field, message)
