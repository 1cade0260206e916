from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from kam.core.api.locking import set_etag
from kam.core.api.problems import Conflict
from kam.core.api.serializers import VersionedSerializer
from kam.core.api.viewsets import VisibleModelViewSet
from templates_app import filters, operations
from templates_app.api import serializers
from templates_app.models import (
    ActionPlanTemplate,
    ActionPlanTemplateItem,
    ActionPlanTemplateVersion,
    CustomField,
    GoalDefinition,
    PlanType,
    VersionIsFixed,
)


class PlanTypeViewSet(VisibleModelViewSet):
    """What plans are called in this business, what they show, and what a new one starts with."""

    queryset = PlanType.objects.all()
    serializer_class = serializers.PlanTypeSerializer
    filterset_class = filters.PlanTypeFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.with_goals(self.request.user).prefetch_related("custom_fields", "expected_roles")


class CustomFieldViewSet(VisibleModelViewSet):
    """Fields that a business adds to its plans. One that plans have values of is retired, not deleted (409)."""

    queryset = CustomField.objects.all()
    serializer_class = serializers.CustomFieldSerializer
    filterset_class = filters.CustomFieldFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("plan_type")

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        try:
            return super().destroy(request, *args, **kwargs)
        except operations.FieldInUse as error:
            raise Conflict(str(error)) from error


class GoalDefinitionViewSet(VisibleModelViewSet):
    """Goals that a company sets itself again and again. One that plans use is retired, not deleted (409)."""

    queryset = GoalDefinition.objects.all()
    serializer_class = serializers.GoalDefinitionSerializer
    filterset_class = filters.GoalDefinitionFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.with_links()

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        try:
            return super().destroy(request, *args, **kwargs)
        except operations.GoalInUse as error:
            raise Conflict(str(error)) from error


class ActionPlanTemplateViewSet(VisibleModelViewSet):
    """Action plan templates. What is to be done stands in the items of their versions."""

    queryset = ActionPlanTemplate.objects.all()
    serializer_class = serializers.ActionPlanTemplateSerializer
    filterset_class = filters.ActionPlanTemplateFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        versions = ActionPlanTemplateVersion.objects.order_by("number")
        return (
            queryset.with_state()
            .select_related("category", "copied_from")
            .prefetch_related(Prefetch("versions", queryset=versions))
        )

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Only a template of which nothing was published; others are retired, version by version."""
        try:
            return super().destroy(request, *args, **kwargs)
        except VersionIsFixed as error:
            raise Conflict(str(error)) from error

    @extend_schema(request=VersionedSerializer, responses={201: serializers.VersionSerializer})
    @action(detail=True, methods=["post"], url_path="new-version")
    def new_version(self, request: Request, pk: str) -> Response:
        """The next draft, with the items of the last version. 409 while there is a draft."""
        read_body(request)
        template = self.get_locked_object(self.permission("change"))
        try:
            draft = operations.new_draft(template)
        except operations.DraftExists as error:
            raise Conflict(str(error)) from error
        return version_answer(request, draft, status.HTTP_201_CREATED)


class VersionViewSet(VisibleModelViewSet):
    """Versions of action plan templates. A published one never changes; only a draft can be deleted."""

    queryset = ActionPlanTemplateVersion.objects.all()
    serializer_class = serializers.VersionSerializer
    filterset_class = filters.VersionFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("template", "published_by")

    def perform_create(self, serializer: serializers.VersionSerializer) -> ActionPlanTemplateVersion:
        try:
            return operations.new_draft(serializer.candidate.template)
        except operations.DraftExists as error:
            raise Conflict(str(error)) from error

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        try:
            return super().destroy(request, *args, **kwargs)
        except VersionIsFixed as error:
            raise Conflict(str(error)) from error

    @extend_schema(request=VersionedSerializer, responses=serializers.VersionSerializer)
    @action(detail=True, methods=["post"])
    def publish(self, request: Request, pk: str) -> Response:
        """New plans are made from it; the version published before is retired."""
        read_body(request)
        version = self.get_locked_object(self.permission("change"))
        try:
            version = operations.publish_version(version, actor=request.user, at=timezone.now())
        except operations.NotPublishable as error:
            raise Conflict(str(error)) from error
        return self.answer(self.written(version))

    @extend_schema(request=VersionedSerializer, responses=serializers.VersionSerializer)
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, pk: str) -> Response:
        """No new plan is made from it; plans that were keep it."""
        read_body(request)
        version = self.get_locked_object(self.permission("change"))
        try:
            version = operations.retire_version(version)
        except operations.NotPublished as error:
            raise Conflict(str(error)) from error
        return self.answer(self.written(version))


class ItemViewSet(VisibleModelViewSet):
    """Items of versions: written while the version is a draft, else 409."""

    queryset = ActionPlanTemplateItem.objects.all()
    serializer_class = serializers.ItemSerializer
    filterset_class = filters.ItemFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("template_version__template", "activity_type", "prerequisite")

    def get_locked_object(self, permission: str, **kwargs: Any) -> ActionPlanTemplateItem:
        item = super().get_locked_object(permission, **kwargs)
        refuse_fixed(item.template_version)
        return item

    def perform_create(self, serializer: serializers.ItemSerializer) -> ActionPlanTemplateItem:
        refuse_fixed(serializer.candidate.template_version)
        return serializer.save()


def read_body(request: Request) -> None:
    """Steps take nothing but a `version`."""
    VersionedSerializer(data=request.data).is_valid(raise_exception=True)


def refuse_fixed(version: ActionPlanTemplateVersion) -> None:
    try:
        operations.keep_draft(version)
    except VersionIsFixed as error:
        raise Conflict(str(error)) from error


def version_answer(request: Request, version: ActionPlanTemplateVersion, status_code: int) -> Response:
    data = serializers.VersionSerializer(version, context={"request": request}).data
    return set_etag(Response(data, status=status_code), version)
