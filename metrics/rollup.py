"""The rollup: one SQL statement that computes the KPIs of plans from their records and stores them.

Set-based and the same on PostgreSQL and SQLite but for the few expressions in `Dialect`. Coverage
(domain.md, *Linking revenue to plans*) is the join of plan, account closure and record date; it is
derived here at each run and stored nowhere. Sums are exact integers; conversion multiplies by a
factor fixed to 12 places; each KPI is rounded once, half up, to the plan currency's minor unit.

Bases: `SOURCES` has one entry per kind of record. Each yields the rows (date, currency, amount,
amount × probability, whether it counts as won, open, lost) for the plans whose basis uses it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from kam.core.money import currency_codes, minor_units
from metrics.policies import CROSS_RATE_PLACES

RATE_ONE = 10**10  # a rate of 1 in RateField's scale
FACTOR_ONE = 10**CROSS_RATE_PLACES
PROBABILITY_ONE = 1000  # 100 % in PercentField's scale
PER_UNIT = {0: "0.001", 1: "0.01", 2: "0.1", 3: "1.0"}  # minor units in a thousandth, by decimal places


@dataclass(frozen=True)
class Dialect:
    """The expressions in which the two databases differ."""

    exact_sum: str
    cross_factor: str
    converted_sum: str
    converted: str


DIALECTS = {
    "postgresql": Dialect(
        exact_sum="SUM({value})",
        # div() cuts off exactly; adding half the denominator before makes it half up.
        cross_factor=f"div({{record}}::numeric * {2 * FACTOR_ONE} + {{plan}}, 2 * {{plan}}::numeric)",
        # Products with decimal fractions are exact where quotients would not be; ROUND is half away from zero.
        converted_sum="(ROUND(COALESCE(SUM({value} * {factor}), 0) * {fraction} * {per_unit}) / {per_unit})::bigint",
        converted="(ROUND({value}::numeric * {factor} * {fraction} * {per_unit}) / {per_unit})::bigint",
    ),
    "sqlite": Dialect(
        exact_sum="kam_sum({value})",
        cross_factor="kam_cross_factor({record}, {plan})",
        converted_sum="kam_converted_sum({value}, {factor}, {divisor}, {per_unit})",
        converted="kam_converted({value}, {factor}, {divisor}, {per_unit})",
    ),
}

# What a plan of each basis counts, and where the date that decides lies.
SOURCES = {
    "opportunity": """
        SELECT c.plan_id, o.currency, o.close_date AS on_date, o.amount, o.probability,
               s.is_won AND c.revenue_basis = 'opportunity' AS won, NOT s.is_closed AS open,
               s.is_closed AND NOT s.is_won AS lost
        FROM covered c
        JOIN crm_opportunity o ON o.account_id = c.account_id AND o.close_date BETWEEN c.start_date AND c.end_date
        JOIN crm_stage s ON s.id = o.stage_id
        WHERE c.revenue_basis <> 'schedule'
    """,
    "schedule": """
        SELECT c.plan_id, o.currency, r.date, r.amount, o.probability,
               s.is_won, NOT s.is_closed, s.is_closed AND NOT s.is_won
        FROM covered c
        JOIN crm_opportunity o ON o.account_id = c.account_id
        JOIN crm_opportunityline l ON l.opportunity_id = o.id
        JOIN crm_revenueschedule r ON r.line_id = l.id AND r.date BETWEEN c.start_date AND c.end_date
        JOIN crm_stage s ON s.id = o.stage_id
        WHERE c.revenue_basis = 'schedule'
    """,
    "order": """
        SELECT c.plan_id, o.currency, o.date, o.amount, 0, {true}, {false}, {false}
        FROM covered c
        JOIN crm_order o ON o.account_id = c.account_id AND o.date BETWEEN c.start_date AND c.end_date
        WHERE c.revenue_basis = 'order'
    """,
}

SUMS = {"won_revenue": "won", "pipeline": "open", "weighted_pipeline": "weighted"}
COLUMNS = (
    "plan_id",
    "currency",
    "basis",
    "sales_target",
    "won_revenue",
    "pipeline",
    "weighted_pipeline",
    "total_expected_revenue",
    "forecast_target_variance",
    "won_count",
    "open_count",
    "lost_count",
    "slipped_count",
    "not_converted_count",
    "company_currency",
    "company_sales_target",
    "company_won_revenue",
    "company_pipeline",
    "company_weighted_pipeline",
    "company_total_expected_revenue",
    "company_forecast_target_variance",
    "company_not_converted_count",
    "valid_until",
    "computed_at",
)


def _rate(currency: str, on_date: str) -> str:
    """SQL: the rate to company currency valid on a date; 1 for company currency, NULL without one."""
    return (
        f"CASE WHEN {currency} = %(company)s THEN {RATE_ONE} ELSE (SELECT x.rate FROM crm_exchangerate x "
        f"WHERE x.currency = {currency} AND x.valid_from <= {on_date} ORDER BY x.valid_from DESC LIMIT 1) END"
    )


def _per_unit(currency: str) -> str:
    """SQL: minor units of a currency in a thousandth: 0.1 for two places, 1 for three, 0.001 for none."""
    by_places: dict[int, list[str]] = {}
    for code in sorted(currency_codes()):
        by_places.setdefault(minor_units(code), []).append(f"'{code}'")
    cases = " ".join(
        f"WHEN {currency} IN ({', '.join(codes)}) THEN {PER_UNIT[places]}"
        for places, codes in sorted(by_places.items())
        if places != 2
    )
    return f"CASE {cases} ELSE {PER_UNIT[2]} END"


def _fraction(divisor: int) -> str:
    """1 ÷ a power of ten, written out: exact as `numeric`."""
    return f"{Decimal(1) / divisor:f}"


def rollup_sql(vendor: str, *, plan_filter: str) -> str:
    """The whole upsert. Named parameters: company, today, now, and those of `plan_filter`."""
    d = DIALECTS[vendor]
    true, false = ("TRUE", "FALSE") if vendor == "postgresql" else ("1", "0")
    sources = " UNION ALL ".join(SOURCES.values()).format(true=true, false=false)
    plan_unit, company_unit = _per_unit("p.currency"), PER_UNIT[minor_units(settings.COMPANY_CURRENCY)]

    def converted(
        value: str, factor: str, divisor: int, per_unit: str, expression: str = d.converted_sum
    ) -> str:
        return expression.format(
            value=value, factor=factor, divisor=divisor, fraction=_fraction(divisor), per_unit=per_unit
        )

    scale = {"won": 1, "open": 1, "weighted": PROBABILITY_ONE}
    plan_sums, company_sums = (
        ",\n".join(
            f"{converted(f'g.{part}', factor, one * scale[part], unit)} AS {prefix}{name}"
            for name, part in SUMS.items()
        )
        for prefix, factor, one, unit in (
            ("", "g.factor", FACTOR_ONE, plan_unit),
            ("company_", "g.record_rate", RATE_ONE, company_unit),
        )
    )
    target_rate = _rate("p.currency", "p.start_date")
    company_target = converted("p.sales_target", "p.target_rate", RATE_ONE, company_unit, d.converted)
    updates = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])
    return f"""
    INSERT INTO metrics_plankpi ({", ".join(COLUMNS)})
    WITH target AS {"MATERIALIZED" if vendor == "postgresql" else ""} (
        SELECT p.id, p.account_id, p.start_date, p.end_date, p.currency, p.sales_target, p.revenue_basis,
               p.include_child_accounts, p.status, {target_rate} AS target_rate
        FROM plans_accountplan p WHERE {plan_filter}
    ), covered AS (
        SELECT t.id AS plan_id, e.descendant_id AS account_id, t.start_date, t.end_date, t.revenue_basis
        FROM target t JOIN crm_accountedge e
          ON e.ancestor_id = t.account_id AND (t.include_child_accounts OR e.depth = 0)
        WHERE t.status <> 'cancelled'
    ), fact (plan_id, currency, on_date, amount, probability, won, open, lost) AS ({sources}
    ), rated AS (
        SELECT f.*, {_rate("f.currency", "f.on_date")} AS record_rate,
               CASE WHEN f.currency = p.currency THEN NULL ELSE {_rate("p.currency", "f.on_date")} END AS plan_rate
        FROM fact f JOIN target p ON p.id = f.plan_id
    ), grouped AS (
        SELECT plan_id, currency, record_rate, plan_rate,
               {d.exact_sum.format(value="CASE WHEN won THEN amount END")} AS won,
               {d.exact_sum.format(value="CASE WHEN open THEN amount END")} AS open,
               {d.exact_sum.format(value="CASE WHEN open THEN amount * probability END")} AS weighted,
               COUNT(CASE WHEN won THEN 1 END) AS won_count, COUNT(CASE WHEN open THEN 1 END) AS open_count,
               COUNT(CASE WHEN lost THEN 1 END) AS lost_count,
               COUNT(CASE WHEN open AND on_date < %(today)s THEN 1 END) AS slipped_count,
               MIN(CASE WHEN open AND on_date >= %(today)s THEN on_date END) AS valid_until
        FROM rated GROUP BY plan_id, currency, record_rate, plan_rate
    ), factored AS (
        SELECT g.*, CASE WHEN g.currency = p.currency THEN {FACTOR_ONE}
                         ELSE {d.cross_factor.format(record="g.record_rate", plan="g.plan_rate")} END AS factor
        FROM grouped g JOIN target p ON p.id = g.plan_id
    ), summed AS (
        SELECT p.id, p.currency, p.revenue_basis, p.sales_target,
               {plan_sums},
               COALESCE(SUM(g.won_count), 0) AS won_count, COALESCE(SUM(g.open_count), 0) AS open_count,
               COALESCE(SUM(g.lost_count), 0) AS lost_count, COALESCE(SUM(g.slipped_count), 0) AS slipped_count,
               COALESCE(SUM(CASE WHEN g.factor IS NULL THEN g.won_count + g.open_count END), 0) AS not_converted_count,
               CASE WHEN p.sales_target IS NULL OR p.target_rate IS NULL THEN NULL
                    ELSE {company_target} END AS company_sales_target,
               {company_sums},
               COALESCE(SUM(CASE WHEN g.record_rate IS NULL THEN g.won_count + g.open_count END), 0)
                   AS company_not_converted_count,
               MIN(g.valid_until) AS valid_until
        FROM target p LEFT JOIN factored g ON g.plan_id = p.id
        GROUP BY p.id, p.currency, p.revenue_basis, p.sales_target, p.target_rate
    )
    SELECT id, currency, revenue_basis, sales_target, won_revenue, pipeline, weighted_pipeline,
           won_revenue + weighted_pipeline, won_revenue + weighted_pipeline - sales_target,
           won_count, open_count, lost_count, slipped_count, not_converted_count,
           %(company)s, company_sales_target, company_won_revenue, company_pipeline, company_weighted_pipeline,
           company_won_revenue + company_weighted_pipeline,
           company_won_revenue + company_weighted_pipeline - company_sales_target,
           company_not_converted_count, valid_until, %(now)s
    FROM summed WHERE {true}
    ON CONFLICT (plan_id) DO UPDATE SET {updates}
    """


def compute(
    connection: BaseDatabaseWrapper, *, plan_ids: Sequence[UUID] | None, today: date, now: datetime
) -> None:
    """Compute and store the KPIs of these plans (None: of all) in one statement.

    The caller holds the plans' locks and has removed their markers in an earlier statement.
    """
    parameters = {"company": settings.COMPANY_CURRENCY, "today": today, "now": now}
    if plan_ids is None:
        plan_filter = "1 = 1"
    elif not plan_ids:
        return
    else:
        field = models.UUIDField()
        names = {f"plan{n}": field.get_db_prep_value(pk, connection) for n, pk in enumerate(plan_ids)}
        plan_filter = f"p.id IN ({', '.join(f'%({name})s' for name in names)})"
        parameters.update(names)
    adapted = {
        **parameters,
        "now": connection.ops.adapt_datetimefield_value(now),
        "today": connection.ops.adapt_datefield_value(today),
    }
    with connection.cursor() as cursor:
        cursor.execute(rollup_sql(connection.vendor, plan_filter=plan_filter), adapted)
