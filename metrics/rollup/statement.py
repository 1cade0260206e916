"""The statement that computes the KPIs of plans from what `facts` finds, and stores them.

Every function here returns SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import list_currencies

from kam.core.money import minor_units
from metrics.rollup import facts
from metrics.rollup.dialects import DIALECTS, FACTOR_ONE, RATE_ONE, Dialect
from metrics.rollup.rates import LOOKED_UP, NEEDS_CROSS_RATE, Rates, rate_on

PROBABILITY_ONE = 1000  # 100 % in PercentField's scale
PER_UNIT = {0: "0.001", 1: "0.01", 2: "0.1", 3: "1.0"}  # minor units in a thousandth, by decimal places
UNIT = {0: "1000", 1: "100", 2: "10", 3: "1"}  # thousandths in a minor unit
KEPT = (
    "plan_id",
    "on_date",
    "amount",
    "weighted",
    "won",
    "open",
    "is_at_par",
    "is_company_currency",
    "is_foreign_plan",
)
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


@dataclass(frozen=True)
class Given:
    """SQL: what the statement is given."""

    plan_filter: str  # which plans `p`
    company: str  # company currency
    today: str
    now: str
    rates: Rates = LOOKED_UP


# --- Sums -----------------------------------------------------------------------------------
def _by_places(currency: str, values: dict[int, str]) -> str:
    """The value for as many decimal places as a currency has."""
    by_places: dict[int, list[str]] = {}
    for code in sorted(list_currencies()):  # also those out of use, which old plans have
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
        """Not yet rounded."""
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
        """Each total rounded once, half up, to the minor unit."""
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
    """Value ÷ divisor (a power of ten), rounded half up to the minor unit."""
    return d.rounded.format(
        value=value,
        divisor=divisor,
        fraction=_fraction(divisor),
        per_unit=f"p.{prefix}per_unit",
        unit=f"p.{prefix}unit",
    )


# --- The statement --------------------------------------------------------------------------
def rollup_sql(vendor: str, given: Given, parts: Sequence[facts.Part] = facts.PARTS) -> str:
    """Compute the KPIs of the plans, and store those that are new or differ."""
    return f"""
    INSERT INTO metrics_plankpi ({", ".join(COLUMNS)})
    SELECT c.* FROM ({computed_sql(vendor, given, parts)}) c LEFT JOIN metrics_plankpi k ON k.plan_id = c.plan_id
    WHERE k.plan_id IS NULL OR {differs_sql(vendor)}
    ON CONFLICT (plan_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])}
    """


def differs_sql(vendor: str) -> str:
    """What is stored (`k`) is not what was computed (`c`)."""
    names = [name for name in COLUMNS if name not in {"plan_id", "computed_at"}]
    stored, computed = (", ".join(f"{table}.{name}" for name in names) for table in "kc")
    return f"({stored}) {DIALECTS[vendor].differs} ({computed})"


def computed_sql(vendor: str, given: Given, parts: Sequence[facts.Part]) -> str:
    """The KPIs of the plans."""
    return " UNION ALL ".join(
        f"SELECT * FROM ({_part(DIALECTS[vendor], part, given)}) AS {part.name}" for part in parts
    )


def _part(d: Dialect, part: facts.Part, given: Given) -> str:
    return f"""
    WITH target AS {d.inline} (
        SELECT p.id, p.account_id, p.territory_id, p.include_child_accounts, p.start_date, p.end_date, p.currency,
               p.sales_target, p.revenue_basis, p.status
        FROM plans_accountplan p WHERE {part.condition} AND {given.plan_filter}
    ), {given.rates.tables} {part.tables.format(inline=d.inline)},
    rated AS ({" UNION ALL ".join(_rated(source, given) for source in part.sources)}),
    factored AS (
        SELECT f.*, CASE WHEN {NEEDS_CROSS_RATE}
                    THEN {d.cross_factor.format(record="f.record_rate", plan="f.plan_rate")} END AS factor
        FROM rated f {d.fence}
    ),
    summed AS ({_summed(d, given)}),
    result AS ({_result(d, given)}),
    computed ({", ".join(COLUMNS)}) AS ({_computed(d, given)})
    SELECT * FROM computed
    """


def _rated(source: str, given: Given) -> str:
    """Records with their rates to company currency, that of their plan only where it is needed."""
    return f"""
        SELECT {", ".join(f"f.{name}" for name in KEPT)},
               CASE WHEN f.is_company_currency THEN {RATE_ONE} ELSE {given.rates.of_record} END AS record_rate,
               CASE WHEN {NEEDS_CROSS_RATE} THEN {given.rates.of_plan} END AS plan_rate
        FROM ({source.format(company=given.company)}) f {given.rates.joins}"""


def _summed(d: Dialect, given: Given) -> str:
    """By plan."""
    return f"""
        SELECT plan_id, {", ".join(side.totals(d) for side in SIDES)},
               COUNT(*) FILTER (WHERE won) AS won_count, COUNT(*) FILTER (WHERE open) AS open_count,
               COUNT(*) FILTER (WHERE NOT (won OR open)) AS lost_count,
               COUNT(*) FILTER (WHERE open AND on_date < {given.today}) AS slipped_count,
               COUNT(*) FILTER (WHERE {HAS_NO_FACTOR} AND (won OR open)) AS not_converted_count,
               COUNT(*) FILTER (WHERE record_rate IS NULL AND (won OR open)) AS company_not_converted_count,
               MIN(on_date) FILTER (WHERE open AND on_date >= {given.today}) AS valid_until
        FROM factored GROUP BY plan_id"""


def _result(d: Dialect, given: Given) -> str:
    """Each plan with its sums rounded once; in its own currency only if that is another."""
    places = ", ".join(
        f"{_by_places(currency, values)} AS {name}"
        for currency, prefix in (("t.currency", ""), (given.company, "company_"))
        for values, name in ((PER_UNIT, f"{prefix}per_unit"), (UNIT, f"{prefix}unit"))
    )
    target = d.product.format(value="p.sales_target", factor="p.target_rate")
    columns = {"company_sales_target": _rounded(d, target, RATE_ONE, "company_")}
    for name in SUMS:
        own = IN_OTHER_CURRENCY.rounded(d, name)
        columns[f"company_{name}"] = IN_COMPANY_CURRENCY.rounded(d, name)
        columns[name] = f"CASE WHEN p.currency <> {given.company} THEN {own} END"
    return f"""
        SELECT p.id, p.currency, p.revenue_basis, p.sales_target,
               {", ".join(f"{value} AS {name}" for name, value in columns.items())},
               s.won_count, s.open_count, s.lost_count, s.slipped_count, s.not_converted_count,
               s.company_not_converted_count, s.valid_until
        FROM (SELECT t.*, {places}, CASE WHEN t.currency = {given.company} THEN {RATE_ONE}
                                    ELSE {rate_on("t.currency", "t.start_date")} END AS target_rate
              FROM target t {d.fence}) p
        LEFT JOIN summed s ON s.plan_id = p.id {d.fence}"""


def _computed(d: Dialect, given: Given) -> str:
    """The columns of `PlanKPI`, in the order of `COLUMNS`."""
    in_company = {name: f"company_{name}" for name in SUMS}
    own = {name: f"COALESCE({name}, company_{name})" for name in SUMS}
    expected, company_expected = (
        d.plus.format(left=sums["won_revenue"], right=sums["weighted_pipeline"]) for sums in (own, in_company)
    )
    variance = d.plus.format(left=expected, right="(- sales_target)")
    company_variance = d.plus.format(left=company_expected, right="(- company_sales_target)")
    return f"""
        SELECT id, currency, revenue_basis, sales_target, {", ".join(own.values())}, {expected}, {variance},
               COALESCE(won_count, 0), COALESCE(open_count, 0), COALESCE(lost_count, 0), COALESCE(slipped_count, 0),
               COALESCE(not_converted_count, 0), {given.company}, company_sales_target,
               {", ".join(in_company.values())}, {company_expected}, {company_variance},
               COALESCE(company_not_converted_count, 0), valid_until, {given.now}
        FROM result {d.fence}"""
