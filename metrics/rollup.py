"""The rollup: one SQL statement that computes the KPIs of plans from their records and stores them.

Set-based and the same on PostgreSQL and SQLite but for the few expressions in `Dialect`. Coverage
(domain.md, *Linking revenue to plans*) is the join of plan, account closure and record date; it is
derived here at each run and stored nowhere. Sums are exact: records are added up in company currency
by their rate, and for plans in another currency once more by a cross factor of `CROSS_RATE_PLACES`
places; each KPI is rounded once, half up, to the minor unit. A row that would not change is not written.

What a plan counts stands in `metrics.facts`. Plans that follow accounts and dates alone are a part of
the statement of their own: what others need costs them nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from kam.core.money import currency_codes, minor_units
from kam.core.stored_functions import StoredFunction
from metrics import facts
from metrics.policies import CROSS_RATE_PLACES

RATE_ONE = 10**10  # a rate of 1 in RateField's scale
FACTOR_ONE = 10**CROSS_RATE_PLACES
PROBABILITY_ONE = 1000  # 100 % in PercentField's scale
PER_UNIT = {0: "0.001", 1: "0.01", 2: "0.1", 3: "1.0"}  # minor units in a thousandth, by decimal places
UNIT = {0: "1000", 1: "100", 2: "10", 3: "1"}  # thousandths in a minor unit
MANY_PLANS = 500  # from here on a plan made for the statement is worth its time


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

SUMS = {  # by name: what is summed, over which records, in which scale
    "won_revenue": ("amount", "won", 1),
    "pipeline": ("amount", "open", 1),
    "weighted_pipeline": ("weighted", "open", PROBABILITY_ONE),
}
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


# --- Rates ----------------------------------------------------------------------------------
def _rate_on(currency: str, on_date: str) -> str:
    """SQL: the rate of another than company currency that is valid on a date; NULL without one."""
    return (
        f"(SELECT x.rate FROM crm_exchangerate x WHERE x.currency = {currency} AND x.valid_from <= {on_date}"
        " ORDER BY x.valid_from DESC LIMIT 1)"
    )


# --- Sums -----------------------------------------------------------------------------------
def _by_places(currency: str, values: dict[int, str]) -> str:
    """SQL: the value for as many decimal places as a currency has."""
    by_places: dict[int, list[str]] = {}
    for code in sorted(currency_codes()):
        by_places.setdefault(minor_units(code), []).append(f"'{code}'")
    cases = " ".join(
        f"WHEN {currency} IN ({', '.join(codes)}) THEN {values[places]}"
        for places, codes in sorted(by_places.items())
        if places != 2
    )
    return f"CASE {cases} ELSE {values[2]} END"


@dataclass(frozen=True)
class Side:
    """The sums of a plan in one of its two currencies."""

    prefix: str
    where: str  # the records that are summed, of those that fulfil `condition`
    at_par: str  # which of them need no conversion
    factor: str  # that of the others
    one: int  # the factor of 1

    def totals(self, d: Dialect) -> str:
        """SQL: not yet rounded."""
        return ", ".join(
            d.total.format(
                name=f"{self.prefix}{name}",
                value=value,
                condition=self.where.format(condition=condition),
                at_par=self.at_par,
                factor=self.factor,
                one=self.one,
            )
            for name, (value, condition, _scale) in SUMS.items()
        )

    def rounded(self, d: Dialect, name: str) -> str:
        """SQL: each total rounded once, half up, to the minor unit."""
        scale = SUMS[name][2]
        return d.rounded_total.format(
            name=f"{self.prefix}{name}",
            divisor=self.one * scale,
            per_one=_fraction(self.one),
            per_scale=_fraction(scale),
            per_unit=f"p.{self.prefix}per_unit",
            unit=f"p.{self.prefix}unit",
        )


IN_COMPANY_CURRENCY = Side("company_", "{condition}", "is_company_currency", "record_rate", RATE_ONE)
# Of plans in company currency these are the same, and not added up again.
IN_OTHER_CURRENCY = Side("", "is_foreign_plan AND {condition}", "is_at_par", "factor", FACTOR_ONE)
SIDES = (IN_COMPANY_CURRENCY, IN_OTHER_CURRENCY)
HAS_NO_FACTOR = "CASE WHEN is_foreign_plan THEN factor IS NULL AND NOT is_at_par ELSE record_rate IS NULL END"


def _fraction(divisor: int) -> str:
    """1 ÷ a power of ten."""
    return f"{Decimal(1) / divisor:f}"


def _rounded(d: Dialect, value: str, divisor: int, prefix: str) -> str:
    """SQL: value ÷ divisor (a power of ten), rounded half up to the minor unit."""
    return d.rounded.format(
        value=value,
        divisor=divisor,
        fraction=_fraction(divisor),
        per_unit=f"p.{prefix}per_unit",
        unit=f"p.{prefix}unit",
    )


def _results(d: Dialect, *, company: str) -> str:
    """SQL: every sum of a plan's KPIs rounded once; those in its own currency if that is another."""
    target = d.product.format(value="p.sales_target", factor="p.target_rate")
    columns = {"company_sales_target": _rounded(d, target, RATE_ONE, "company_")}
    for name in SUMS:
        columns[f"company_{name}"] = IN_COMPANY_CURRENCY.rounded(d, name)
        columns[name] = f"CASE WHEN p.currency <> {company} THEN {IN_OTHER_CURRENCY.rounded(d, name)} END"
    return ", ".join(f"{value} AS {name}" for name, value in columns.items())


def rollup_sql(
    vendor: str,
    *,
    plan_filter: str,
    company: str,
    today: str,
    now: str,
    parts: Sequence[facts.Part] = facts.PARTS,
) -> str:
    """The whole upsert in one statement; the parameters are those of `_part`."""
    rows = _computed(vendor, parts, plan_filter=plan_filter, company=company, today=today, now=now)
    return _upsert(vendor, rows=f"({rows})")


def _upsert(vendor: str, *, rows: str) -> str:
    """SQL: store the computed rows that are new or differ."""
    return f"""
    INSERT INTO metrics_plankpi ({", ".join(COLUMNS)})
    SELECT c.* FROM {rows} c LEFT JOIN metrics_plankpi k ON k.plan_id = c.plan_id
    WHERE k.plan_id IS NULL OR {_differs(vendor)}
    ON CONFLICT (plan_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])}
    """


def _differs(vendor: str) -> str:
    """SQL: what is stored (`k`) is not what was computed (`c`)."""
    names = [name for name in COLUMNS if name not in {"plan_id", "computed_at"}]
    stored, computed = (", ".join(f"{table}.{name}" for name in names) for table in "kc")
    return f"({stored}) {DIALECTS[vendor].differs} ({computed})"


def _computed(vendor: str, parts: Sequence[facts.Part], *, plan_filter: str, **parameters: str) -> str:
    """SQL: the KPIs of these plans. `company`, `today` and `now` are the SQL of these parameters."""
    return " UNION ALL ".join(
        f"SELECT * FROM ({_part(vendor, part, plan_filter=plan_filter, **parameters)}) AS {part.name}"
        for part in parts
    )


def _part(vendor: str, part: facts.Part, *, plan_filter: str, company: str, today: str, now: str) -> str:
    d = DIALECTS[vendor]
    sources = " UNION ALL ".join(part.sources).format(company=company)
    cross_factor = d.cross_factor.format(record="r.record_rate", plan="r.plan_rate")
    in_company = {name: f"company_{name}" for name in SUMS}
    own = {name: f"COALESCE({name}, company_{name})" for name in SUMS}
    expected, company_expected = (
        d.plus.format(left=sums["won_revenue"], right=sums["weighted_pipeline"]) for sums in (own, in_company)
    )
    variance = d.plus.format(left=expected, right="(- sales_target)")
    company_variance = d.plus.format(left=company_expected, right="(- company_sales_target)")
    places = ", ".join(
        f"{_by_places(currency, values)} AS {name}"
        for currency, prefix in (("t.currency", ""), (company, "company_"))
        for values, name in ((PER_UNIT, f"{prefix}per_unit"), (UNIT, f"{prefix}unit"))
    )
    return f"""
    WITH target AS {d.inline} (
        SELECT p.id, p.account_id, p.territory_id, p.include_child_accounts, p.start_date, p.end_date, p.currency,
               p.sales_target, p.revenue_basis, p.status
        FROM plans_accountplan p WHERE {part.condition} AND {plan_filter}
    ), {part.tables.format(inline=d.inline)}, fact ({facts.COLUMNS}) AS ({sources}
    ), rated AS (
        SELECT f.*, CASE WHEN f.is_company_currency THEN {RATE_ONE}
                    ELSE {_rate_on("f.currency", "f.on_date")} END AS record_rate,
               CASE WHEN f.is_foreign_plan AND NOT f.is_at_par
                    THEN {_rate_on("f.plan_currency", "f.on_date")} END AS plan_rate
        FROM fact f {d.fence}
    ), factored AS (
        SELECT r.*, CASE WHEN r.is_foreign_plan AND NOT r.is_at_par THEN {cross_factor} END AS factor
        FROM rated r {d.fence}
    ), summed AS (
        SELECT plan_id, {", ".join(side.totals(d) for side in SIDES)},
               COUNT(*) FILTER (WHERE won) AS won_count, COUNT(*) FILTER (WHERE open) AS open_count,
               COUNT(*) FILTER (WHERE NOT (won OR open)) AS lost_count,
               COUNT(*) FILTER (WHERE open AND on_date < {today}) AS slipped_count,
               COUNT(*) FILTER (WHERE {HAS_NO_FACTOR} AND (won OR open)) AS not_converted_count,
               COUNT(*) FILTER (WHERE record_rate IS NULL AND (won OR open)) AS company_not_converted_count,
               MIN(on_date) FILTER (WHERE open AND on_date >= {today}) AS valid_until
        FROM factored GROUP BY plan_id
    ), result AS (
        SELECT p.id, p.currency, p.revenue_basis, p.sales_target, {_results(d, company=company)},
               s.won_count, s.open_count, s.lost_count, s.slipped_count, s.not_converted_count,
               s.company_not_converted_count, s.valid_until
        FROM (SELECT t.*, {places}, CASE WHEN t.currency = {company} THEN {RATE_ONE}
                                    ELSE {_rate_on("t.currency", "t.start_date")} END AS target_rate
              FROM target t {d.fence}) p
        LEFT JOIN summed s ON s.plan_id = p.id {d.fence}
    ), computed ({", ".join(COLUMNS)}) AS (
        SELECT id, currency, revenue_basis, sales_target, {", ".join(own.values())}, {expected}, {variance},
               COALESCE(won_count, 0), COALESCE(open_count, 0), COALESCE(lost_count, 0), COALESCE(slipped_count, 0),
               COALESCE(not_converted_count, 0), {company}, company_sales_target,
               {", ".join(in_company.values())}, {company_expected}, {company_variance},
               COALESCE(company_not_converted_count, 0), valid_until, {now}
        FROM result {d.fence}
    )
    SELECT * FROM computed
    """


# --- Running it -----------------------------------------------------------------------------
PARAMETERS = {"company": "%(company)s", "today": "%(today)s", "now": "%(now)s"}
# Compiling costs more than it saves, and the groups of many plans do not fit the usual memory. One process reads
# faster than another adds up: a third would only take their time.
FOR_MANY = "SET LOCAL jit = off; SET LOCAL work_mem = '64MB'; SET LOCAL max_parallel_workers_per_gather = 1;"


def compute(
    connection: BaseDatabaseWrapper, *, plan_ids: Sequence[UUID] | None, today: date, now: datetime
) -> None:
    """Compute and store the KPIs of these plans (None: of all) in one statement.

    The caller holds the plans' locks and has removed their markers in an earlier statement.
    """
    company = settings.COMPANY_CURRENCY
    is_for_many = plan_ids is None or len(plan_ids) >= MANY_PLANS
    with connection.cursor() as cursor:
        if not is_for_many and FUNCTION.is_installed(connection):
            ids = [str(pk) for pk in plan_ids or ()]
            cursor.execute(f"SELECT {FUNCTION.name}(%s::uuid[], %s, %s, %s)", [ids, company, today, now])
            return
        parameters: dict[str, Any] = {
            "company": company,
            "today": connection.ops.adapt_datefield_value(today),
            "now": connection.ops.adapt_datetimefield_value(now),
        }
        for_many = FOR_MANY if connection.vendor == "postgresql" else ""
        if for_many and plan_ids is None:
            cursor.execute(f"{for_many} {facts.FIND_SPECIAL}")
            parameters["special"] = [str(pk) for (pk,) in cursor.fetchall()]
            cursor.execute(_in_parallel(**PARAMETERS), parameters)
            return
        plan_filter, names = _plan_filter(connection, plan_ids)
        sql = rollup_sql(connection.vendor, plan_filter=plan_filter, **PARAMETERS)
        cursor.execute(f"{for_many} {sql}", parameters | names)


def _in_parallel(**parameters: str) -> str:
    """The same for all plans: another process reads for a new table, but none for an INSERT.

    With every plan locked nobody else stores a row, so none has to be looked for while one is stored.
    """
    computed = _computed("postgresql", facts.PARTS_APART, plan_filter="1 = 1", **parameters)
    return f"""
    CREATE TEMP TABLE kam_computed ON COMMIT DROP AS {computed};
    UPDATE metrics_plankpi k SET {", ".join(f"{name} = c.{name}" for name in COLUMNS[1:])}
    FROM kam_computed c WHERE k.plan_id = c.plan_id AND {_differs("postgresql")};
    INSERT INTO metrics_plankpi ({", ".join(COLUMNS)})
    SELECT c.* FROM kam_computed c LEFT JOIN metrics_plankpi k ON k.plan_id = c.plan_id WHERE k.plan_id IS NULL;
    DROP TABLE kam_computed
    """


def _plan_filter(
    connection: BaseDatabaseWrapper, plan_ids: Sequence[UUID] | None
) -> tuple[str, dict[str, Any]]:
    if plan_ids is None:
        return "1 = 1", {}
    if connection.vendor == "postgresql":
        # Each id of a list is weighed when the statement is planned, wherever the plans stand in it; of a set none is.
        return "p.id IN (SELECT unnest(%(plans)s::uuid[]))", {"plans": [str(pk) for pk in plan_ids]}
    field = models.UUIDField()
    names = {f"plan{n}": field.get_db_prep_value(pk, connection) for n, pk in enumerate(plan_ids)}
    return f"p.id IN ({', '.join(f'%({name})s' for name in names)})", names


# The joins are written in the order that is right for a few plans, whatever the database knows of the tables.
# Where all of them are plain it does not even begin with the rest of the statement.
def _function_body() -> str:
    parameters: dict[str, Any] = {"company": "company_currency", "today": "on_today", "now": "at_now"}
    chosen = "p.id = ANY(plan_ids)"
    special = f"EXISTS (SELECT 1 FROM plans_accountplan p WHERE {chosen} AND {facts.IS_SPECIAL})"
    of_all = rollup_sql("postgresql", plan_filter=chosen, **parameters)
    of_plain = rollup_sql("postgresql", plan_filter=chosen, parts=[facts.ALL_PLAIN], **parameters)
    return f"IF {special} THEN {of_all}; ELSE {of_plain}; END IF"


FUNCTION = StoredFunction(
    "kam_rollup",
    arguments="plan_ids uuid[], company_currency varchar, on_today date, at_now timestamptz",
    returns="void",
    body=_function_body,
    settings="SET join_collapse_limit = 1",
)
