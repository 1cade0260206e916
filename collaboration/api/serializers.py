from __future__ import annotations

from typing import Any

from rest_framework import serializers

from collaboration.enums import MailChoice, NotificationKind
from collaboration.models import Notification, ReminderSettings
from collaboration.policies import EARLIEST, RAREST
from kam.core.api import fields
from kam.core.api.serializers import BASE_FIELDS, MAX_VERSION, RefSerializer, StrictSerializer


class NotificationSerializer(serializers.ModelSerializer):
    """`is_standing`: what it tells of is still to be done, by the same day."""

    created_at = fields.UtcDateTimeField()
    updated_at = fields.UtcDateTimeField()
    kind = serializers.ChoiceField(choices=NotificationKind.choices)
    name = serializers.CharField(source="__str__", help_text="The task, objective or review.")
    plan = fields.VisibleRelatedField(read_only=True)
    task = RefSerializer(allow_null=True, source="task_ref")
    objective = RefSerializer(allow_null=True, source="objective_ref")
    review = RefSerializer(allow_null=True, source="review_ref")
    is_read = serializers.BooleanField()
    is_standing = serializers.BooleanField()

    class Meta:
        model = Notification
        fields = (
            *BASE_FIELDS,
            "kind",
            "name",
            "plan",
            "task",
            "objective",
            "review",
            "due_date",
            "is_standing",
            "is_read",
            "read_at",
            "snoozed_until",
        )
        read_only_fields = fields
        extra_kwargs = {"read_at": {"allow_null": True}}

    def to_representation(self, row: Notification) -> Any:
        for kind in NotificationKind:
            subject = getattr(row, kind.field)
            named = subject and {"id": subject.pk, "name": str(subject)}
            setattr(row, f"{kind.field}_ref", named)
        return super().to_representation(row)


class NotificationChangeSerializer(StrictSerializer):
    version = serializers.IntegerField(required=False, min_value=1, max_value=MAX_VERSION)
    is_read = serializers.BooleanField(required=False)
    snoozed_until = fields.DayField(
        required=False, allow_null=True, help_text="Out of the way until this day, then unread again."
    )


class MarkedSerializer(serializers.Serializer):
    marked = serializers.IntegerField()


class ReminderSettingsSerializer(StrictSerializer):
    days_before = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=EARLIEST),
        max_length=EARLIEST + 1,
        help_text="So many days before something is due; 0 is the day itself.",
    )
    overdue_every = serializers.IntegerField(
        allow_null=True,
        min_value=1,
        max_value=RAREST,
        help_text="Days between two, while overdue; null: none.",
    )
    mail = serializers.ChoiceField(choices=MailChoice.choices)
    is_company = serializers.SerializerMethodField(help_text="You have none of your own: the company's hold.")

    def get_is_company(self, row: ReminderSettings) -> bool:
        return row._state.adding
