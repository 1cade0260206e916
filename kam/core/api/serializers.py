"""Serializers translate: the rules they enforce are the model's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import models
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.validators import UniqueValidator

from kam.core import fields as model_fields
from kam.core.api import fields, json_types
from kam.core.api.contributed import Contribution, contributions
from kam.core.api.problems import invalid
from kam.core.writing import check_row, save_row

MAX_VERSION = 2**31 - 1
BASE_FIELDS = ("id", "version", "created_at", "updated_at")
SOURCED_FIELDS = (*BASE_FIELDS, "source", "external_id")
# For `extra_kwargs`: a new row belongs to who makes it, unless they say otherwise.
ME: dict[str, Any] = {"default": serializers.CreateOnlyDefault(serializers.CurrentUserDefault())}


class StrictFields:
    """A field that the serializer does not know is an error: a typo must not be lost in silence.

    So is a value of another JSON type than the field's: `"no"` is no boolean, `5` no text.
    """

    def to_internal_value(self, data: Any) -> Any:
        known = self.fields  # type: ignore[attr-defined]
        refused = {}
        if isinstance(data, Mapping):
            message = _("There is no such field.")
            refused = {name: [ErrorDetail(message, code="unknown")] for name in data if name not in known}
            for name, value in data.items():
                if name in known and (wrong := json_types.mismatch(known[name], value)):
                    refused[name] = [ErrorDetail(wrong, code="invalid")]
        try:
            value = super().to_internal_value(data)  # type: ignore[misc]
        except ValidationError as error:
            if refused and isinstance(error.detail, dict):
                raise ValidationError({**error.detail, **refused}) from error
            raise
        if refused:
            raise ValidationError(refused)
        return value


class StrictSerializer(StrictFields, serializers.Serializer):
    """For the bodies of actions."""


class VersionedSerializer(StrictSerializer):
    """For actions on a record: `version` may stand in the body instead of `If-Match`."""

    version = serializers.IntegerField(required=False, min_value=1, max_value=MAX_VERSION)


class RefSerializer(serializers.Serializer):
    """A related object as it is read."""

    id = serializers.UUIDField()
    name = serializers.CharField()


@extend_schema_serializer(many=False)
class ErrorSerializer(serializers.Serializer):
    field = serializers.CharField(allow_null=True, help_text="Path of the field, such as `lines.0.amount`.")
    code = serializers.CharField()
    message = serializers.CharField()


@extend_schema_serializer(many=False)
class ProblemSerializer(serializers.Serializer):
    """An error, as RFC 9457 says."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = ErrorSerializer(many=True)


class ContributedField(serializers.Field):
    """A value that a higher app computes for the whole page (`kam.core.api.contributed`)."""

    def __init__(self, contribution: Contribution, **kwargs: Any) -> None:
        self.contribution = contribution
        super().__init__(read_only=True, **kwargs)

    def get_attribute(self, instance: Any) -> Any:
        values = self.parent.contributed[self.contribution.name]
        return values[instance.pk] if instance.pk in values else self.contribution.default()

    def to_representation(self, value: Any) -> Any:
        return value


class KamListSerializer(serializers.ListSerializer):
    """Looks things up for all rows at once, in answers and in requests."""

    def get_attribute(self, instance: Any) -> Any:
        rows = fields.shown_rows(instance, self.source)
        return super().get_attribute(instance) if rows is None else rows

    def to_representation(self, data: Any) -> list[Any]:
        rows = list(data.all() if isinstance(data, models.Manager) else data)
        if self.parent is None:
            self.child.prepare(rows)
        return super().to_representation(rows)

    def to_internal_value(self, data: Any) -> list[Any]:
        if isinstance(data, list):
            rows = [row for row in data if isinstance(row, dict)]
            for name, field in self.child.fields.items():
                if isinstance(field, fields.VisibleRelatedField) and not field.read_only:
                    field.preload(row.get(name) for row in rows)
        return super().to_internal_value(data)


class KamModelSerializer(StrictFields, serializers.ModelSerializer):
    """Base of every resource: exact numbers, gated relations, the model's rules mapped to fields.

    `fixed_fields` are set at creation and never change. `write` hands the checked row to the
    operation that saves it. Subclasses write `class Meta(KamModelSerializer.Meta)`.
    """

    fixed_fields: ClassVar[tuple[str, ...]] = ()
    serializer_related_field = fields.VisibleRelatedField
    serializer_field_mapping: ClassVar[dict[Any, Any]] = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.DateTimeField: fields.UtcDateTimeField,
        models.DateField: fields.DayField,
        model_fields.MoneyField: fields.MoneyField,
        model_fields.MoneyTotalField: fields.MoneyField,
        model_fields.PercentField: fields.PercentField,
        model_fields.QuantityField: fields.QuantityField,
        model_fields.RateField: fields.RateField,
    }

    class Meta:
        list_serializer_class = KamListSerializer
        # Uniqueness is the model's: DRF's own checks would query without a user.
        validators: ClassVar[list[Any]] = []

    @classmethod
    def own_columns(cls) -> list[str]:
        """The columns of the row itself that it shows, for `only()`."""
        columns = {field.name for field in cls.Meta.model._meta.concrete_fields}
        return [name for name in cls.Meta.fields if name in columns]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.contributed: dict[str, dict[Any, Any]] = {}
        self.candidate: Any = None
        super().__init__(*args, **kwargs)

    # --- What is shown ---------------------------------------------------------------------
    def get_fields(self) -> dict[str, serializers.Field]:
        result = super().get_fields()
        for name, contribution in contributions(self.Meta.model).items():
            result[name] = ContributedField(contribution)
        return result

    def build_standard_field(self, field_name: str, model_field: models.Field) -> tuple[Any, dict[str, Any]]:
        if field_name == "version":
            return serializers.IntegerField, {"required": False, "min_value": 1, "max_value": MAX_VERSION}
        field_class, kwargs = super().build_standard_field(field_name, model_field)
        if "validators" in kwargs:
            kwargs["validators"] = [v for v in kwargs["validators"] if not isinstance(v, UniqueValidator)]
        return field_class, kwargs

    def build_relational_field(self, field_name: str, relation_info: Any) -> tuple[Any, dict[str, Any]]:
        field_class, kwargs = super().build_relational_field(field_name, relation_info)
        if "queryset" in kwargs:
            kwargs["queryset"] = relation_info.related_model._default_manager.all()
        if "validators" in kwargs:
            kwargs["validators"] = [v for v in kwargs["validators"] if not isinstance(v, UniqueValidator)]
        kwargs.pop("view_name", None)
        return field_class, kwargs

    def prepare(self, rows: Sequence[Any]) -> None:
        """Look up what the rows of one page need together. Subclasses extend it."""
        user = self.context["request"].user
        for name, contribution in contributions(self.Meta.model).items():
            self.contributed[name] = contribution.compute(rows, user)

    def to_representation(self, instance: Any) -> Any:
        if self.parent is None:
            self.prepare([instance])
        return super().to_representation(instance)

    # --- What is written -------------------------------------------------------------------
    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        attrs.pop("version", None)
        if self.parent is None:
            self._refuse_fixed(attrs)
            self.candidate = self._filled(attrs)
            try:
                check_row(self.candidate)
            except DjangoValidationError as error:
                raise invalid(self._named(error)) from error
        return attrs

    def _named(self, error: DjangoValidationError) -> DjangoValidationError:
        """What must be unique together is said of the last of its fields: in a plan, of the colleague."""
        by_field: dict[str, list[DjangoValidationError]] = {}
        for name, errors in error.error_dict.items():
            for item in errors:
                place = self._field_of(item) if name == NON_FIELD_ERRORS else None
                if place is not None:
                    item.code = "unique"
                by_field.setdefault(place or name, []).append(item)
        return DjangoValidationError(by_field)

    def _field_of(self, error: DjangoValidationError) -> str | None:
        model = self.Meta.model
        for constraint in model._meta.constraints:
            if not isinstance(constraint, models.UniqueConstraint) or not constraint.fields:
                continue
            of_django = self.candidate.unique_error_message(model, constraint.fields)
            if {str(constraint.violation_error_message), *of_django.messages} & set(error.messages):
                named = [name for name in constraint.fields if name in self.fields]
                return named[-1] if named else None
        return None

    def _refuse_fixed(self, attrs: dict[str, Any]) -> None:
        if self.instance is None:
            return
        for name in self.fixed_fields:
            if name in attrs and attrs[name] != getattr(self.instance, name):
                raise ValidationError({name: [ErrorDetail(_("This cannot be changed."), code="fixed")]})

    def _filled(self, attrs: dict[str, Any]) -> Any:
        row = self.Meta.model() if self.instance is None else self.instance
        for name, value in attrs.items():
            if name not in self.relation_names and not (value is None and self._points_to_hidden(row, name)):
                setattr(row, name, value)
        return row

    def _points_to_hidden(self, row: Any, name: str) -> bool:
        """A related row that the user cannot see reads as null; sending that back must not cut the link."""
        field = self.fields.get(name)
        if self.instance is None or not isinstance(field, fields.VisibleRelatedField):
            return False
        pk = getattr(row, f"{name}_id")
        return pk is not None and not field.get_queryset().filter(pk=pk).exists()

    @property
    def relation_names(self) -> set[str]:
        """Names that are saved after the row: many-to-many relations and nested rows."""
        many = {field.name for field in self.Meta.model._meta.many_to_many}
        return many | {
            name for name, field in self.fields.items() if isinstance(field, serializers.ListSerializer)
        }

    def save(self, **kwargs: Any) -> Any:
        for name, value in kwargs.items():
            setattr(self.candidate, name, value)
        relations = {name: rows for name, rows in self.validated_data.items() if name in self.relation_names}
        self.instance = self.write(self.candidate, relations)
        return self.instance

    def write(self, row: Any, relations: dict[str, Any]) -> Any:
        return save_row(row, relations=relations, user=self.context["request"].user)
