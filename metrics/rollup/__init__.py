"""The rollup: one SQL statement that computes the KPIs of plans from their records and stores them.

Set-based and the same on PostgreSQL and SQLite but for the few expressions in `Dialect`. Coverage
(domain.md, *Linking revenue to plans*) is the join of plan, account closure and record date; it is
derived here at each run and stored nowhere. Sums are exact: records are added up in company currency
by their rate, and for plans in another currency once more by a cross factor of `CROSS_RATE_PLACES`
places; each KPI is rounded once, half up, to the minor unit. A row that would not change is not written.

What a plan counts stands in `metrics.rollup.facts`. Plans that follow accounts and dates alone are a part of
the statement of their own: what others need costs them nothing.
"""

from metrics.rollup.running import FUNCTION, compute

__all__ = ["FUNCTION", "compute"]
