"""What plans count, as SQL for `metrics.rollup` (domain.md, *Linking revenue to plans*).

Each source yields rows for the plans whose basis uses its kind of record: plan, the date that decides, amount,
amount × probability, whether it is won or open (else it is lost), currencies.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

FLAGS = "s.is_won AS won, NOT s.is_closed AS open"
ALWAYS_WON = "1 = 1 AS won, 1 = 0 AS open"
CURRENCIES = (
    "o.currency = c.plan_currency AS is_at_par, o.currency = {company} AS is_company_currency,"
    " c.plan_currency <> {company} AS is_foreign_plan, o.currency, c.plan_currency"
)
NOT_CANCELLED = "t.status <> 'cancelled'"
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

# An account and those below it in its tree.
BY_ACCOUNT = f"""
        SELECT t.id AS plan_id, e.descendant_id AS account_id, t.start_date, t.end_date, t.revenue_basis,
               t.currency AS plan_currency
        FROM target t JOIN crm_accountedge e
          ON e.ancestor_id = t.account_id AND (t.include_child_accounts OR e.depth = 0)
        WHERE {NOT_CANCELLED}
"""


@dataclass(frozen=True)
class Part:
    """Plans of one sort, a part of the statement of their own."""

    name: str
    condition: str  # which plans `p`
    tables: str  # the CTEs that the sources read
    sources: tuple[str, ...]  # with `{company}` for the currency of the company


# --- By account and date alone: nearly all plans --------------------------------------------
WHOLE_OPPORTUNITIES = f"""
        SELECT c.plan_id, o.close_date AS on_date, o.amount, o.amount * o.probability AS weighted, {FLAGS}, {CURRENCIES}
        FROM covered c {OPPORTUNITIES} WHERE {USES_OPPORTUNITIES}
"""
WHOLE_SCHEDULES = f"""
        SELECT c.plan_id, r.date AS on_date, r.amount, r.amount * o.probability AS weighted, {FLAGS}, {CURRENCIES}
        FROM covered c {SCHEDULES} WHERE c.revenue_basis = 'schedule'
"""
WHOLE_ORDERS = f"""
        SELECT c.plan_id, o.date AS on_date, o.amount, 0 AS weighted, {ALWAYS_WON}, {CURRENCIES}
        FROM covered c {ORDERS} WHERE c.revenue_basis = 'order'
"""

# --- By territory, by product, by hand ------------------------------------------------------
BY_TERRITORY = f"""
        SELECT t.id, a.id, t.start_date, t.end_date, t.revenue_basis, t.currency
        FROM target t JOIN crm_territoryedge e ON e.ancestor_id = t.territory_id
        JOIN crm_account a ON a.territory_id = e.descendant_id
        WHERE {NOT_CANCELLED}
"""
NAMES_PRODUCTS = "EXISTS (SELECT 1 FROM plans_accountplanproduct x WHERE x.plan_id = {plan})"
HAS_PINS = "EXISTS (SELECT 1 FROM plans_planpin x WHERE x.plan_id = p.id)"
# Without an account it is a territory's: the database knows of old that nearly all plans have one.
IS_SPECIAL = f"(p.account_id IS NULL OR {NAMES_PRODUCTS.format(plan='p.id')} OR {HAS_PINS})"
# In these words, and not as NOT of the above, they are joined, and the guess how many there are is right.
IS_PLAIN = f"p.account_id IS NOT NULL AND NOT {NAMES_PRODUCTS.format(plan='p.id')} AND NOT {HAS_PINS}"
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
OF_ALL = f"AND NOT {NAMES_PRODUCTS.format(plan='c.plan_id')}"
# What is pinned counts by its pin or not at all, so nothing counts twice.
BY_ITSELF = (
    "AND NOT EXISTS (SELECT 1 FROM plans_planpin x WHERE x.plan_id = c.plan_id AND x.{kind}_id = {record}.id)"
)
OPPORTUNITY_BY_ITSELF = BY_ITSELF.format(kind="opportunity", record="o")
SCHEDULE_BY_ITSELF = BY_ITSELF.format(kind="schedule", record="r")
ORDER_BY_ITSELF = BY_ITSELF.format(kind="order", record="o")
# An opportunity counts once, with the sum of its lines that have one of the products.
LINES = "CAST(SUM(l.amount) AS bigint)"
PARTLY = (
    f"""
        SELECT c.plan_id, o.close_date AS on_date, {LINES} AS amount,
               CASE WHEN s.is_closed THEN 0 ELSE {LINES} * o.probability END AS weighted, {FLAGS}, {CURRENCIES}
        FROM covered c {OPPORTUNITIES}
        JOIN crm_opportunityline l ON l.opportunity_id = o.id
        {OF_NAMED} = l.product_id
        WHERE {USES_OPPORTUNITIES} {OPPORTUNITY_BY_ITSELF}
        GROUP BY c.plan_id, c.plan_currency, o.id, s.id
    """,
    f"""
        SELECT c.plan_id, r.date AS on_date, r.amount, r.amount * o.probability AS weighted, {FLAGS}, {CURRENCIES}
        FROM covered c {SCHEDULES} {OF_NAMED} = l.product_id
        WHERE c.revenue_basis = 'schedule' {SCHEDULE_BY_ITSELF}
    """,
    f"""
        SELECT c.plan_id, o.date AS on_date, o.amount, 0 AS weighted, {ALWAYS_WON}, {CURRENCIES}
        FROM covered c {ORDERS} {OF_NAMED} = o.product_id
        WHERE c.revenue_basis = 'order' {ORDER_BY_ITSELF}
    """,
)
# Whatever its account, date and products.
PINNED = f"""pinned AS (
        SELECT t.id AS plan_id, t.revenue_basis, t.currency AS plan_currency,
               x.opportunity_id, x.schedule_id, x.order_id
        FROM target t JOIN plans_planpin x ON x.plan_id = t.id AND x.effect = 'include'
        WHERE {NOT_CANCELLED}
    )"""
PUT_IN = (
    f"""
        SELECT c.plan_id, o.close_date AS on_date, o.amount, o.amount * o.probability AS weighted, {FLAGS}, {CURRENCIES}
        FROM pinned c JOIN crm_opportunity o ON o.id = c.opportunity_id
        JOIN crm_stage s ON s.id = o.stage_id
        WHERE {USES_OPPORTUNITIES}
    """,
    f"""
        SELECT c.plan_id, r.date AS on_date, r.amount, r.amount * o.probability AS weighted, {FLAGS}, {CURRENCIES}
        FROM pinned c JOIN crm_revenueschedule r ON r.id = c.schedule_id
        JOIN crm_opportunityline l ON l.id = r.line_id
        JOIN crm_opportunity o ON o.id = l.opportunity_id
        JOIN crm_stage s ON s.id = o.stage_id
        WHERE c.revenue_basis = 'schedule'
    """,
    f"""
        SELECT c.plan_id, o.date AS on_date, o.amount, 0 AS weighted, {ALWAYS_WON}, {CURRENCIES}
        FROM pinned c JOIN crm_order o ON o.id = c.order_id
        WHERE c.revenue_basis = 'order'
    """,
)

PLAIN = Part(
    "plain",
    IS_PLAIN,
    f"covered AS {{inline}} ({BY_ACCOUNT})",
    (WHOLE_OPPORTUNITIES, WHOLE_SCHEDULES, WHOLE_ORDERS),
)
SPECIAL = Part(
    "special",
    IS_SPECIAL,
    f"covered AS {{inline}} ({BY_ACCOUNT} UNION ALL {BY_TERRITORY}), {NAMED}, {PINNED}",
    (
        f"{WHOLE_OPPORTUNITIES} {OF_ALL} {OPPORTUNITY_BY_ITSELF}",
        f"{WHOLE_SCHEDULES} {OF_ALL} {SCHEDULE_BY_ITSELF}",
        f"{WHOLE_ORDERS} {OF_ALL} {ORDER_BY_ITSELF}",
        *PARTLY,
        *PUT_IN,
    ),
)
PARTS = (PLAIN, SPECIAL)
# For a caller who has just looked which plans are special. One that becomes special at this moment is counted
# as it was: what made it so has a marker of its own.
ALL_PLAIN = replace(PLAIN, condition="1 = 1")
FIND_SPECIAL = """
    SELECT id FROM plans_accountplan WHERE account_id IS NULL
    UNION SELECT plan_id FROM plans_accountplanproduct UNION SELECT plan_id FROM plans_planpin
"""
PARTS_APART = (
    replace(PLAIN, condition="p.id <> ALL(%(special)s::uuid[])"),
    replace(SPECIAL, condition="p.id = ANY(%(special)s::uuid[])"),
)
