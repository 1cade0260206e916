"""`POST {kind}/bulk/`: thousands of records in one request."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from crm.bulk import KINDS, BulkResult, may_write, upsert
from kam.core.api.parsers import StrictJSONParser, check_values
from kam.core.api.permissions import BY_OBJECT
from kam.core.api.problems import MEDIA_TYPE, PayloadTooLarge
from kam.core.api.serializers import ErrorSerializer, ProblemSerializer, StrictSerializer
from kam.core.api.throttles import UserThrottle
from kam.core.api.views import KamAPIView

MOST_ROWS = 10_000
ROWS_HELP = (
    "At most 10,000 objects. Each has `source` and `external_id` (products and categories: or `code`), by which "
    "it is found again, and the fields of the resource; what it does not name stays as it is. References are ids, "
    '`{"source": "…", "external_id": "…"}`, `{"code": "…"}`, `{"name": "…"}` or, for users, `{"username": "…"}`.'
)


@extend_schema_field(
    {"type": "array", "maxItems": MOST_ROWS, "items": {"type": "object", "additionalProperties": {}}}
)
class RowsField(serializers.Field):
    """The rows as they came: `crm.bulk` checks them, all at once."""

    def to_internal_value(self, data: Any) -> list[Any]:
        if not isinstance(data, list):
            raise exceptions.ValidationError(_("Give a list of rows."), code="invalid")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class BulkSerializer(StrictSerializer):
    mode = serializers.ChoiceField(choices=["upsert"], default="upsert")
    atomic = serializers.BooleanField(default=True, help_text="Keep nothing if any row is refused.")
    rows = RowsField(help_text=ROWS_HELP)


class RowErrorSerializer(serializers.Serializer):
    row = serializers.IntegerField(help_text="Counts from 0.")
    field = serializers.CharField(
        help_text="Path such as `lines.0.amount`; empty where the whole row is meant."
    )
    code = serializers.CharField()
    message = serializers.CharField()


class BulkErrorSerializer(ErrorSerializer):
    at_times = ("row",)
    row = serializers.IntegerField(help_text="Counts from 0.")


class BulkResultSerializer(serializers.Serializer):
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    failed = serializers.IntegerField()
    errors = RowErrorSerializer(many=True)


class BulkProblemSerializer(ProblemSerializer):
    """What is wrong with the rows; or, without `row` and the counts, with the request as such."""

    at_times = ("created", "updated", "unchanged", "failed")
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    failed = serializers.IntegerField()
    errors = BulkErrorSerializer(many=True)


class BulkThrottle(UserThrottle):
    """One request may hold ten thousand rows."""

    scope = "bulk"
    rate = "120/min"


class BulkParser(StrictJSONParser):
    """A text in a row that no database stores is an error of that row, not of the request."""

    def check(self, value: dict[str, Any], *, texts: bool) -> None:
        check_values({name: item for name, item in value.items() if name != "rows"}, texts=texts)
        check_values({"rows": value.get("rows")}, texts=False)


class BulkView(KamAPIView):
    """Makes what is new, changes what differs, leaves the rest alone."""

    kam_policy = BY_OBJECT
    parser_classes = (BulkParser,)
    throttle_classes = (UserThrottle, BulkThrottle)
    kind: ClassVar[str] = ""

    @extend_schema(
        request=BulkSerializer,
        responses={200: BulkResultSerializer, (400, MEDIA_TYPE): BulkProblemSerializer},
        description=(
            "Makes what is new, changes what differs and leaves the rest alone, in a fixed number of statements. "
            "With `atomic` a refused row refuses the request: 400, with the same members beside those of a problem."
        ),
        examples=[
            OpenApiExample(
                "One row",
                request_only=True,
                value={"atomic": True, "rows": [{"source": "erp", "external_id": "4711", "name": "…"}]},
            )
        ],
    )
    def post(self, request: Request) -> Response:
        if not may_write(request.user, KINDS[self.kind]):
            raise exceptions.PermissionDenied()
        body = BulkSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        rows, atomic = body.validated_data["rows"], body.validated_data["atomic"]
        if len(rows) > MOST_ROWS:
            raise PayloadTooLarge(_("A request takes at most %(limit)s rows.") % {"limit": MOST_ROWS})
        result = upsert(kind=self.kind, rows=rows, user=request.user, atomic=atomic)
        if atomic and result.errors:
            raise RowsRefused(result)
        return Response(asdict(result))


class RowsRefused(exceptions.ValidationError):
    """The problem of a request that was refused as a whole: it says the same as the answer to one that was not."""

    def __init__(self, result: BulkResult) -> None:
        count = result.failed
        message = ngettext(
            "%(count)s row was refused; nothing was kept.",
            "%(count)s rows were refused; nothing was kept.",
            count,
        )
        super().__init__(message % {"count": count})
        self.members = asdict(result)
