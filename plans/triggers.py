"""What holds of plans at any moment, however rows were changed.

A plan whose target is the sum of its lines has it: the plan's own change then marks its numbers stale
(`metrics.triggers`), in the same transaction. A pin goes with its record.
"""

from __future__ import annotations

from collections.abc import Iterable

from kam.core.triggers import Trigger
from plans.models import Plan, PlanPin, TargetLine
from plans.models.pins import RECORDS

PLAN, LINE = Plan._meta.db_table, TargetLine._meta.db_table
SUM = f"(SELECT SUM(l.target) FROM {LINE} l WHERE l.plan_id = {PLAN}.id)"
NAME = "kam_target_from_lines"


def declared(vendor: str) -> Iterable[Trigger]:
    yield from _postgresql() if vendor == "postgresql" else _sqlite()
    yield from _pins(vendor)


def _pins(vendor: str) -> Iterable[Trigger]:
    pins = PlanPin._meta.db_table
    for kind, model in RECORDS.items():
        table, name = model._meta.db_table, f"kam_unpin_{kind}"
        delete = f"DELETE FROM {pins} WHERE {kind}_id"
        if vendor == "sqlite":
            body = f"CREATE TRIGGER {name} AFTER DELETE ON {table} BEGIN {delete} = OLD.id; END"
            yield Trigger(name, table, (body,))
            continue
        rows = "REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT"
        yield _function_trigger(
            name, table, f"DELETE ON {table} {rows}", f"{delete} IN (SELECT id FROM old_rows);"
        )
        event = f"TRUNCATE ON {table} FOR EACH STATEMENT"
        yield _function_trigger(f"{name}_truncate", table, event, f"{delete} IS NOT NULL;")


def _set_sum(plans: str, *, cast: str = "", differs: str) -> str:
    total = f"{SUM}{cast}"
    return (
        f"UPDATE {PLAN} SET sales_target = {total} "
        f"WHERE id IN ({plans}) AND target_from_lines AND sales_target {differs} {total};"
    )


def _postgresql() -> Iterable[Trigger]:
    """One UPDATE a statement, however many lines it changed."""
    tables = {
        "insert": ("NEW TABLE AS new_rows", "SELECT plan_id FROM new_rows"),
        "update": (
            "OLD TABLE AS old_rows NEW TABLE AS new_rows",
            "SELECT plan_id FROM old_rows UNION SELECT plan_id FROM new_rows",
        ),
        "delete": ("OLD TABLE AS old_rows", "SELECT plan_id FROM old_rows"),
    }
    for event, (references, plans) in tables.items():
        body = _set_sum(plans, cast="::bigint", differs="IS DISTINCT FROM")
        when = f"{event.upper()} ON {LINE} REFERENCING {references} FOR EACH STATEMENT"
        yield _function_trigger(f"{NAME}_{event}", LINE, when, body)
    body = _set_sum("NEW.id", cast="::bigint", differs="IS DISTINCT FROM")
    when = f"INSERT OR UPDATE ON {PLAN} FOR EACH ROW WHEN (NEW.target_from_lines)"
    yield _function_trigger(f"{NAME}_plan", PLAN, when, body)


def _function_trigger(name: str, table: str, event: str, body: str) -> Trigger:
    head = f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
    function = f"{head} $$ BEGIN {body} RETURN NULL; END $$"
    return Trigger(name, table, (function, f"CREATE TRIGGER {name} AFTER {event} EXECUTE FUNCTION {name}()"))


def _sqlite() -> Iterable[Trigger]:
    for event, rows in (("insert", ("NEW",)), ("update", ("OLD", "NEW")), ("delete", ("OLD",))):
        plans = ", ".join(f"{row}.plan_id" for row in rows)
        name = f"{NAME}_{event}"
        body = _set_sum(plans, differs="IS NOT")
        yield Trigger(
            name, LINE, (f"CREATE TRIGGER {name} AFTER {event.upper()} ON {LINE} BEGIN {body} END",)
        )
    for event in ("insert", "update"):
        name = f"{NAME}_plan_{event}"
        when = f"AFTER {event.upper()} ON {PLAN} WHEN NEW.target_from_lines"
        body = _set_sum("NEW.id", differs="IS NOT")
        yield Trigger(name, PLAN, (f"CREATE TRIGGER {name} {when} BEGIN {body} END",))
