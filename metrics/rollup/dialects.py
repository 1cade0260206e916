"""The expressions of the rollup in which PostgreSQL and SQLite differ."""

from __future__ import annotations

from dataclasses import dataclass

from metrics.policies import CROSS_RATE_PLACES

RATE_ONE = 10**10  # a rate of 1 in RateField's scale
FACTOR_ONE = 10**CROSS_RATE_PLACES


@dataclass(frozen=True)
class Dialect:
    """The expressions in which the two databases differ."""

    inline: str  # a CTE that the planner may look into, though it is used more than once
    fence: str  # ends a subquery whose columns are computed once a row, however often they are used
    cross_factor: str
    total: (
        str  # columns for Σ value × factor (1 for records `at_par`) over the records that fulfil `condition`
    )
    rounded_total: str  # what they add up to, rounded
    product: str
    plus: str
    rounded: str
    differs: str


DIALECTS = {
    "postgresql": Dialect(
        inline="NOT MATERIALIZED",
        fence="OFFSET 0",
        # div() cuts off exactly; adding half the denominator before makes it half up.
        cross_factor=f"div({{record}}::numeric * {2 * FACTOR_ONE} + {{plan}}, 2 * {{plan}}::numeric)",
        # Most records need no conversion: their sum stays within integers.
        total="SUM({value}) FILTER (WHERE {condition} AND {at_par}) AS {name},"
        " SUM({value} * {factor}::numeric) FILTER (WHERE {condition} AND NOT {at_par}) AS {name}_converted",
        # Products with decimal fractions are exact where quotients would not be; ROUND is half away from zero.
        rounded_total="(ROUND((COALESCE(s.{name}, 0) + COALESCE(s.{name}_converted * {per_one}, 0))"
        " * {per_scale} * {per_unit}) * {unit})::bigint",
        product="({value}::numeric * {factor})",
        plus="({left} + {right})",
        rounded="(ROUND({value} * {fraction} * {per_unit}) * {unit})::bigint",
        differs="IS DISTINCT FROM",
    ),
    "sqlite": Dialect(
        inline="",
        fence="LIMIT -1",
        cross_factor="kam_cross_factor({record}, {plan})",
        total="kam_total({value}, CASE WHEN {at_par} THEN '{one}' ELSE {factor} END) FILTER (WHERE {condition})"
        " AS {name}",
        rounded_total="COALESCE(kam_rounded(s.{name}, '{divisor}', {per_unit}), 0)",
        product="kam_product({value}, {factor})",
        plus="kam_plus({left}, {right})",
        rounded="kam_rounded({value}, '{divisor}', {per_unit})",
        differs="IS NOT",
    ),
}
