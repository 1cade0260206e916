"""Trees by parent, with a closure table that the database keeps.

A tree is a model with `parent` and a `TreeEdge` model of all (ancestor, descendant) pairs. Triggers
maintain the pairs on insert, move and delete, so a subtree or the ancestors of a node are one
indexed lookup, and no write path (form, bulk, raw SQL) can leave them wrong. Making a node its own
ancestor is refused by the trigger with the text `CYCLE_MESSAGE`.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.backends.base.base import BaseDatabaseWrapper

from kam.core.triggers import Trigger

CYCLE_MESSAGE = "kam_tree_cycle"


def tree_triggers(vendor: str, *, node: str, edge: str) -> Iterable[Trigger]:
    """The triggers that keep `edge` (table) the closure of `node` (table)."""
    return _postgresql(node, edge) if vendor == "postgresql" else _sqlite(node, edge)


def _attach(edge: str, new_id: str, new_parent: str) -> str:
    """Join everything at and above the parent with everything at and below the node."""
    return (
        f"INSERT INTO {edge} (ancestor_id, descendant_id, depth) "
        f"SELECT up.ancestor_id, down.descendant_id, up.depth + down.depth + 1 "
        f"FROM {edge} up CROSS JOIN {edge} down "
        f"WHERE up.descendant_id = {new_parent} AND down.ancestor_id = {new_id}"
    )


def _detach(edge: str, node_id: str) -> str:
    """Cut everything at and below the node from everything above it."""
    return (
        f"DELETE FROM {edge} "
        f"WHERE descendant_id IN (SELECT descendant_id FROM {edge} WHERE ancestor_id = {node_id}) "
        f"AND ancestor_id NOT IN (SELECT descendant_id FROM {edge} WHERE ancestor_id = {node_id})"
    )


def _adopt(node: str, edge: str, new_id: str) -> str:
    """Join a new node with its children that were inserted before it (foreign keys are checked at commit)."""
    return (
        f"INSERT INTO {edge} (ancestor_id, descendant_id, depth) "
        f"SELECT {new_id}, down.descendant_id, down.depth + 1 "
        f"FROM {node} child JOIN {edge} down ON down.ancestor_id = child.id "
        f"WHERE child.parent_id = {new_id} AND child.id <> {new_id}"
    )


def _postgresql(node: str, edge: str) -> list[Trigger]:
    function = f"{edge}_keep"
    body = f"""
        CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                {_detach(edge, "OLD.id")};
                DELETE FROM {edge} WHERE descendant_id = OLD.id OR ancestor_id = OLD.id;
                RETURN NULL;
            END IF;
            -- One move at a time: two moves that cross could close a ring that neither sees, and a node
            -- put below one that is just cut off would keep the ancestors of old.
            IF TG_OP = 'UPDATE' OR NEW.parent_id IS NOT NULL THEN
                PERFORM pg_advisory_xact_lock(hashtext('{edge}'));
            END IF;
            IF TG_OP = 'INSERT' THEN
                INSERT INTO {edge} (ancestor_id, descendant_id, depth) VALUES (NEW.id, NEW.id, 0);
                {_adopt(node, edge, "NEW.id")};
            END IF;
            IF EXISTS (SELECT 1 FROM {edge} WHERE ancestor_id = NEW.id AND descendant_id = NEW.parent_id) THEN
                RAISE EXCEPTION '{CYCLE_MESSAGE}' USING ERRCODE = 'check_violation';
            END IF;
            IF TG_OP = 'UPDATE' THEN
                {_detach(edge, "NEW.id")};
            END IF;
            IF NEW.parent_id IS NOT NULL THEN
                {_attach(edge, "NEW.id", "NEW.parent_id")};
            END IF;
            RETURN NULL;
        END $$
    """
    call = f"FOR EACH ROW EXECUTE FUNCTION {function}()"
    changed = "WHEN (OLD.parent_id IS DISTINCT FROM NEW.parent_id)"
    return [
        Trigger(
            f"{edge}_1_insert", node, (body, f"CREATE TRIGGER {edge}_1_insert AFTER INSERT ON {node} {call}")
        ),
        Trigger(
            f"{edge}_1_move",
            node,
            (
                (
                    f"CREATE TRIGGER {edge}_1_move AFTER UPDATE OF parent_id ON {node} FOR EACH ROW {changed} "
                    f"EXECUTE FUNCTION {function}()"
                ),
            ),
        ),
        Trigger(f"{edge}_9_delete", node, (f"CREATE TRIGGER {edge}_9_delete AFTER DELETE ON {node} {call}",)),
    ]


def _sqlite(node: str, edge: str) -> list[Trigger]:
    refuse_cycle = (
        f"SELECT RAISE(ABORT, '{CYCLE_MESSAGE}') WHERE EXISTS "
        f"(SELECT 1 FROM {edge} WHERE ancestor_id = NEW.id AND descendant_id = NEW.parent_id)"
    )
    insert = f"""
        CREATE TRIGGER {edge}_1_insert AFTER INSERT ON {node} BEGIN
            INSERT INTO {edge} (ancestor_id, descendant_id, depth) VALUES (NEW.id, NEW.id, 0);
            {_adopt(node, edge, "NEW.id")};
            {refuse_cycle};
            {_attach(edge, "NEW.id", "NEW.parent_id")};
        END
    """
    move = f"""
        CREATE TRIGGER {edge}_1_move AFTER UPDATE OF parent_id ON {node}
        WHEN OLD.parent_id IS NOT NEW.parent_id BEGIN
            {refuse_cycle};
            {_detach(edge, "NEW.id")};
            {_attach(edge, "NEW.id", "NEW.parent_id")};
        END
    """
    delete = f"""
        CREATE TRIGGER {edge}_9_delete AFTER DELETE ON {node} BEGIN
            {_detach(edge, "OLD.id")};
            DELETE FROM {edge} WHERE descendant_id = OLD.id OR ancestor_id = OLD.id;
        END
    """
    return [
        Trigger(f"{edge}_1_insert", node, (insert,)),
        Trigger(f"{edge}_1_move", node, (move,)),
        Trigger(f"{edge}_9_delete", node, (delete,)),
    ]


def rebuild_missing_edges(connection: BaseDatabaseWrapper, *, node: str, edge: str) -> None:
    """Fill the closure anew if nodes are without their own edge (rows older than the triggers)."""
    if not {node, edge} <= {*connection.introspection.table_names()}:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM {node} n WHERE NOT EXISTS "
            f"(SELECT 1 FROM {edge} e WHERE e.ancestor_id = n.id AND e.descendant_id = n.id) LIMIT 1"
        )
        if cursor.fetchone() is None:
            return
        cursor.execute(f"DELETE FROM {edge}")
        cursor.execute(
            f"WITH RECURSIVE walk(ancestor_id, descendant_id, depth) AS ("
            f" SELECT id, id, 0 FROM {node} UNION ALL"
            f" SELECT w.ancestor_id, n.id, w.depth + 1 FROM walk w JOIN {node} n ON n.parent_id = w.descendant_id)"
            f" INSERT INTO {edge} (ancestor_id, descendant_id, depth) SELECT * FROM walk"
        )
