"""The base of every resource: reading through the gate, writing by the rules."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import connection
from django.db.models import Model, QuerySet
from django.http import Http404
from rest_framework import exceptions, mixins, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from kam.core.api.locking import check_version, set_etag
from kam.core.api.permissions import BY_OBJECT
from kam.core.api.serializers import KamModelSerializer
from kam.core.api.views import ApiMixin


class VisibleReadOnlyViewSet(ApiMixin, mixins.ListModelMixin, GenericViewSet):
    """Lists and shows what the user may see; what is hidden is 404, like what does not exist.

    `queryset` names the model; `with_related` adds what its serializer reads, in a fixed number of
    statements. `filterset_class` is the one of the page.
    """

    kam_policy = BY_OBJECT
    lookup_value_converter = "uuid"
    filterset_class: ClassVar[Any] = None

    @property
    def model(self) -> type[Model]:
        return self.queryset.model

    def visible(self) -> QuerySet:
        return self.queryset.visible_to(self.request.user)

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset

    def get_queryset(self) -> QuerySet:
        return self.with_related(self.visible())

    def known_parameters(self) -> set[str]:
        known = super().known_parameters()
        if self.action == "list":
            known |= {"page", "page_size"}
            known |= self.filterset_class.parameter_names() if self.filterset_class else set()
        return known

    def repeatable_parameters(self) -> set[str]:
        return self.filterset_class.repeatable_names() if self.filterset_class else set()

    def get_object(self) -> Any:
        return found(self.get_queryset(), self.kwargs["pk"])

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.answer(self.get_object())

    def answer(self, instance: Any, status_code: int = status.HTTP_200_OK) -> Response:
        """The object as it is read, with its version."""
        return set_etag(Response(self.get_serializer(instance).data, status=status_code), instance)


class VisibleModelViewSet(VisibleReadOnlyViewSet):
    """List, create, retrieve, update, partial update and delete.

    Who sees an object but may not write it gets 403, asked as `user.has_perm("app.change_model", obj)`.
    A write locks the row before it compares versions, so of two writers one is told (412).
    """

    requires_version: ClassVar[bool] = False  # plan content: 428 without If-Match or `version`
    role_permission: ClassVar[str] = ""  # who may create at all, where the add rule needs the object

    def permission(self, action: str) -> str:
        opts = self.model._meta
        return f"{opts.app_label}.{action}_{opts.model_name}"

    def require(self, permission: str, instance: Any = None) -> None:
        if not self.request.user.has_perm(permission, instance):
            raise exceptions.PermissionDenied()

    def get_locked_object(self, permission: str, *, requires_version: bool | None = None) -> Any:
        """The row, locked until the end of the transaction: visible, permitted, of the version named."""
        visible = self.visible()
        if connection.features.has_select_for_update_of:
            visible = visible.select_for_update(of=("self",))
        instance = found(visible, self.kwargs["pk"])
        self.require(permission, instance)
        required = self.requires_version if requires_version is None else requires_version
        check_version(self.request, instance, required=required)
        return instance

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.require(self.role_permission or self.permission("add"))
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        self.require(self.permission("add"), serializer.candidate)
        instance = self.perform_create(serializer)
        response = self.answer(self.written(instance), status.HTTP_201_CREATED)
        response["Location"] = self.reverse_action("detail", [instance.pk])
        return response

    def perform_create(self, serializer: KamModelSerializer) -> Any:
        return serializer.save()

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self._update(request, partial=False)

    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self._update(request, partial=True)

    def _update(self, request: Request, *, partial: bool) -> Response:
        instance = self.get_locked_object(self.permission("change"))
        serializer = self.get_serializer(instance, data=request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        return self.answer(self.written(self.perform_update(serializer)))

    def perform_update(self, serializer: KamModelSerializer) -> Any:
        return serializer.save()

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        self.get_locked_object(self.permission("delete")).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)

    def written(self, instance: Any) -> Any:
        """The row as it is read now; its writer may have just given it away."""
        rows = self.queryset.unscoped("the user has just written this row")
        return self.with_related(rows).get(pk=instance.pk)


def found(queryset: QuerySet, pk: Any) -> Any:
    """The row, or 404: missing and hidden are the same."""
    instance = queryset.filter(pk=pk).first()
    if instance is None:
        raise Http404
    return instance
