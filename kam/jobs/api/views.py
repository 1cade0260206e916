"""Work on many records that somebody asked for: how far it is, what came of each."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from kam.core.api.pagination import CappedPagination
from kam.core.api.viewsets import VisibleReadOnlyViewSet, found
from kam.jobs.api.serializers import JobItemSerializer, JobSerializer
from kam.jobs.filters import JobFilter
from kam.jobs.models import Job, JobItem
from kam.jobs.operations import look_up_targets


class JobViewSet(VisibleReadOnlyViewSet):
    """Jobs are made by what they do, such as importing goals into many plans."""

    queryset = Job.objects.all()
    serializer_class = JobSerializer
    filterset_class = JobFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("owner")

    def known_parameters(self) -> set[str]:
        return super().known_parameters() | ({"page", "page_size"} if self.action == "items" else set())

    @extend_schema(responses=JobItemSerializer(many=True))
    @action(detail=True, filterset_class=None)
    def items(self, request: Request, pk: str) -> Response:
        """What became of each target that the reader may see."""
        job = found(self.visible(), pk)
        pages = CappedPagination()
        rows = JobItem.objects.visible_to(request.user).filter(job=job).order_by("pk")
        page = pages.paginate_queryset(rows, request, view=self)
        look_up_targets(page, job, request.user)
        return pages.get_paginated_response(JobItemSerializer(page, many=True).data)
