from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from kam.core.api import fields
from kam.core.api.serializers import BASE_FIELDS, KamModelSerializer, RefSerializer
from kam.jobs.kinds import ItemState
from kam.jobs.models import Job, JobItem, JobState
from kam.jobs.operations import counts_of


class JobCountsSerializer(serializers.Serializer):
    """How many of its targets, of those that the reader may see."""

    total = serializers.IntegerField()
    waiting = serializers.IntegerField()
    done = serializers.IntegerField()
    skipped = serializers.IntegerField()
    failed = serializers.IntegerField()


class JobSerializer(KamModelSerializer):
    state = serializers.ChoiceField(choices=JobState.choices, read_only=True)
    counts = serializers.SerializerMethodField()

    class Meta(KamModelSerializer.Meta):
        model = Job
        fields = (
            *BASE_FIELDS,
            "kind",
            "title",
            "owner",
            "state",
            "counts",
            "started_at",
            "finished_at",
        )
        read_only_fields = fields

    def prepare(self, rows: Sequence[Job]) -> None:
        super().prepare(rows)
        self.counts = counts_of(rows, self.context["request"].user)

    @extend_schema_field(JobCountsSerializer)
    def get_counts(self, job: Job) -> dict[str, int]:
        return self.counts[job.pk]


class JobItemSerializer(serializers.ModelSerializer):
    target = RefSerializer(source="shown_target")
    state = serializers.ChoiceField(choices=ItemState.choices)
    done_at = fields.UtcDateTimeField(allow_null=True)

    class Meta:
        model = JobItem
        fields = ("target", "state", "note", "done_at")

    def to_representation(self, item: JobItem) -> Any:
        item.shown_target = {"id": item.target_id, "name": str(item.target)}  # type: ignore[attr-defined]
        return super().to_representation(item)
