"""The gate: one place that decides which rows a query may reach.

The manager of a scoped model refuses to run a query that did not come through one of

- `visible_to(user)`: what the user may see,
- `editable_by(user)`: what the user may change,
- `unscoped(reason)`: system code that works for no particular user (rollups, imports, audits).

Django itself asks without a user when it checks uniqueness; `gate_open` lets exactly that through.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Self

from django.db import models

if TYPE_CHECKING:
    from kam.users.models import User

_open: ContextVar[str] = ContextVar("kam_gate_open", default="")


class UnscopedQueryError(RuntimeError):
    """A query of a scoped model was run without saying for whom."""


@contextmanager
def gate_open(reason: str) -> Iterator[None]:
    """Let unscoped queries of the block through: for Django's own checks and the Django admin."""
    token = _open.set(reason)
    try:
        yield
    finally:
        _open.reset(token)


class CatalogQuerySet(models.QuerySet):
    """Rows that every active user may read: products, stages, currencies. Holds nothing of a customer."""

    def visible_to(self, user: User) -> Self:
        return self.all() if user.is_active else self.none()

    def unscoped(self, reason: str) -> Self:
        return self.all()


class ScopedQuerySet(models.QuerySet):
    """A queryset that runs only once somebody has said for whom. Subclasses define `filter_visible`."""

    _scope: str = ""

    def _clone(self) -> Self:
        clone = super()._clone()  # type: ignore[misc]
        clone._scope = self._scope
        return clone

    def _scoped(self, scope: str) -> Self:
        clone = self._chain()
        clone._scope = scope
        return clone

    def filter_visible(self, user: User) -> Self:
        """The rows an active user may see. Only `visible_to` calls it."""
        raise NotImplementedError

    def filter_editable(self, user: User) -> Self:
        """The rows an active user may change: by default none."""
        return self.none()

    def visible_to(self, user: User) -> Self:
        if not user.is_active:
            return self.none()._scoped("nobody")
        return self._scoped(f"visible to {user.pk}").filter_visible(user)

    def editable_by(self, user: User) -> Self:
        if not user.is_active:
            return self.none()._scoped("nobody")
        return self.visible_to(user).filter_editable(user)

    def unscoped(self, reason: str) -> Self:
        """All rows, for system code; `reason` says why no user is asked."""
        if not reason:
            raise ValueError("unscoped() needs a reason")
        return self._scoped(f"unscoped: {reason}")

    def none(self) -> Self:
        return super().none()._scoped(self._scope or "none")

    def _check_gate(self) -> None:
        if not (self._scope or _open.get()):
            raise UnscopedQueryError(
                f"{self.model.__name__} was queried without visible_to(), editable_by() or unscoped()."
            )

    # Every way a queryset reaches the database passes one of these.
    def _fetch_all(self) -> None:
        if self._result_cache is None:
            self._check_gate()
        super()._fetch_all()  # type: ignore[misc]

    def iterator(self, *args: Any, **kwargs: Any) -> Any:
        self._check_gate()
        return super().iterator(*args, **kwargs)

    def count(self) -> int:
        if self._result_cache is None:
            self._check_gate()
        return super().count()

    def exists(self) -> bool:
        if self._result_cache is None:
            self._check_gate()
        return super().exists()

    def aggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        self._check_gate()
        return super().aggregate(*args, **kwargs)

    def explain(self, **kwargs: Any) -> str:
        self._check_gate()
        return super().explain(**kwargs)

    def update(self, **kwargs: Any) -> int:
        self._check_gate()
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        self._check_gate()
        return super().delete()

    def resolve_expression(self, *args: Any, **kwargs: Any) -> Any:
        self._check_gate()
        return super().resolve_expression(*args, **kwargs)  # type: ignore[misc]

    def _combinator_query(self, combinator: str, *other_qs: Any, all: bool = False) -> Any:
        for queryset in (self, *other_qs):
            if isinstance(queryset, ScopedQuerySet):
                queryset._check_gate()
        return super()._combinator_query(combinator, *other_qs, all=all)  # type: ignore[misc]
