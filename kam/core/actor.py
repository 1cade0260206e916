"""Who is acting, and through what: read by the change log when a row is written.

The middleware sets it for pages and the API; commands, tasks and imports wrap their work in
`acting(...)`. Outside of any, the actor is the system.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kam.users.models import User


@dataclass(frozen=True)
class Actor:
    """One source of changes. `source` is page, api, admin, import, command, task or system."""

    user: User | None = None
    source: str = "system"
    reason: str = ""
    request_id: str = ""


_current: ContextVar[Actor] = ContextVar("kam_actor", default=Actor())


def current_actor() -> Actor:
    return _current.get()


@contextmanager
def acting(
    user: User | None = None,
    *,
    source: str | None = None,
    reason: str | None = None,
    request_id: str | None = None,
) -> Iterator[Actor]:
    """Attribute the writes of the block; what is not given is inherited from outside."""
    outer = _current.get()
    actor = replace(
        outer,
        user=outer.user if user is None else user,
        source=outer.source if source is None else source,
        reason=outer.reason if reason is None else reason,
        request_id=outer.request_id if request_id is None else request_id,
    )
    token = _current.set(actor)
    try:
        yield actor
    finally:
        _current.reset(token)
