"""How records find the exchange rates of their day: each looks them up, or they are joined."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.backends.utils import CursorWrapper

# Neither is the plan in company currency nor the record in the plan's.
NEEDS_CROSS_RATE = "f.is_foreign_plan AND NOT f.is_at_par"


def rate_on(currency: str, on_date: str) -> str:
    """SQL: the rate of another than company currency that is valid on a date; NULL without one."""
    return (
        f"(SELECT x.rate FROM crm_exchangerate x WHERE x.currency = {currency} AND x.valid_from <= {on_date}"
        " ORDER BY x.valid_from DESC LIMIT 1)"
    )


@dataclass(frozen=True)
class Rates:
    """SQL: the rates of the currency of a record `f`, and of that of its plan, to company currency."""

    of_record: str
    of_plan: str
    tables: str = ""  # CTEs that the joins need
    joins: str = ""


LOOKED_UP = Rates(rate_on("f.currency", "f.on_date"), rate_on("f.plan_currency", "f.on_date"))


def joined_rates(cursor: CursorWrapper) -> tuple[Rates, dict[str, str]]:
    """All rates as arrays by currency, for PostgreSQL, and the parameters of their SQL.

    The processes that help to read very many records may join them, but not look them up.
    """
    cursor.execute("""
        SELECT currency, array_agg(valid_from ORDER BY valid_from)::text, array_agg(rate ORDER BY valid_from)::text
        FROM crm_exchangerate GROUP BY currency
    """)
    rows = ["(NULL::varchar, NULL::date[], NULL::bigint[])"]
    parameters: dict[str, str] = {}
    for n, (currency, days, rates) in enumerate(cursor.fetchall()):
        rows.append(f"(%(currency{n})s, %(days{n})s::date[], %(rates{n})s::bigint[])")
        parameters |= {f"currency{n}": currency, f"days{n}": days, f"rates{n}": rates}
    joined = Rates(
        of_record="ofr.rates[width_bucket(f.on_date, ofr.days)]",  # before the first day: NULL
        of_plan="ofp.rates[width_bucket(f.on_date, ofp.days)]",
        tables=f"rate (currency, days, rates) AS NOT MATERIALIZED (VALUES {', '.join(rows)}),",
        joins=f"""
        LEFT JOIN rate ofr ON ofr.currency = CASE WHEN NOT f.is_company_currency THEN f.currency END
        LEFT JOIN rate ofp ON ofp.currency = CASE WHEN {NEEDS_CROSS_RATE} THEN f.plan_currency END""",
    )
    return joined, parameters
