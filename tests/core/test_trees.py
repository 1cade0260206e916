"""The closure of a tree is what following the parents gives, whoever changed them, and rings are refused."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.models import Account, AccountEdge, Territory, TerritoryEdge
from kam.core import triggers
from kam.core.trees import CYCLE_MESSAGE, rebuild_missing_edges
from tests import factories

Pairs = set[tuple[uuid.UUID, uuid.UUID, int]]


def stored(edge: Any = TerritoryEdge) -> Pairs:
    return set(edge.objects.values_list("ancestor_id", "descendant_id", "depth"))


def followed(node: Any = Territory) -> Pairs:
    """Every node with all its ancestors, found by walking up."""
    parents = dict(node._base_manager.values_list("pk", "parent_id"))
    pairs: Pairs = set()
    for pk in parents:
        above, depth = pk, 0
        while above is not None:
            assert depth <= len(parents), "a ring"
            pairs.add((above, pk, depth))
            above, depth = parents[above], depth + 1
    return pairs


# --- Whatever the door ----------------------------------------------------------------------
INSERT = (
    "INSERT INTO crm_territory (id, version, created_at, updated_at, name, code, parent_id) VALUES {rows}"
)


def raw_insert(nodes: list[Territory]) -> None:
    field = Territory._meta.pk
    values: list[Any] = []
    for node in nodes:
        ids = (field.get_db_prep_value(pk, connection) for pk in (node.pk, node.parent_id))
        pk, parent = ids
        values += [pk, node.created_at, node.updated_at, node.name, node.code, parent]
    with connection.cursor() as cursor:
        cursor.execute(INSERT.format(rows=", ".join(["(%s, 1, %s, %s, %s, %s, %s)"] * len(nodes))), values)


def new_nodes(count: int, parent: Territory | None, *, chained: bool) -> list[Territory]:
    nodes: list[Territory] = []
    for _ in range(count):
        code = uuid.uuid4().hex
        nodes.append(Territory(name=code, code=code, parent=nodes[-1] if chained and nodes else parent))
    return nodes


class Gardener:
    """Takes random steps; a step that would close a ring or break a link is refused and undone."""

    def pick(self, number: int) -> Territory | None:
        nodes = list(Territory.objects.order_by("created_at", "pk"))
        return nodes[number % (len(nodes) + 1)] if number % (len(nodes) + 1) < len(nodes) else None

    def step(self, kind: str, one: int, two: int) -> None:
        try:
            with transaction.atomic():
                getattr(self, kind)(self.pick(one), self.pick(two))
                connection.check_constraints()
        except IntegrityError:
            pass

    def insert(self, parent: Territory | None, _other: Territory | None) -> None:
        new_nodes(1, parent, chained=False)[0].save()

    def bulk_insert_children_first(self, parent: Territory | None, other: Territory | None) -> None:
        upper, lower, leaf = new_nodes(3, parent, chained=True)
        Territory.objects.bulk_create([leaf, *new_nodes(1, other, chained=True), upper, lower])

    def raw_insert_in_two_statements(self, parent: Territory | None, other: Territory | None) -> None:
        upper, lower, leaf = new_nodes(3, parent, chained=True)
        side = new_nodes(1, other, chained=False)
        raw_insert([leaf])
        raw_insert([lower, *side])
        raw_insert([upper])

    def move(self, node: Territory | None, parent: Territory | None) -> None:
        if node:
            node.parent = parent
            node.save()

    def move_all_children(self, node: Territory | None, parent: Territory | None) -> None:
        Territory.objects.filter(parent=node).update(parent=parent)

    def raw_move(self, node: Territory | None, parent: Territory | None) -> None:
        prep = Territory._meta.pk.get_db_prep_value
        ids = [prep(row.pk if row else None, connection) for row in (parent, node)]
        with connection.cursor() as cursor:
            cursor.execute("UPDATE crm_territory SET parent_id = %s WHERE id = %s", ids)

    def delete(self, node: Territory | None, _other: Territory | None) -> None:
        if node:
            Territory._base_manager.filter(pk=node.pk)._raw_delete("default")

    def replace(self, node: Territory | None, parent: Territory | None) -> None:
        """Delete a node and insert it again, as a restore does; its children stay."""
        if node:
            Territory._base_manager.filter(pk=node.pk)._raw_delete("default")
            node.parent = parent
            raw_insert([node])


STEPS = st.lists(
    st.tuples(
        st.sampled_from([name for name in vars(Gardener) if name not in {"pick", "step"} and name[0] != "_"]),
        st.integers(0, 40),
        st.integers(0, 40),
    ),
    max_size=20,
)


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_closure_equals_following_the_parents(steps: list[tuple[str, int, int]]) -> None:
    with transaction.atomic():
        gardener = Gardener()
        Territory.objects.bulk_create(new_nodes(4, None, chained=True))
        for step in steps:
            gardener.step(*step)
            assert stored() == followed(), step
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_account_tree_is_kept_as_well() -> None:
    group = factories.create_account("Group")
    company = factories.create_account("Company", parent=group)
    site = factories.create_account("Site", parent=company)
    other = factories.create_account("Other")

    company.parent = other
    company.save()

    assert stored(AccountEdge) == followed(Account)
    assert set(Account.objects.unscoped("test").below(other)) == {other, company, site}
    assert set(Account.objects.unscoped("test").below(group)) == {group}


@pytest.mark.django_db
def test_node_can_be_restored_between_its_parent_and_its_children() -> None:
    nodes = new_nodes(4, None, chained=True)
    Territory.objects.bulk_create(nodes)

    Gardener().replace(nodes[1], nodes[0])

    assert stored() == followed()
    assert len(stored()) == 10


# --- Rings ----------------------------------------------------------------------------------
def move(node: Any, parent: Any) -> None:
    type(node)._base_manager.filter(pk=node.pk).update(parent=parent)


@pytest.mark.django_db
@pytest.mark.parametrize("make", [factories.create_account, factories.create_territory])
def test_ring_is_refused(make: Callable[..., Any]) -> None:
    top = make("Top")
    middle = make("Middle", parent=top)
    bottom = make("Bottom", parent=middle)

    for parent in (bottom, middle, top):
        with pytest.raises(IntegrityError, match=CYCLE_MESSAGE), transaction.atomic():
            move(top, parent)
        top.parent = parent
        if parent is not top:
            with pytest.raises(ValidationError, match="cannot lie below itself"):
                top.full_clean()
    assert {pair[2] for pair in stored(type(top)._meta.get_field("edges_up").related_model)} == {0, 1, 2}


@pytest.mark.django_db
def test_ring_by_insert_is_refused() -> None:
    first, second = new_nodes(2, None, chained=True)
    first.parent = second
    itself = new_nodes(1, None, chained=False)[0]
    itself.parent_id = itself.pk

    for nodes in ([first, second], [itself]):
        with pytest.raises(IntegrityError, match=CYCLE_MESSAGE), transaction.atomic():
            raw_insert(nodes)


@contextmanager
def other_session(work: Callable[[], None]) -> Iterator[list[BaseException]]:
    """Runs `work` in a connection of its own beside the block, which ends first."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except IntegrityError as error:
            errors.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(0.7)  # it has done its work, or waits for ours
    try:
        yield errors
    finally:
        thread.join(20)
        assert not thread.is_alive()


@contextmanager
def without_lock() -> Iterator[None]:
    """Negative control: the same triggers, but moves do not wait for one another."""
    declared = triggers.declared("postgresql")
    created = next(trigger for trigger in declared if trigger.name == "crm_territoryedge_1_insert").create[0]
    lock = "PERFORM pg_advisory_xact_lock(hashtext('crm_territoryedge'));"
    assert lock in created
    with connection.cursor() as cursor:
        cursor.execute(created.replace(lock, "NULL;"))
        try:
            yield
        finally:
            cursor.execute(created)


def cross() -> list[BaseException]:
    """Two moves, each harmless, that close a ring together."""
    left, right = factories.create_territory("Left"), factories.create_territory("Right")
    with transaction.atomic():
        move(left, right)
        session = other_session(lambda: move(right, left))
        errors = session.__enter__()
    session.__exit__(None, None, None)
    return errors


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_ring_by_two_sessions_is_refused() -> None:
    errors = cross()

    assert len(errors) == 1
    assert CYCLE_MESSAGE in str(errors[0])
    assert stored() == followed()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_ring_by_two_sessions_would_close_without_the_lock() -> None:
    with without_lock():
        errors = cross()

    parents = dict(Territory.objects.values_list("name", "parent__name"))
    assert errors == []
    assert parents == {"Left": "Right", "Right": "Left"}


def plant_below_a_branch_that_is_cut() -> None:
    top = factories.create_territory("Top")
    branch = factories.create_territory("Branch", parent=top)
    with transaction.atomic():
        move(branch, None)
        session = other_session(lambda: new_nodes(1, branch, chained=False)[0].save())
        session.__enter__()
    session.__exit__(None, None, None)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_node_below_a_branch_that_is_just_cut_off_gets_the_right_ancestors() -> None:
    plant_below_a_branch_that_is_cut()

    assert stored() == followed()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_node_below_a_branch_that_is_just_cut_off_would_not_without_the_lock() -> None:
    with without_lock():
        plant_below_a_branch_that_is_cut()

    assert stored() != followed()


# --- Older rows -----------------------------------------------------------------------------
@pytest.mark.django_db
def test_closure_is_filled_for_rows_older_than_the_triggers() -> None:
    top = factories.create_territory("Top")
    factories.create_territory("Bottom", parent=top)
    TerritoryEdge.objects.filter(depth=0).delete()

    rebuild_missing_edges(connection, node="crm_territory", edge="crm_territoryedge")

    assert stored() == followed()
