"""What drf-spectacular cannot see by itself: problems, versions, replays, the forms of our fields."""

from __future__ import annotations

from typing import Any

from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from kam.core.api import fields
from kam.core.api.permissions import PUBLIC
from kam.core.api.problems import MEDIA_TYPE
from kam.core.api.serializers import ProblemSerializer, RefSerializer, StrictFields
from kam.core.filters import AmountRangeFilter, SearchFilter, YesNoFilter

DESCRIPTIONS = {
    "400": "The request is not valid; `errors` says what and where.",
    "401": "No login, or the token is not valid.",
    "403": "You see it but may not do this.",
    "404": "There is no such object, or you may not see it.",
    "406": "Only JSON is served.",
    "409": "The state of the record does not allow this.",
    "412": "Somebody else changed it; nothing was written.",
    "413": "The request is too large.",
    "415": "Only JSON is read.",
    "422": "The Idempotency-Key was used for another request.",
    "428": "Name the version you read: `If-Match` or `version`.",
    "429": "Too many requests.",
    "503": "The database is busy; try again.",
}


class KamAutoSchema(AutoSchema):
    def get_tags(self) -> list[str]:
        return [self._tokenize_path()[0]]

    @property
    def _is_resource_read(self) -> bool:
        return getattr(self.view, "action", "") in {"retrieve", "create", "update", "partial_update"}

    def get_override_parameters(self) -> list[Any]:
        parameters = [*super().get_override_parameters(), *getattr(self.view, "query_parameters", ())]
        if self.method in {"PUT", "PATCH", "DELETE"} and hasattr(self.view, "requires_version"):
            needed = "Needed unless `version` is in the body. " if self.view.requires_version else ""
            parameters.append(
                _header("If-Match", f"{needed}The ETag you read: the write fails if it is out of date.")
            )
        if self.method == "POST" and getattr(self.view, "is_replayable", False):
            parameters.append(
                _header(
                    "Idempotency-Key", "Sent again within 24 hours with the same body, it answers the same."
                )
            )
        if self._is_resource_read:
            etag = _header("ETag", "The version of the object.")
            etag.response = [200, 201]
            parameters.append(etag)
        return parameters

    def _problem_codes(self) -> list[str]:
        codes = ["400", "406", "429", "503"]
        writes = self.method not in {"GET", "HEAD"}
        if getattr(self.view, "kam_policy", None) != PUBLIC:
            codes += ["401", "403"]
        if "{" in self.path or getattr(self.view, "action", "") == "list":
            codes.append("404")
        if writes:
            codes += ["409", "413", "415"]
        if self.method == "POST" and getattr(self.view, "is_replayable", False):
            codes.append("422")
        if writes and "{" in self.path:
            codes += ["412", "428"]
        return sorted(codes)

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        responses = super()._get_response_bodies(direction)
        problem = self.resolve_serializer(ProblemSerializer, "response").ref
        for code in self._problem_codes():
            content = {MEDIA_TYPE: {"schema": problem}}
            responses.setdefault(code, {"description": DESCRIPTIONS[code], "content": content})
        return responses

    def _insert_field_validators(self, field: Any, schema: dict[str, Any]) -> None:
        super()._insert_field_validators(field, schema)
        # An empty text is no address, yet many addresses are empty.
        if schema.get("format") in {"email", "uri"} and (field.read_only or field.allow_blank):
            del schema["format"]

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> dict[str, Any]:
        schema = super()._map_basic_serializer(serializer, direction)
        if direction == "response" and schema.get("properties"):
            # An answer has all its fields, but for those that the serializer says are there at times.
            schema["required"] = sorted(
                schema["properties"].keys() - set(getattr(serializer, "at_times", ()))
            )
        if direction == "request" and isinstance(serializer, StrictFields):
            schema["additionalProperties"] = False
        return schema


def _header(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.HEADER, description=description)


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "kam.users.authentication.ApiTokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Token <key>`"}


class FilterExtension(DjangoFilterExtension):
    """Our own filters, which would be taken for what the model's field is."""

    target_class = "kam.core.api.filters.StrictFilterBackend"
    priority = 1

    def resolve_filter_field(
        self, auto_schema: Any, model: Any, filterset_class: Any, field_name: str, filter_field: Any
    ) -> list[dict[str, Any]]:
        parameters = super().resolve_filter_field(
            auto_schema, model, filterset_class, field_name, filter_field
        )
        for parameter in parameters:
            schema = parameter["schema"]
            if isinstance(filter_field, YesNoFilter):
                parameter["schema"] = {"type": "boolean"}
            elif isinstance(filter_field, AmountRangeFilter):
                parameter["schema"] = {"type": "number"}
            elif isinstance(filter_field, SearchFilter):
                schema["maxLength"] = filter_field.extra["max_length"]
            schema.setdefault("type", "string")
            for part in (schema, schema.get("items", {})):
                part.pop("nullable", None)  # of the model's field: a parameter is there or not
        return parameters


# What is read of an exact number, beside a JSON number.
DECIMAL_TEXT = {"type": "string", "format": "decimal", "pattern": f"^{fields.DECIMAL.pattern}$"}


class DecimalTextExtension(OpenApiSerializerFieldExtension):
    target_class = "kam.core.api.fields.DecimalTextField"
    match_subclasses = True
    priority = 1

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        if direction == "request":
            return {"oneOf": [DECIMAL_TEXT, {"type": "number"}]}
        places = self.target.decimal_places
        return {
            "type": "string",
            "format": "decimal",
            "pattern": rf"^-?[0-9]{{1,16}}(\.[0-9]{{1,{places}}})?$",
        }


class DecimalNumberExtension(OpenApiSerializerFieldExtension):
    target_class = "kam.core.api.fields.DecimalNumberField"
    match_subclasses = True
    priority = 2

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        number: dict[str, Any] = {"type": "number"}  # no `multipleOf`: validators divide floats by 0.1
        if isinstance(self.target, fields.PercentField):
            number |= {"minimum": 0, "maximum": 100}
        return {"oneOf": [number, DECIMAL_TEXT]} if direction == "request" else number


class ShareExtension(OpenApiSerializerFieldExtension):
    target_class = "kam.core.api.fields.ShareField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        return {"type": "number", "minimum": 0, "maximum": 1}


class RelatedExtension(OpenApiSerializerFieldExtension):
    target_class = "kam.core.api.fields.VisibleRelatedField"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        if direction == "request":
            return {"type": "string", "format": "uuid"}
        return auto_schema.resolve_serializer(RefSerializer, "response").ref


class ContributedExtension(OpenApiSerializerFieldExtension):
    target_class = "kam.core.api.serializers.ContributedField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        return auto_schema._map_serializer_field(self.target.contribution.field(), direction)
