"""Stale markers: triggers on everything a KPI rests on append them in the writer's transaction.

PostgreSQL: statement-level with transition tables, one INSERT per statement however many rows it
changed. SQLite: row-level. What each table marks is in `SOURCES`, once for both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kam.core.triggers import Trigger

NOW = {"postgresql": "clock_timestamp()", "sqlite": "strftime('%Y-%m-%d %H:%M:%f', 'now')"}


@dataclass(frozen=True)
class Source:
    """A table, the columns that matter, and the SELECT of the marked ids.

    `{rows}` stands for the changed rows (old and new), named `x`.
    """

    table: str
    columns: tuple[str, ...]
    select: str
    marks: str = "account_id"
    on_insert: bool = True


SOURCES = (
    Source(
        "crm_opportunity",
        ("account_id", "stage_id", "amount", "currency", "probability", "close_date"),
        "SELECT DISTINCT x.account_id FROM {rows}",
    ),
    Source("crm_order", ("account_id", "date", "amount", "currency"), "SELECT DISTINCT x.account_id FROM {rows}"),
    Source(
        "crm_opportunityline",
        ("opportunity_id",),
        "SELECT DISTINCT o.account_id FROM {rows} JOIN crm_opportunity o ON o.id = x.opportunity_id",
    ),
    Source(
        "crm_revenueschedule",
        ("line_id", "date", "amount"),
        "SELECT DISTINCT o.account_id FROM {rows} JOIN crm_opportunityline l ON l.id = x.line_id "
        "JOIN crm_opportunity o ON o.id = l.opportunity_id",
    ),
    Source(
        "crm_stage",
        ("is_closed", "is_won"),
        "SELECT DISTINCT o.account_id FROM {rows} JOIN crm_opportunity o ON o.stage_id = x.id",
        on_insert=False,
    ),
    # A rate concerns plans in its currency and plans with records in it.
    Source(
        "crm_exchangerate",
        ("currency", "valid_from", "rate"),
        "SELECT p.account_id FROM {rows} JOIN plans_accountplan p ON p.currency = x.currency "
        "UNION SELECT o.account_id FROM {rows} JOIN crm_opportunity o ON o.currency = x.currency "
        "UNION SELECT o.account_id FROM {rows} JOIN crm_order o ON o.currency = x.currency",
    ),
    # A move concerns the plans above the old place and above the new one; so does a deletion.
    Source(
        "crm_account",
        ("parent_id",),
        "SELECT x.parent_id FROM {rows} WHERE x.parent_id IS NOT NULL UNION SELECT x.id FROM {rows}",
        on_insert=False,
    ),
    Source(
        "plans_accountplan",
        (
            "account_id",
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


def declared(vendor: str) -> Iterable[Trigger]:
    for source in SOURCES:
        yield from _postgresql(source) if vendor == "postgresql" else _sqlite(source)
    yield _remove_kpi(vendor)


def _insert(source: Source, vendor: str, rows: str) -> str:
    return (
        f"INSERT INTO metrics_stalemarker ({source.marks}, created_at) "
        f"SELECT marked.id, {NOW[vendor]} FROM ({source.select.format(rows=rows)}) AS marked(id)"
    )


def _postgresql(source: Source) -> Iterable[Trigger]:
    name = f"kam_stale_{source.table}"
    differs = " OR ".join(f"o.{c} IS DISTINCT FROM n.{c}" for c in source.columns)
    changed = (
        f"(SELECT n.* FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE {differs} UNION ALL "
        f"SELECT o.* FROM new_rows n JOIN old_rows o ON o.id = n.id WHERE {differs}) AS x"
    )
    events = {
        "insert": ("REFERENCING NEW TABLE AS new_rows", "new_rows AS x"),
        "update": ("REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows", changed),
        "delete": ("REFERENCING OLD TABLE AS old_rows", "old_rows AS x"),
    }
    if not source.on_insert:
        del events["insert"]
    for event, (tables, rows) in events.items():
        function = (
            f"CREATE OR REPLACE FUNCTION {name}_{event}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"{_insert(source, 'postgresql', rows)}; RETURN NULL; END $$"
        )
        trigger = (
            f"CREATE TRIGGER {name}_{event} AFTER {event.upper()} ON {source.table} {tables} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {name}_{event}()"
        )
        yield Trigger(f"{name}_{event}", source.table, (function, trigger))


def _sqlite(source: Source) -> Iterable[Trigger]:
    name = f"kam_stale_{source.table}"
    named = sorted({"id", *source.columns})

    def row(prefix: str) -> str:
        return f"SELECT {', '.join(f'{prefix}.{c} AS {c}' for c in named)}"

    differs = " OR ".join(f"OLD.{c} IS NOT NEW.{c}" for c in source.columns)
    events = {
        "insert": ("", f"({row('NEW')}) AS x"),
        "update": (f"WHEN {differs}", f"({row('NEW')} UNION {row('OLD')}) AS x"),
        "delete": ("", f"({row('OLD')}) AS x"),
    }
    if not source.on_insert:
        del events["insert"]
    for event, (when, rows) in events.items():
        # SQLite cannot name the columns of a subquery from outside: the empty first part names it.
        select = source.select.format(rows=rows)
        body = (
            f"INSERT INTO metrics_stalemarker ({source.marks}, created_at) "
            f"SELECT marked.id, {NOW['sqlite']} FROM (SELECT NULL AS id WHERE 0 UNION ALL SELECT * FROM ({select})) "
            f"AS marked"
        )
        statement = f"CREATE TRIGGER {name}_{event} AFTER {event.upper()} ON {source.table} {when} BEGIN {body}; END"
        yield Trigger(f"{name}_{event}", source.table, (statement,))


def _remove_kpi(vendor: str) -> Trigger:
    """The numbers go with their plan, also when it was deleted by raw SQL."""
    name = "kam_remove_kpi"
    delete = "DELETE FROM metrics_plankpi WHERE plan_id = OLD.id"
    if vendor == "sqlite":
        create = (f"CREATE TRIGGER {name} AFTER DELETE ON plans_accountplan BEGIN {delete}; END",)
    else:
        create = (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {delete}; RETURN NULL; END $$",
            f"CREATE TRIGGER {name} AFTER DELETE ON plans_accountplan FOR EACH ROW EXECUTE FUNCTION {name}()",
        )
    return Trigger(name, "plans_accountplan", create)
