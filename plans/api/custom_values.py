"""The fields that a plan type adds, as the API shows and takes them: one object, by key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from kam.core.api.fields import money_text
from kam.users.models import User
from plans.models import Plan
from templates_app.enums import FieldKind

MOST = 200
VALUE: dict[str, Any] = {
    "nullable": True,
    "oneOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"id": {"type": "string", "format": "uuid"}, "name": {"type": "string"}},
        },
    ],
}


@extend_schema_field({"type": "object", "additionalProperties": VALUE})
class CustomValuesField(serializers.Field):
    """Texts, numbers and amounts as text, days as `YYYY-MM-DD`, colleagues as `{id, name}`; null takes away.

    The parent has looked up the people (`people_in_custom_values`) and says whose amounts are shown.
    """

    default_error_messages: ClassVar[dict[str, Any]] = {
        "not_an_object": _("Give an object: the values by the keys of their fields."),
        "too_many": _("These are too many values."),
    }

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            self.fail("not_an_object")
        if len(data) > MOST:
            self.fail("too_many")
        return dict(data)

    def get_attribute(self, instance: Plan) -> dict[str, Any]:
        parent: Any = self.parent
        shown: dict[str, Any] = {}
        for field in instance.plan_type.custom_fields.all():
            text = instance.custom_values.get(field.key)
            if text is None and field.is_retired:
                continue
            if text is not None and field.kind == FieldKind.MONEY:
                is_open = instance.pk in parent.with_numbers
                text = money_text(Decimal(text), instance.currency) if is_open else None
            elif text is not None and field.kind == FieldKind.USER:
                text = {"id": text, "name": parent.people.get(text, "")}
            shown[field.key] = text
        return shown

    def to_representation(self, value: dict[str, Any]) -> dict[str, Any]:
        return value


def people_in_custom_values(plans: Iterable[Plan]) -> dict[str, str]:
    """The names of the colleagues in the custom values of these plans, by id."""
    ids = {
        plan.custom_values[field.key]
        for plan in plans
        for field in plan.plan_type.custom_fields.all()
        if field.kind == FieldKind.USER and field.key in plan.custom_values
    }
    return {str(user.pk): str(user) for user in User.objects.filter(pk__in=ids)} if ids else {}
