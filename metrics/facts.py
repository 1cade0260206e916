"""What plans count, as SQL for `metrics.rollup` (domain.md, *Linking revenue to plans*).

Each source yields rows for the plans whose basis uses its kind of record: plan, currencies, the date
that decides, amount, amount × probability, whether it is won, open or lost.
"""

from __future__ import annotations

from dataclasses import dataclass

COLUMNS = "plan_id, plan_currency, currency, on_date, amount, weighted, won, open, lost"
FLAGS = "s.is_won AS won, NOT s.is_closed AS open, s.is_closed AND NOT s.is_won AS lost"
ALWAYS_WON = "1 = 1, 1 = 0, 1 = 0"
# With orders as revenue, a won opportunity is no revenue of its own.
USES_OPPORTUNITIES = "(c.revenue_basis = 'opportunity' OR (c.revenue_basis = 'order' AND NOT s.is_won))"

OPPORTUNITIES = """
    JOIN crm_opportunity o ON o.account_id = c.account_id AND o.close_date BETWEEN c.start_date AND c.end_date
    JOIN crm_stage s ON s.id = o.stage_id
"""
SCHEDULES = """
    JOIN crm_opportunity o ON o.account_id = c.account_id
    JOIN crm_opportunityline l ON l.opportunity_id = o.id
    JOIN crm_revenueschedule r ON r.line_id = l.id AND r.date BETWEEN c.start_date AND c.end_date
    JOIN crm_stage s ON s.id = o.stage_id
"""
ORDERS = "JOIN crm_order o ON o.account_id = c.account_id AND o.date BETWEEN c.start_date AND c.end_date"

COVERED = """covered AS {inline} (
        SELECT t.id AS plan_id, e.descendant_id AS account_id, t.start_date, t.end_date, t.revenue_basis,
               t.currency AS plan_currency
        FROM target t JOIN crm_accountedge e
          ON e.ancestor_id = t.account_id AND (t.include_child_accounts OR e.depth = 0)
        WHERE t.status <> 'cancelled'
    )"""


@dataclass(frozen=True)
class Part:
    """Plans of one sort, a part of the statement of their own."""

    name: str
    condition: str  # which plans `p`
    columns: str  # what else is asked of `p`
    covered: str  # the tables that the sources read
    sources: tuple[str, ...]


# --- By account and date --------------------------------------------------------------------
WHOLE = (
    f"""
        SELECT c.plan_id, c.plan_currency, o.currency, o.close_date AS on_date, o.amount,
               o.amount * o.probability AS weighted, {FLAGS}
        FROM covered c {OPPORTUNITIES} WHERE {USES_OPPORTUNITIES}
    """,
    f"""
        SELECT c.plan_id, c.plan_currency, o.currency, r.date, r.amount, r.amount * o.probability, {FLAGS}
        FROM covered c {SCHEDULES} WHERE c.revenue_basis = 'schedule'
    """,
    f"""
        SELECT c.plan_id, c.plan_currency, o.currency, o.date, o.amount, 0, {ALWAYS_WON}
        FROM covered c {ORDERS} WHERE c.revenue_basis = 'order'
    """,
)

# --- By product -----------------------------------------------------------------------------
NAMES_PRODUCTS = "EXISTS (SELECT 1 FROM plans_accountplanproduct x WHERE x.plan_id = p.id)"
# What the plans name: products, and all of a category and of those below it; never what others sell.
NAMED = """named (plan_id, product_id) AS (
        SELECT t.id, m.id FROM target t
        JOIN plans_accountplanproduct x ON x.plan_id = t.id
        JOIN crm_product m ON m.id = x.product_id AND NOT m.is_competitor
        UNION
        SELECT t.id, m.id FROM target t
        JOIN plans_accountplanproduct x ON x.plan_id = t.id
        JOIN crm_productcategoryedge e ON e.ancestor_id = x.category_id
        JOIN crm_product m ON m.category_id = e.descendant_id AND NOT m.is_competitor
    )"""
OF_NAMED = "JOIN named n ON n.plan_id = c.plan_id AND n.product_id"
# An opportunity counts once, with the sum of its lines that have one of the products.
LINES = "CAST(SUM(l.amount) AS bigint)"
PARTLY = (
    f"""
        SELECT c.plan_id, c.plan_currency, o.currency, o.close_date AS on_date, {LINES} AS amount,
               {LINES} * o.probability AS weighted, {FLAGS}
        FROM covered c {OPPORTUNITIES}
        JOIN crm_opportunityline l ON l.opportunity_id = o.id
        {OF_NAMED} = l.product_id
        WHERE {USES_OPPORTUNITIES}
        GROUP BY c.plan_id, c.plan_currency, o.id, s.id
    """,
    f"""
        SELECT c.plan_id, c.plan_currency, o.currency, r.date, r.amount, r.amount * o.probability, {FLAGS}
        FROM covered c {SCHEDULES} {OF_NAMED} = l.product_id WHERE c.revenue_basis = 'schedule'
    """,
    f"""
        SELECT c.plan_id, c.plan_currency, o.currency, o.date, o.amount, 0, {ALWAYS_WON}
        FROM covered c {ORDERS} {OF_NAMED} = o.product_id WHERE c.revenue_basis = 'order'
    """,
)

PARTS = (
    Part("whole", f"NOT {NAMES_PRODUCTS}", "", COVERED, WHOLE),
    Part("partly", NAMES_PRODUCTS, "", f"{COVERED}, {NAMED}", PARTLY),
)
