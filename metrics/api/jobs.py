"""The periodic jobs: when each ran last, what came of it, when it runs next. For administrators; read only."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kam.core.api.fields import UtcDateTimeField
from kam.core.api.views import KamAPIView
from metrics import jobs
from metrics.jobs import JobState
from metrics.models import JobRun


class JobRunSerializer(serializers.ModelSerializer):
    """One period of a job. `error` is empty unless its last attempt failed."""

    period = UtcDateTimeField()
    started_at = UtcDateTimeField()
    finished_at = UtcDateTimeField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)

    class Meta:
        model = JobRun
        fields = ("period", "started_at", "finished_at", "seconds", "attempts", "result", "error")


class PeriodicJobSerializer(serializers.Serializer):
    name = serializers.CharField()
    label = serializers.CharField()
    every_seconds = serializers.IntegerField()
    status = serializers.ChoiceField(choices=jobs.STATUSES)
    next_run = UtcDateTimeField()
    last_run = JobRunSerializer(allow_null=True)


class PeriodicJobListSerializer(serializers.Serializer):
    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = PeriodicJobSerializer(many=True)


def answer(state: JobState) -> dict[str, Any]:
    return {
        "name": state.job.name,
        "label": str(state.job.label),
        "every_seconds": int(state.job.every.total_seconds()),
        "status": state.status,
        "next_run": UtcDateTimeField().to_representation(state.next_run),
        "last_run": JobRunSerializer(state.last).data if state.last else None,
    }


class PeriodicJobsView(KamAPIView):
    """All of them, each with its last run."""

    kam_policy = "metrics.view_operations"

    @extend_schema(responses=PeriodicJobListSerializer, operation_id="periodic_jobs_list")
    def get(self, request: Request) -> Response:
        results = [answer(state) for state in jobs.states()]
        return Response({"count": len(results), "next": None, "previous": None, "results": results})


class PeriodicJobView(KamAPIView):
    """One of them."""

    kam_policy = "metrics.view_operations"

    @extend_schema(responses=PeriodicJobSerializer, operation_id="periodic_jobs_retrieve")
    def get(self, request: Request, name: str) -> Response:
        for state in jobs.states():
            if state.job.name == name:
                return Response(answer(state))
        raise Http404
