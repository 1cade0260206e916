"""One's own notifications, and how one wants to be reminded."""

from __future__ import annotations

from django.db import connection
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from collaboration import operations
from collaboration.api import serializers
from collaboration.filters import NotificationFilter
from collaboration.models import Notification
from kam.core.api.locking import check_version
from kam.core.api.permissions import SIGNED_IN
from kam.core.api.views import KamAPIView
from kam.core.api.viewsets import VisibleReadOnlyViewSet, found


class NotificationViewSet(VisibleReadOnlyViewSet):
    """Reminders of plans that you see. Reading and putting off is all that can be changed."""

    kam_policy = SIGNED_IN
    queryset = Notification.objects.all()
    serializer_class = serializers.NotificationSerializer
    filterset_class = NotificationFilter
    requires_version = False

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.with_subjects()

    @extend_schema(
        request=serializers.NotificationChangeSerializer, responses=serializers.NotificationSerializer
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        rows = self.get_queryset()
        if connection.features.has_select_for_update_of:
            rows = rows.select_for_update(of=("self",))
        notification = found(rows, pk)
        check_version(request, notification, required=False)
        body = serializers.NotificationChangeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wish = body.validated_data
        if "snoozed_until" in wish:
            operations.snooze(notification, until=wish["snoozed_until"])
        if "is_read" in wish:
            operations.mark(notification, is_read=wish["is_read"])
        return self.answer(notification)

    @extend_schema(request=None, responses=serializers.MarkedSerializer)
    @action(detail=False, methods=["post"], url_path="mark-all-read")
    def mark_all_read(self, request: Request) -> Response:
        """All that is unread."""
        return Response({"marked": operations.mark_all_read(request.user)})


class ReminderSettingsView(KamAPIView):
    """When and how you are reminded of due dates."""

    kam_policy = SIGNED_IN

    @extend_schema(
        responses=serializers.ReminderSettingsSerializer, operation_id="reminder_settings_retrieve"
    )
    def get(self, request: Request) -> Response:
        return self._answer(request)

    @extend_schema(
        request=serializers.ReminderSettingsSerializer,
        responses=serializers.ReminderSettingsSerializer,
        operation_id="reminder_settings_update",
    )
    def patch(self, request: Request) -> Response:
        """What is not said stays as it is; from now on these are your own."""
        body = serializers.ReminderSettingsSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        row = operations.own_settings(request.user)
        for name, value in body.validated_data.items():
            setattr(row, name, value)
        row.full_clean(exclude=["user"])
        row.save()
        return self._answer(request)

    @extend_schema(responses={204: None}, operation_id="reminder_settings_destroy")
    def delete(self, request: Request) -> Response:
        """The company's hold again."""
        operations.forget_own_settings(request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _answer(self, request: Request) -> Response:
        row = operations.settings_of(request.user)
        return Response(serializers.ReminderSettingsSerializer(row).data)
