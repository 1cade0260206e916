"""People who log in, and the keys of systems that call the API."""

from __future__ import annotations

import hashlib
import secrets
import uuid
import zoneinfo
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kam.core.changes import ChangeTracking, TrackedQuerySet
from kam.core.gate import CatalogQuerySet


def validate_time_zone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("“%(value)s” is not a known time zone."), "time_zone", {"value": value})


class Role(models.TextChoices):
    KAM = "kam", _("Key account manager")
    MSL = "msl", _("Medical science liaison")
    MANAGER = "manager", _("Manager")
    EXECUTIVE = "executive", _("Executive")
    ADMIN = "admin", _("Administrator")
    INTEGRATION = "integration", _("Integration")
    VIEWER = "viewer", _("Viewer")


class UserQuerySet(CatalogQuerySet, TrackedQuerySet):
    """Colleagues: every active user may see names and roles."""

    def active(self) -> UserQuerySet:
        return self.filter(is_active=True)

    def people(self) -> UserQuerySet:
        """Those who can own work: not systems."""
        return self.active().exclude(role=Role.INTEGRATION)


class KamUserManager(UserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """`createsuperuser` makes an administrator: nobody goes round the rules, therefore no superusers."""

    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **extra: Any
    ) -> User:
        return self.create_user(username, email, password, **{**extra, "role": Role.ADMIN})


class User(ChangeTracking, AbstractUser):
    """A colleague (or, with role integration, a system). What they may do follows from the role."""

    untracked_fields = frozenset({"last_login"})
    secret_fields = frozenset({"password"})

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.VIEWER)
    manager = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="reports")
    delegate = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Decides during absence."),
    )
    time_zone = models.CharField(max_length=64, blank=True, validators=[validate_time_zone])
    locale = models.CharField(max_length=10, blank=True, choices=settings.LANGUAGES)
    job_title = models.CharField(max_length=120, blank=True)

    source = models.CharField(
        max_length=50,
        blank=True,
        help_text=_("For role integration: the one source it writes under and reads back."),
    )

    objects = KamUserManager()

    class Meta(AbstractUser.Meta):
        ordering = ("first_name", "last_name", "username")

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    def save(self, *args: Any, **kwargs: Any) -> None:
        # The Django admin is for administrators; no other flag may grant it.
        self.is_staff, self.is_superuser = self.role == Role.ADMIN, False
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "is_staff", "is_superuser"}
        super().save(*args, **kwargs)

    def clean(self) -> None:
        super().clean()
        if self.role == Role.INTEGRATION and not self.source:
            raise ValidationError(
                {"source": _("Say which source this system feeds: it writes and reads only that.")}
            )

    @property
    def initials(self) -> str:
        words = str(self).split()
        return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()


class ApiTokenQuerySet(TrackedQuerySet):
    def visible_to(self, user: User) -> ApiTokenQuerySet:
        """Everybody sees their own tokens, nobody those of others."""
        return self.filter(user_id=user.pk) if user.is_active else self.none()

    def usable(self, *, at: datetime) -> ApiTokenQuerySet:
        return self.filter(revoked_at=None).filter(models.Q(expires_at=None) | models.Q(expires_at__gt=at))


class ApiToken(ChangeTracking):
    """A key to the API. Only its SHA-256 is stored: the key is shown once, when it is made."""

    untracked_fields = frozenset({"last_used_at"})
    secret_fields = frozenset({"key_hash"})
    log_related = ("user",)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    is_read_only = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.name} ({self.user})"

    def revoke(self) -> None:
        """It opens nothing from the next request on; revoked tokens stay listed."""
        self.revoked_at = self.revoked_at or timezone.now()
        self.save()

    @staticmethod
    def hash_of(key: str) -> str:
        return hashlib.sha256(key.encode()).hexdigest()

    @classmethod
    def issue(
        cls, *, user: User, name: str, is_read_only: bool = False, lifetime: timedelta | None = None
    ) -> Any:
        """Make a token; returns `(token, key)`. The key cannot be read again."""
        key = secrets.token_hex(20)
        expires_at = timezone.now() + lifetime if lifetime else None
        token = cls(
            user=user, name=name, key_hash=cls.hash_of(key), is_read_only=is_read_only, expires_at=expires_at
        )
        token.save()
        return token, key
