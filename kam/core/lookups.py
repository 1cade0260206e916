"""`__any_of`: the same as `__in` with a subquery, in a form that PostgreSQL can look up in an index.

`IN (subquery)` beside an OR is a filter that every row of the table is put through. An array of ids
is a value, known before the first row, and conditions on values are index scans that can be joined.
For subqueries of some thousand ids; with more, a look at each row is the shorter way.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Field
from django.db.models.fields.related import ForeignObject
from django.db.models.fields.related_lookups import RelatedIn
from django.db.models.lookups import In


class ArrayMixin:
    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        if connection.vendor == "postgresql" and not self.rhs_is_direct_value():  # type: ignore[attr-defined]
            return f"= ANY(ARRAY{rhs})"
        return super().get_rhs_op(connection, rhs)  # type: ignore[misc]


@Field.register_lookup
class AnyOf(ArrayMixin, In):
    lookup_name = "any_of"


@ForeignObject.register_lookup
class RelatedAnyOf(ArrayMixin, RelatedIn):
    lookup_name = "any_of"
