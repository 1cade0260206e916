"""Shared bases and the tables that belong to no business area."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kam.core.changes import ChangeTracking, TrackedQuerySet
from kam.core.gate import CatalogQuerySet, ScopedQuerySet, gate_open


class Change(models.Model):
    """One entry of the change log. Append only: the application offers no way to alter or delete it."""

    class Operation(models.TextChoices):
        CREATE = "create", _("Created")
        UPDATE = "update", _("Changed")
        DELETE = "delete", _("Deleted")
        VIEW = "view", _("Looked at")

    class Queryset(ScopedQuerySet):
        """Entries hold what only some may see: read them through `of`, or say why not."""

        def of(self, instance: models.Model) -> Change.Queryset:
            """The history of a row that was loaded through the gate, and of what belongs to it."""
            entries = self.filter(models.Q(object_id=instance.pk) | models.Q(container_id=instance.pk))
            return entries._scoped(f"history of {instance.pk}")

        def update(self, **kwargs: Any) -> int:
            raise TypeError("The change log cannot be changed.")

        def delete(self) -> tuple[int, dict[str, int]]:
            raise TypeError("The change log cannot be deleted.")

        def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
            if kwargs.get("update_conflicts"):
                raise TypeError("The change log cannot be changed.")
            return super().bulk_create(objs, *args, **kwargs)

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(default=timezone.now, editable=False)
    # No constraint: the entry outlives the user.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    actor_name = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=20)
    reason = models.CharField(max_length=500, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    model = models.CharField(max_length=100)
    object_id = models.UUIDField()
    object_name = models.CharField(max_length=200, blank=True)
    container_id = models.UUIDField(null=True, help_text=_("The plan or account the row belongs to."))
    operation = models.CharField(max_length=10, choices=Operation.choices)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)

    objects = Queryset.as_manager()

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("object_id", "id"), name="change_object"),
            models.Index(fields=("container_id", "id"), name="change_container"),
        )

    def __str__(self) -> str:
        return f"{self.get_operation_display()}: {self.object_name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("The change log cannot be changed.")
        super().save(*args, **{**kwargs, "force_insert": True})  # never an UPDATE of the entry with this id

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("The change log cannot be deleted.")


class IdempotencyKey(models.Model):
    """What the first request with an `Idempotency-Key` was and what it answered (kept 24 hours)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    headers = models.JSONField(default=dict)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "key"), name="idempotency_key_once"),)
        indexes = (models.Index(fields=("started_at",), name="idempotency_started"),)

    def __str__(self) -> str:
        return self.key


class TrackedScopedQuerySet(ScopedQuerySet, TrackedQuerySet):
    """For models whose rows not everybody may see."""


class TrackedCatalogQuerySet(CatalogQuerySet, TrackedQuerySet):
    """For models whose rows every active user may read."""


class BaseModel(ChangeTracking):
    """Public id that nobody can count or guess, version, and who and when."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )

    class Meta:
        abstract = True

    # Uniqueness holds for all rows, also those the user may not see: Django asks without a user here.
    def validate_unique(self, exclude: Any = None) -> None:
        with gate_open("uniqueness check"):
            super().validate_unique(exclude=exclude)

    def validate_constraints(self, exclude: Any = None) -> None:
        with gate_open("constraint check"):
            super().validate_constraints(exclude=exclude)


class SourcedModel(BaseModel):
    """A row that may come from another system: `(source, external_id)` names it there, once."""

    source = models.CharField(
        max_length=50, null=True, blank=True, help_text=_("The system this row comes from, such as “sap”.")
    )
    external_id = models.CharField(max_length=200, null=True, blank=True, help_text=_("Its id there."))

    class Meta:
        abstract = True
        constraints = (
            models.UniqueConstraint(
                fields=("source", "external_id"), name="%(app_label)s_%(class)s_external_once"
            ),
        )

    def clean(self) -> None:
        super().clean()
        self.source = self.source or None
        self.external_id = self.external_id or None
        if (self.source is None) != (self.external_id is None):
            raise ValidationError({"external_id": _("Source and external id come together.")})


class TreeEdge(models.Model):
    """One pair of a tree's closure: `descendant` lies `depth` levels below `ancestor` (0: itself).

    Kept by database triggers (`kam.core.trees`), so it is right however a parent was changed.
    """

    depth = models.PositiveSmallIntegerField()

    class Meta:
        abstract = True
        constraints = (
            models.UniqueConstraint(fields=("ancestor", "descendant"), name="%(app_label)s_%(class)s_once"),
        )
