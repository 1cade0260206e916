"""Subqueries that stand in nearly every statement and differ in nothing but for whom: compiled once.

Django builds and compiles a subquery anew wherever it stands. Who may see what is asked two or three
times in the statement of a page, and cost more to write down than to answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, QuerySet, UUIDField
from django.db.models.sql.compiler import SQLCompiler

from kam.users.models import Role, User

NOBODY = UUID(int=0)  # stands in the compiled text for the user


class IdsFor:
    """Ids that a user reaches, as a value for `__any_of` and `__in`.

    `rows_of` makes the query of one column for a user of the field. It may look at the user's id alone, and
    must name no column of the statement around it.
    """

    def __init__(self, rows_of: Callable[[User], QuerySet]) -> None:
        self.rows_of = rows_of
        self._compiled: dict[str, tuple[str, tuple[Any, ...]]] = {}

    def __call__(self, user: User) -> IdsForUser:
        return IdsForUser(self, user.pk)

    def compiled(self, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        """The SQL, and its parameters with `NOBODY` wherever the user belongs."""
        if connection.vendor not in self._compiled:
            rows = self.rows_of(User(pk=NOBODY, role=Role.KAM)).order_by()
            sql, parameters = rows.query.get_compiler(connection=connection).as_sql()
            self._compiled[connection.vendor] = (f"({sql})", tuple(parameters))
        return self._compiled[connection.vendor]


class IdsForUser(Expression):
    """`IdsFor` of one user. Never changes, so a statement takes it as it is."""

    output_field = UUIDField()

    def __init__(self, ids: IdsFor, user_id: UUID) -> None:
        super().__init__()
        self.ids, self.user_id = ids, user_id

    def resolve_expression(self, *args: Any, **kwargs: Any) -> Self:
        return self

    def relabeled_clone(self, change_map: Any) -> Self:
        return self

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        sql, parameters = self.ids.compiled(connection)
        nobody, user = (self.output_field.get_db_prep_value(pk, connection) for pk in (NOBODY, self.user_id))
        return sql, tuple(user if value == nobody else value for value in parameters)
