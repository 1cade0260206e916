"""Stale markers: triggers on everything a KPI rests on append them in the writer's transaction.

PostgreSQL: statement-level with transition tables, one INSERT per statement however many rows it
changed; TRUNCATE marks every plan. SQLite: row-level. What each table marks is in `SOURCES`, once
for both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kam.core.triggers import Trigger

NOW = {"postgresql": "clock_timestamp()", "sqlite": "strftime('%Y-%m-%d %H:%M:%f', 'now')"}


@dataclass(frozen=True)
class Source:
    """A table, the columns that matter, and the SELECT of the marked ids.

    `{rows}` stands for the changed rows (old and new), named `x`; `{hold}` for what keeps rows in place.
    """

    table: str
    columns: tuple[str, ...]
    select: str
    marks: str = "account_id"
    on_insert: bool = True
    holds: str = ""  # the tables whose rows may not move until this is committed

    @property
    def name(self) -> str:
        return f"kam_stale_{self.table}" + ("_territory" if self.marks == "territory_id" else "")


SOURCES = (
    Source(
        "crm_opportunity",
        ("account_id", "stage_id", "amount", "currency", "probability", "close_date"),
        "SELECT DISTINCT x.account_id FROM {rows}",
    ),
    Source(
        "crm_order",
        ("account_id", "date", "product_id", "amount", "currency"),
        "SELECT DISTINCT x.account_id FROM {rows}",
    ),
    Source(
        "crm_opportunityline",
        ("opportunity_id", "product_id", "amount"),
        "SELECT DISTINCT h.account_id FROM (SELECT o.account_id FROM {rows} "
        "JOIN crm_opportunity o ON o.id = x.opportunity_id {hold}) h",
        holds="o",
    ),
    Source(
        "crm_revenueschedule",
        ("line_id", "date", "amount"),
        "SELECT DISTINCT h.account_id FROM (SELECT o.account_id FROM {rows} "
        "JOIN crm_opportunityline l ON l.id = x.line_id JOIN crm_opportunity o ON o.id = l.opportunity_id {hold}) h",
        holds="l, o",
    ),
    Source(
        "crm_stage",
        ("is_closed", "is_won"),
        "SELECT DISTINCT o.account_id FROM {rows} JOIN crm_opportunity o ON o.stage_id = x.id",
        on_insert=False,
    ),
    # A rate concerns plans in its currency and plans with records in it: found when it is worked off,
    # so that loading years of daily rates costs its writer one marker a rate and no search.
    Source(
        "crm_exchangerate",
        ("currency", "valid_from", "rate"),
        "SELECT DISTINCT x.currency FROM {rows}",
        marks="currency",
    ),
    # What belongs to a category concerns the plans that name products: found when it is worked off.
    Source(
        "crm_product",
        ("category_id", "is_competitor"),
        "SELECT DISTINCT 1 = 1 FROM {rows}",
        marks="catalog",
        on_insert=False,
    ),
    Source(
        "crm_productcategory",
        ("parent_id",),
        "SELECT DISTINCT 1 = 1 FROM {rows}",
        marks="catalog",
        on_insert=False,
    ),
    Source(
        "plans_accountplanproduct",
        ("plan_id", "product_id", "category_id"),
        "SELECT DISTINCT x.plan_id FROM {rows}",
        marks="plan_id",
    ),
    # A move concerns the plans above the old place and above the new one; so does a deletion.
    Source(
        "crm_account",
        ("parent_id",),
        "SELECT x.parent_id FROM {rows} WHERE x.parent_id IS NOT NULL UNION SELECT x.id FROM {rows}",
        on_insert=False,
    ),
    # The same with territories; of an account's records those above its old and its new one.
    Source(
        "crm_territory",
        ("parent_id",),
        "SELECT x.parent_id FROM {rows} WHERE x.parent_id IS NOT NULL UNION SELECT x.id FROM {rows}",
        marks="territory_id",
        on_insert=False,
    ),
    Source(
        "crm_account",
        ("territory_id",),
        "SELECT DISTINCT x.territory_id FROM {rows} WHERE x.territory_id IS NOT NULL",
        marks="territory_id",
        on_insert=False,
    ),
    Source(
        "plans_planpin",
        ("plan_id", "effect", "opportunity_id", "schedule_id", "order_id"),
        "SELECT DISTINCT x.plan_id FROM {rows}",
        marks="plan_id",
    ),
    Source(
        "plans_accountplan",
        (
            "account_id",
            "territory_id",
            "start_date",
            "end_date",
            "status",
            "currency",
            "sales_target",
            "revenue_basis",
            "include_child_accounts",
        ),
        "SELECT x.id FROM {rows}",
        marks="plan_id",
    ),
)

# A line is marked by the account of its deal as it is when the line is written, a stage by the deals in it. A
# deal that moves at that moment, unseen, would take the change to an account without a marker. So whoever writes
# a line holds its deal, and whoever moves one waits for that; the deals that come to a stage hold it by their
# foreign key. (SQLite lets one writer in at a time.)
MOVES = {
    "crm_opportunity": ("account_id",),
    "crm_opportunityline": ("opportunity_id",),
    "crm_stage": ("is_closed", "is_won"),
}


def declared(vendor: str) -> Iterable[Trigger]:
    for source in SOURCES:
        yield from _postgresql(source) if vendor == "postgresql" else _sqlite(source)
    if vendor == "postgresql":
        for table in dict.fromkeys(source.table for source in SOURCES):
            yield _mark_all_on_truncate(table)
        for table, columns in MOVES.items():
            yield _wait_for_holders(table, columns)
    yield _remove_kpi(vendor)


def _select(source: Source, vendor: str, rows: str) -> str:
    hold = f"FOR KEY SHARE OF {source.holds}" if vendor == "postgresql" else ""
    return source.select.format(rows=rows, hold=hold)


def _insert(source: Source, vendor: str, rows: str) -> str:
    return (
        f"INSERT INTO metrics_stalemarker ({source.marks}, created_at) "
        f"SELECT marked.id, {NOW[vendor]} FROM ({_select(source, vendor, rows)}) AS marked(id)"
    )


def _function_trigger(name: str, table: str, event: str, body: str) -> Trigger:
    """A PostgreSQL trigger with the function that it calls."""
    function = (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$"
    )
    return Trigger(name, table, (function, f"CREATE TRIGGER {name} AFTER {event} EXECUTE FUNCTION {name}()"))


def _postgresql(source: Source) -> Iterable[Trigger]:
    columns = ", ".join(("id", *source.columns))
    # A row that changed is in one of the two tables as it is not in the other.
    changed = " UNION ALL ".join(
        f"(SELECT {columns} FROM {one} EXCEPT SELECT {columns} FROM {other})"
        for one, other in (("old_rows", "new_rows"), ("new_rows", "old_rows"))
    )
    events = {
        "insert": ("REFERENCING NEW TABLE AS new_rows", "new_rows AS x"),
        "update": ("REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows", f"({changed}) AS x"),
        "delete": ("REFERENCING OLD TABLE AS old_rows", "old_rows AS x"),
    }
    if not source.on_insert:
        del events["insert"]
    for event, (tables, rows) in events.items():
        yield _function_trigger(
            f"{source.name}_{event}",
            source.table,
            f"{event.upper()} ON {source.table} {tables} FOR EACH STATEMENT",
            f"{_insert(source, 'postgresql', rows)}; RETURN NULL;",
        )


def _mark_all_on_truncate(table: str) -> Trigger:
    """TRUNCATE names no rows: every plan may have lost some; the numbers of plans that went go too."""
    return _function_trigger(
        f"kam_stale_{table}_truncate",
        table,
        f"TRUNCATE ON {table} FOR EACH STATEMENT",
        f"INSERT INTO metrics_stalemarker (plan_id, created_at) SELECT id, {NOW['postgresql']} FROM plans_accountplan;"
        " DELETE FROM metrics_plankpi k WHERE NOT EXISTS (SELECT 1 FROM plans_accountplan p WHERE p.id = k.plan_id);"
        " RETURN NULL;",
    )


def _wait_for_holders(table: str, columns: Iterable[str]) -> Trigger:
    """A row that moves is locked against those who hold it; row by row, and so before the markers are written."""
    name = f"kam_stale_{table}_move"
    moves = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)
    return _function_trigger(
        name,
        table,
        f"UPDATE ON {table} FOR EACH ROW WHEN ({moves})",
        f"PERFORM 1 FROM {table} WHERE id = NEW.id FOR UPDATE; RETURN NULL;",
    )


def _sqlite(source: Source) -> Iterable[Trigger]:
    name = source.name
    named = sorted({"id", *source.columns})

    def row(prefix: str) -> str:
        return f"SELECT {', '.join(f'{prefix}.{c} AS {c}' for c in named)}"

    differs = " OR ".join(f"OLD.{c} IS NOT NEW.{c}" for c in ("id", *source.columns))
    events = {
        "insert": ("", f"({row('NEW')}) AS x"),
        "update": (f"WHEN {differs}", f"({row('NEW')} UNION {row('OLD')}) AS x"),
        "delete": ("", f"({row('OLD')}) AS x"),
    }
    if not source.on_insert:
        del events["insert"]
    for event, (when, rows) in events.items():
        # SQLite cannot name the columns of a subquery from outside: the empty first part names it.
        select = _select(source, "sqlite", rows)
        body = (
            f"INSERT INTO metrics_stalemarker ({source.marks}, created_at) "
            f"SELECT marked.id, {NOW['sqlite']} FROM (SELECT NULL AS id WHERE 0 UNION ALL SELECT * FROM ({select})) "
            f"AS marked"
        )
        statement = (
            f"CREATE TRIGGER {name}_{event} AFTER {event.upper()} ON {source.table} {when} BEGIN {body}; END"
        )
        yield Trigger(f"{name}_{event}", source.table, (statement,))


def _remove_kpi(vendor: str) -> Trigger:
    """The numbers go with their plan, also when it was deleted by raw SQL."""
    name, table = "kam_remove_kpi", "plans_accountplan"
    delete = "DELETE FROM metrics_plankpi WHERE plan_id = OLD.id;"
    if vendor == "sqlite":
        return Trigger(name, table, (f"CREATE TRIGGER {name} AFTER DELETE ON {table} BEGIN {delete} END",))
    return _function_trigger(name, table, f"DELETE ON {table} FOR EACH ROW", f"{delete} RETURN NULL;")
