"""Sums that stay exact however large they grow."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import Aggregate, TextField
from django.db.models.expressions import Combinable

PART = 1_000_000


class ExactSum(Aggregate):
    """The sum of integer columns (or a product of them) as a Decimal of `places` decimal places.

    PostgreSQL sums integers without end. SQLite stops with an error at 64 bits: there the sum is
    taken in two halves, which come back as one text.
    """

    function = "SUM"
    name = "ExactSum"

    def __init__(self, expression: str | Combinable, *, places: int, **extra: Any) -> None:
        super().__init__(expression, output_field=TextField(), **extra)
        self.places = places

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = f"(SUM((%(expressions)s) / {PART}) || ':' || SUM((%(expressions)s) %%%% {PART}))"
        sql, params = super().as_sql(compiler, connection, template=template, **context)
        return sql, (*params, *params)  # the expression stands there twice

    def convert_value(self, value: Any, expression: Any, connection: Any) -> Decimal | None:  # type: ignore[override]
        if value is None:
            return None
        high, colon, low = str(value).partition(":")
        total = int(high) * PART + int(low) if colon else int(Decimal(high))
        return Decimal(total).scaleb(-self.places)
