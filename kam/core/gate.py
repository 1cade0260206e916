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
from django.db.models import sql

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


class ScopedQuery(sql.Query):
    """A query that compiles only once it was scoped: this is what also stops `Subquery` and `Exists`,
    which take the query out of its queryset."""

    scope: str | None = (
        None  # None: Django's own inner query, made while it compiles one that was let through
    )

    def check_gate(self) -> None:
        if self.scope == "" and not _open.get():
            raise UnscopedQueryError(
                f"{self.model.__name__} was queried without visible_to(), editable_by() or unscoped()."
            )

    def get_compiler(self, *args: Any, **kwargs: Any) -> Any:
        self.check_gate()
        return super().get_compiler(*args, **kwargs)


class ScopedQuerySet(models.QuerySet):
    """A queryset that runs only once somebody has said for whom. Subclasses define `filter_visible`.

    The scope lives in the query, so every clone and every subquery carries it along.
    """

    def __init__(self, model: Any = None, query: Any = None, using: Any = None, hints: Any = None) -> None:
        if query is None:
            query = ScopedQuery(model)
            query.scope = ""
        super().__init__(model, query, using, hints)

    def _scoped(self, scope: str) -> Self:
        clone = self._chain()  # type: ignore[attr-defined]
        clone.query.scope = scope
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
        return super().none()._scoped(self.query.scope or "none")

    # Reading and subqueries pass `ScopedQuery.get_compiler`. These write, or combine with another
    # queryset, or should say at once, where the mistake stands, what is wrong.
    def _check_gate(self) -> None:
        check = getattr(self.query, "check_gate", None)  # the query of a combination may be a plain one
        if check:
            check()

    def _fetch_all(self) -> None:
        if self._result_cache is None:
            self._check_gate()
        super()._fetch_all()  # type: ignore[misc]

    def raw(self, *args: Any, **kwargs: Any) -> Any:
        self._check_gate()
        return super().raw(*args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        self._check_gate()
        return super().update(**kwargs)

    def _update(self, values: Any) -> Any:
        self._check_gate()
        return super()._update(values)  # type: ignore[misc]

    def delete(self) -> tuple[int, dict[str, int]]:
        self._check_gate()
        return super().delete()

    def _raw_delete(self, using: str | None) -> Any:
        self._check_gate()
        return super()._raw_delete(using)  # type: ignore[misc]

    def resolve_expression(self, *args: Any, **kwargs: Any) -> Any:
        self._check_gate()
        return super().resolve_expression(*args, **kwargs)  # type: ignore[misc]

    def _combinator_query(self, combinator: str, *other_qs: Any, **kwargs: Any) -> Any:
        self._check_both(*other_qs)
        return super()._combinator_query(combinator, *other_qs, **kwargs)  # type: ignore[misc]

    def __and__(self, other: Any) -> Self:
        self._check_both(other)
        return super().__and__(other)

    def __or__(self, other: Any) -> Self:
        self._check_both(other)
        return super().__or__(other)

    def __xor__(self, other: Any) -> Self:
        self._check_both(other)
        return super().__xor__(other)

    def _check_both(self, *others: Any) -> None:
        """What a queryset is combined with must have passed the gate as well."""
        for queryset in (self, *others):
            if isinstance(queryset, ScopedQuerySet):
                queryset._check_gate()
