from __future__ import annotations

import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Case, Exists, OuterRef, Q, Subquery, Value, When
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.models import ActivityType
from kam.core.changelog import BOOKKEEPING
from kam.core.fields import QuantityField
from kam.core.models import BaseModel
from templates_app import policies
from templates_app.enums import AssigneeRole, ItemKind, LibraryStatus, Priority, VersionStatus
from templates_app.models.library import LibraryQuerySet, category_field, is_template_category

LONGEST = 3_650  # days: ten years


class VersionIsFixed(Exception):
    """A published or retired version, and what is in it, never changes."""

    def __init__(self) -> None:
        super().__init__(_("A published version never changes. Make a new version and edit that."))


# --- Templates ------------------------------------------------------------------------------
class ActionPlanTemplateQuerySet(LibraryQuerySet):
    def with_state(self) -> ActionPlanTemplateQuerySet:
        """Adds `state` (a `LibraryStatus`), `published_id`, `published_number`, `draft_id`, `draft_number`."""
        versions = ActionPlanTemplateVersion.objects.filter(template=OuterRef("pk"))
        published = versions.filter(status=VersionStatus.PUBLISHED)
        draft = versions.filter(status=VersionStatus.DRAFT)
        return self.annotate(
            published_id=Subquery(published.values("pk")[:1]),
            published_number=Subquery(published.values("number")[:1]),
            draft_id=Subquery(draft.values("pk")[:1]),
            draft_number=Subquery(draft.values("number")[:1]),
            state=Case(
                When(Exists(published), then=Value(LibraryStatus.ACTIVE.value)),
                When(Exists(draft) | ~Exists(versions), then=Value(LibraryStatus.DRAFT.value)),
                default=Value(LibraryStatus.RETIRED.value),
                output_field=models.CharField(),
            ),
        )


class ActionPlanTemplate(BaseModel):
    """A way of working that proved itself; its items stand in its versions."""

    name = models.CharField(max_length=200, unique=True)
    description = models.TextField(blank=True, max_length=20_000)
    category = category_field()
    copied_from = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="copies"
    )

    objects = ActionPlanTemplateQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        verbose_name = _("action plan template")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("templates_app:actionplantemplate_detail", args=[self.pk])

    def clean(self) -> None:
        super().clean()
        if self.category_id and not is_template_category(self.category):
            raise ValidationError({"category": _("This is a value of another list.")})


# --- Versions -------------------------------------------------------------------------------
class VersionQuerySet(LibraryQuerySet):
    """Refuses every change of what is published; `operations` takes the steps from one status to the next."""

    def fixed(self) -> VersionQuerySet:
        return self.exclude(status=VersionStatus.DRAFT)

    def update(self, **kwargs: Any) -> int:
        if set(kwargs) - BOOKKEEPING and ("status" in kwargs or self.order_by().fixed().exists()):
            raise VersionIsFixed
        return super().update(**kwargs)

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        objs = list(objs)
        if not all(version.is_draft for version in objs):
            raise VersionIsFixed
        return super().bulk_create(objs, *args, **kwargs)


class ActionPlanTemplateVersion(BaseModel):
    """One edition of a template. A draft is edited; published, it is what plans are made from."""

    template = models.ForeignKey(ActionPlanTemplate, models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)])
    status = models.CharField(max_length=20, choices=VersionStatus.choices, default=VersionStatus.DRAFT)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = VersionQuerySet.as_manager()
    log_related = ("template",)

    class Meta:
        ordering = ("template__name", "-number")
        verbose_name = _("version of an action plan template")
        verbose_name_plural = _("versions of action plan templates")
        constraints = (
            models.UniqueConstraint(fields=("template", "number"), name="template_version_number_once"),
            models.UniqueConstraint(
                fields=("template",), condition=Q(status=VersionStatus.DRAFT), name="template_one_draft"
            ),
            models.UniqueConstraint(
                fields=("template",),
                condition=Q(status=VersionStatus.PUBLISHED),
                name="template_one_published",
            ),
            models.CheckConstraint(
                condition=Q(status=VersionStatus.DRAFT, published_at__isnull=True)
                | Q(~Q(status=VersionStatus.DRAFT), published_at__isnull=False),
                name="template_version_published_at",
            ),
        )

    def __str__(self) -> str:
        return _("%(template)s, version %(number)s") % {"template": self.template, "number": self.number}

    def get_absolute_url(self) -> str:
        return reverse("templates_app:version_detail", args=[self.pk])

    @property
    def change_container_id(self) -> Any:
        return self.template_id

    @property
    def is_draft(self) -> bool:
        return self.status == VersionStatus.DRAFT

    def save(self, *args: Any, **kwargs: Any) -> None:
        self._refuse_change()
        super().save(*args, **kwargs)

    def _refuse_change(self) -> None:
        if self._state.adding:
            if not self.is_draft:
                raise VersionIsFixed
            return
        changed = {field.attname for field in self.changed_fields()}
        before = self._loaded.get("status")
        step = (before, self.status) if "status" in changed else None
        allowed: set[str] = set()
        if step == (VersionStatus.DRAFT, VersionStatus.PUBLISHED):
            allowed = {"status", "published_at", "published_by_id"}
        elif step == (VersionStatus.PUBLISHED, VersionStatus.RETIRED):
            allowed = {"status"}
        if changed - allowed:
            raise VersionIsFixed


def lock_drafts(version_ids: Iterable[Any]) -> None:
    """Keep these versions drafts until the end of the transaction; raise if one is not."""
    ids = {pk for pk in version_ids if pk is not None}
    rows = ActionPlanTemplateVersion._base_manager.select_for_update().filter(pk__in=ids).order_by("pk")
    if any(status != VersionStatus.DRAFT for status in rows.values_list("status", flat=True)):
        raise VersionIsFixed


# --- Items ----------------------------------------------------------------------------------
class ItemQuerySet(LibraryQuerySet):
    """Writes only to drafts."""

    def update(self, **kwargs: Any) -> int:
        with transaction.atomic(using=self.db):
            ids = set(self.order_by().values_list("template_version", flat=True))
            target = kwargs.get("template_version", kwargs.get("template_version_id"))
            lock_drafts({*ids, getattr(target, "pk", target)})
            return super().update(**kwargs)

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        objs = list(objs)
        with transaction.atomic(using=self.db):
            lock_drafts(item.template_version_id for item in objs)
            return super().bulk_create(objs, *args, **kwargs)


def offset_field(name: Any) -> models.PositiveSmallIntegerField:
    return models.PositiveSmallIntegerField(
        name,
        default=0,
        validators=[MaxValueValidator(LONGEST)],
        help_text=_("Days after the action plan starts."),
    )


class ActionPlanTemplateItem(BaseModel):
    """One piece of work in a version: the design of an action plan item and its task."""

    template_version = models.ForeignKey(ActionPlanTemplateVersion, models.CASCADE, related_name="items")
    key = models.UUIDField(
        default=uuid.uuid4, editable=False, help_text=_("The same item in every version of the template.")
    )
    kind = models.CharField(max_length=20, choices=ItemKind.choices, default=ItemKind.TASK)
    name = models.CharField(max_length=200)
    instructions = models.TextField(blank=True, max_length=20_000)
    start_offset = offset_field(_("starts on day"))
    due_offset = offset_field(_("due on day"))
    assignee_role = models.CharField(
        _("for"), max_length=30, choices=AssigneeRole.choices, default=AssigneeRole.OWNER
    )
    priority = models.CharField(max_length=10, choices=Priority.choices, default=Priority.NORMAL)
    is_required = models.BooleanField(_("required"), default=True)
    weight = QuantityField(
        default=1, validators=[MinValueValidator(Decimal(0))], help_text=_("0: does not count.")
    )
    target_quantity = QuantityField(
        _("how many"),
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.001"))],
        help_text=_("Where it is done in several steps, such as 8 calls."),
    )
    activity_type = models.ForeignKey(ActivityType, models.PROTECT, null=True, blank=True, related_name="+")
    order = models.PositiveSmallIntegerField(default=0, blank=True)
    prerequisite = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="dependants",
        verbose_name=_("comes after"),
    )

    objects = ItemQuerySet.as_manager()

    class Meta:
        ordering = ("template_version", "order", "created_at", "id")
        verbose_name = _("item of an action plan template")
        verbose_name_plural = _("items of action plan templates")
        constraints = (
            models.UniqueConstraint(fields=("template_version", "key"), name="template_item_key_once"),
            models.CheckConstraint(
                condition=Q(due_offset__gte=models.F("start_offset")),
                name="template_item_due_after_start",
                violation_error_message=_("It is due before it starts."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def change_container_id(self) -> Any:
        return self.template_version_id

    def clean(self) -> None:
        super().clean()
        errors: dict[str, Any] = {}
        if None not in (self.start_offset, self.due_offset) and self.due_offset < self.start_offset:
            errors["due_offset"] = _("It is due before it starts.")
        if self.kind == ItemKind.CALL_OBJECTIVE and not self.activity_type_id:
            errors["activity_type"] = _("Say what kind of call it is: logging one completes the item.")
        if self.prerequisite_id and (problem := self._prerequisite_problem()):
            errors["prerequisite"] = problem
        if errors:
            raise ValidationError(errors)

    def _prerequisite_problem(self) -> Any:
        others = ActionPlanTemplateItem._base_manager.filter(template_version=self.template_version_id)
        waits_for = dict(others.values_list("pk", "prerequisite"))
        if self.prerequisite_id not in waits_for:
            return _("It belongs to another version.")
        if policies.has_ring(waits_for | {self.pk: self.prerequisite_id}):
            return _("That one waits for this item already: they would wait for each other.")
        return None

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not (self._state.adding or self.changed_fields()):
            return
        with transaction.atomic():
            lock_drafts({self.template_version_id, getattr(self, "_loaded", {}).get("template_version_id")})
            super().save(*args, **kwargs)
