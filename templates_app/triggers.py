"""The last line: the database itself refuses to change what is published, and rings of prerequisites."""

from __future__ import annotations

from collections.abc import Iterable

from kam.core.changelog import BOOKKEEPING
from kam.core.triggers import Trigger
from templates_app.models import ActionPlanTemplateItem, ActionPlanTemplateVersion

FIXED_MESSAGE = "kam_template_version_fixed"
RING_MESSAGE = "kam_template_prerequisite"
VERSION, ITEM = ActionPlanTemplateVersion._meta.db_table, ActionPlanTemplateItem._meta.db_table
VERSION_CONTENT = ("id", "template_id", "number", "published_at", "published_by_id")
# All columns but the bookkeeping, so that a new one is guarded as well.
ITEM_CONTENT = tuple(
    f.column for f in ActionPlanTemplateItem._meta.concrete_fields if f.attname not in BOOKKEEPING
)

# Items whose prerequisite stands in another version, or that would wait for themselves.
WRONG_PREREQUISITE = f"""
    SELECT 1 FROM {ITEM} other WHERE other.template_version_id <> NEW.template_version_id
        AND (other.id = NEW.prerequisite_id OR other.prerequisite_id = NEW.id)
    UNION ALL
    SELECT 1 FROM (
        WITH RECURSIVE earlier(id) AS (
            SELECT NEW.prerequisite_id UNION
            SELECT item.prerequisite_id FROM {ITEM} item JOIN earlier ON item.id = earlier.id
        ) SELECT id FROM earlier WHERE id = NEW.id
    ) ring
"""


def declared(vendor: str) -> Iterable[Trigger]:
    return _postgresql() if vendor == "postgresql" else _sqlite()


def _differs(columns: Iterable[str | None], operator: str) -> str:
    return "(" + " OR ".join(f'OLD."{name}" {operator} NEW."{name}"' for name in columns) + ")"


# A published version may only be retired; a draft may only be published, with its date.
def _forbidden_step(operator: str) -> str:
    return (
        f"(OLD.status <> 'draft' AND ({_differs(VERSION_CONTENT, operator)}"
        " OR NOT (NEW.status = OLD.status OR (OLD.status = 'published' AND NEW.status = 'retired'))))"
        " OR (OLD.status = 'draft' AND NEW.status NOT IN ('draft', 'published'))"
    )


def _postgresql() -> list[Trigger]:
    refuse = f"RAISE EXCEPTION '{FIXED_MESSAGE}' USING ERRCODE = 'check_violation';"
    versions = f"""
        CREATE OR REPLACE FUNCTION {VERSION}_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                IF OLD.status <> 'draft' THEN {refuse} END IF;
                RETURN OLD;
            ELSIF TG_OP = 'INSERT' THEN
                IF NEW.status <> 'draft' THEN {refuse} END IF;
            ELSIF {_forbidden_step("IS DISTINCT FROM")} THEN {refuse}
            END IF;
            RETURN NEW;
        END $$
    """
    # The lock keeps a version from being published while an item of it is written, and two writers from
    # closing a ring that neither sees.
    items = f"""
        CREATE OR REPLACE FUNCTION {ITEM}_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE found_status text;
        BEGIN
            IF TG_OP = 'UPDATE' THEN
                IF NOT {_differs(ITEM_CONTENT, "IS DISTINCT FROM")} THEN RETURN NEW; END IF;
            END IF;
            IF TG_OP <> 'INSERT' THEN
                SELECT status INTO found_status FROM {VERSION} WHERE id = OLD.template_version_id FOR NO KEY UPDATE;
                IF found_status <> 'draft' THEN {refuse} END IF;
            END IF;
            IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
            SELECT status INTO found_status FROM {VERSION} WHERE id = NEW.template_version_id FOR NO KEY UPDATE;
            IF found_status <> 'draft' THEN {refuse} END IF;
            RETURN NEW;
        END $$
    """
    rings = f"""
        CREATE OR REPLACE FUNCTION {ITEM}_ring() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF EXISTS ({WRONG_PREREQUISITE}) THEN
                RAISE EXCEPTION '{RING_MESSAGE}' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END $$
    """
    each_row = "FOR EACH ROW EXECUTE FUNCTION"
    every_write = "BEFORE INSERT OR UPDATE OR DELETE"
    return [
        Trigger(f"{VERSION}_1_fixed", VERSION, (
            versions, f"CREATE TRIGGER {VERSION}_1_fixed {every_write} ON {VERSION} {each_row} {VERSION}_fixed()",
        )),
        Trigger(f"{ITEM}_1_fixed", ITEM, (
            items, f"CREATE TRIGGER {ITEM}_1_fixed {every_write} ON {ITEM} {each_row} {ITEM}_fixed()",
        )),
        Trigger(f"{ITEM}_2_ring", ITEM, (
            rings, f"CREATE TRIGGER {ITEM}_2_ring AFTER INSERT OR UPDATE ON {ITEM} {each_row} {ITEM}_ring()",
        )),
    ]  # fmt: skip


def _sqlite() -> list[Trigger]:
    def fixed(row: str) -> str:
        return f"EXISTS (SELECT 1 FROM {VERSION} v WHERE v.id = {row}.template_version_id AND v.status <> 'draft')"

    changed = _differs(ITEM_CONTENT, "IS NOT")
    wanted = (
        (VERSION, "1_insert", "BEFORE INSERT", "NEW.status <> 'draft'", FIXED_MESSAGE),
        (VERSION, "1_update", "BEFORE UPDATE", _forbidden_step("IS NOT"), FIXED_MESSAGE),
        (VERSION, "1_delete", "BEFORE DELETE", "OLD.status <> 'draft'", FIXED_MESSAGE),
        (ITEM, "1_insert", "BEFORE INSERT", fixed("NEW"), FIXED_MESSAGE),
        (
            ITEM,
            "1_update",
            "BEFORE UPDATE",
            f"{changed} AND ({fixed('OLD')} OR {fixed('NEW')})",
            FIXED_MESSAGE,
        ),
        (ITEM, "1_delete", "BEFORE DELETE", fixed("OLD"), FIXED_MESSAGE),
        (ITEM, "2_ring_insert", "AFTER INSERT", f"EXISTS ({WRONG_PREREQUISITE})", RING_MESSAGE),
        (ITEM, "2_ring_update", "AFTER UPDATE", f"EXISTS ({WRONG_PREREQUISITE})", RING_MESSAGE),
    )
    return [_refusal(table, f"{table}_{name}", *rest) for table, name, *rest in wanted]


def _refusal(table: str, name: str, moment: str, condition: str, message: str) -> Trigger:
    return Trigger(
        name,
        table,
        (
            f"CREATE TRIGGER {name} {moment} ON {table} BEGIN SELECT RAISE(ABORT, '{message}') WHERE {condition}; END",
        ),
    )
