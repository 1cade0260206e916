"""What a job can do: each app registers its kinds in `AppConfig.ready()`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import QuerySet, TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from kam.jobs.models import Job
    from kam.users.models import User


class ItemState(TextChoices):
    WAITING = "waiting", _("Waiting")
    DONE = "done", _("Done")
    SKIPPED = "skipped", _("Skipped")
    FAILED = "failed", _("Failed")


@dataclass(frozen=True)
class Outcome:
    """What became of one target, with a few words on it."""

    state: ItemState
    note: str = ""


@dataclass(frozen=True)
class JobKind:
    """`run` works on one target in the transaction that notes the outcome; it may run again for a target
    only if that transaction was rolled back. A `ValidationError` fails the target. `targets` are the rows
    that a user may see: items of others are not there for them. They need a `get_absolute_url`."""

    name: str
    label: str | Promise
    target_label: str | Promise
    run: Callable[[Job, UUID], Outcome]
    targets: Callable[[User], QuerySet[Any]]


_kinds: dict[str, JobKind] = {}


def register(kind: JobKind) -> None:
    _kinds[kind.name] = kind


def kind_named(name: str) -> JobKind:
    return _kinds[name]


def all_kinds() -> list[JobKind]:
    return list(_kinds.values())
