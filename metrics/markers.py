"""What waits: stale markers as they are read, and which plans they concern (`metrics.triggers` appends them).

Which plans follows from trees, territories, pins and rates as they are when a marker is worked off, not as
they were when it was written: whatever committed in between is seen.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet, UUIDField

from crm.models import AccountEdge, Opportunity, Order, TerritoryEdge
from kam.core.stored_functions import StoredFunction
from plans.models import AccountPlan, AccountPlanProduct, Plan, PlanPin, TerritoryBusinessPlan

WHY = "which plans a change concerns"

MarkerRow = tuple[int, UUID | None, UUID | None, UUID | None, str | None, bool | None]
MARKER_FIELDS = ("pk", "account_id", "plan_id", "territory_id", "currency", "catalog")


@dataclass
class MarkerBatch:
    """Markers that were read, by what they name."""

    ids: list[int] = field(default_factory=list)
    account_ids: set[UUID] = field(default_factory=set)
    plan_ids: set[UUID] = field(default_factory=set)
    territory_ids: set[UUID] = field(default_factory=set)
    currencies: set[str] = field(default_factory=set)
    is_catalog: bool = False

    @property
    def may_concern_many(self) -> bool:
        """So many plans that no reader of one should wait for them."""
        return bool(self.currencies) or self.is_catalog

    @classmethod
    def of(cls, rows: Iterable[MarkerRow]) -> MarkerBatch:
        batch = cls()
        for pk, account_id, plan_id, territory_id, currency, catalog in rows:
            batch.ids.append(pk)
            if account_id:
                batch.account_ids.add(account_id)
            elif plan_id:
                batch.plan_ids.add(plan_id)
            elif territory_id:
                batch.territory_ids.add(territory_id)
            elif currency:
                batch.currencies.add(currency)
            elif catalog:
                batch.is_catalog = True
        return batch


class Concerned(NamedTuple):
    """Plans whose numbers may differ; of territories only those that somebody else named."""

    plan_ids: set[UUID]  # to be computed by who works the markers off
    territory_plan_ids: set[UUID]  # a whole territory each: marked, for a sweep or their own readers


# --- Which plans ----------------------------------------------------------------------------
# Of their accounts and those above; of their territories and those above; and wherever a record of theirs was
# put in by hand. Plain SQL in one statement, because it is part of every save that is read.
BY_ACCOUNTS = """
    WITH marked (id) AS ({marked})
    SELECT p.id, 1 = 0 FROM marked m JOIN crm_accountedge e ON e.descendant_id = m.id
    JOIN plans_accountplan p ON p.account_id = e.ancestor_id AND (e.depth = 0 OR p.include_child_accounts)
    UNION
    SELECT p.id, 1 = 1 FROM marked m JOIN crm_account a ON a.id = m.id
    JOIN crm_territoryedge e ON e.descendant_id = a.territory_id
    JOIN plans_accountplan p ON p.territory_id = e.ancestor_id
    UNION
    SELECT p.id, p.territory_id IS NOT NULL FROM marked m JOIN crm_opportunity o ON o.account_id = m.id
    JOIN plans_planpin x ON x.opportunity_id = o.id AND x.effect = 'include'
    JOIN plans_accountplan p ON p.id = x.plan_id
    UNION
    SELECT p.id, p.territory_id IS NOT NULL FROM marked m JOIN crm_opportunity o ON o.account_id = m.id
    JOIN crm_opportunityline l ON l.opportunity_id = o.id JOIN crm_revenueschedule r ON r.line_id = l.id
    JOIN plans_planpin x ON x.schedule_id = r.id AND x.effect = 'include'
    JOIN plans_accountplan p ON p.id = x.plan_id
    UNION
    SELECT p.id, p.territory_id IS NOT NULL FROM marked m JOIN crm_order o ON o.account_id = m.id
    JOIN plans_planpin x ON x.order_id = o.id AND x.effect = 'include'
    JOIN plans_accountplan p ON p.id = x.plan_id
"""
MARKED = {"postgresql": "SELECT unnest({ids})", "sqlite": "SELECT value FROM json_each({ids})"}
PLANS_FUNCTION = StoredFunction(
    "kam_plans_of_accounts",
    arguments="account_ids uuid[]",
    returns="TABLE (plan uuid, is_of_territory boolean)",
    body=lambda: f"RETURN QUERY {BY_ACCOUNTS.format(marked=MARKED['postgresql'].format(ids='account_ids'))}",
)
FEW = 200  # from here on a plan made for the statement is worth its time


def plans_concerned(batch: MarkerBatch) -> Concerned:
    """The plans whose numbers may differ because of what these markers name."""
    plan_ids, territory_plan_ids = set(batch.plan_ids), set[UUID]()
    if batch.account_ids:
        for pk, is_of_territory in _by_accounts(batch.account_ids):
            (territory_plan_ids if is_of_territory else plan_ids).add(pk)
    if batch.territory_ids:
        edges = TerritoryEdge.objects.filter(descendant__in=batch.territory_ids)
        above = _territory_plans().filter(territory__in=edges.values("ancestor"))
        territory_plan_ids |= set(above.values_list("pk", flat=True))
    if batch.currencies:
        plan_ids |= _by_currencies(batch.currencies)
        territory_plan_ids |= set(_territory_plans().values_list("pk", flat=True))
    if batch.is_catalog:
        named = AccountPlanProduct.objects.unscoped(WHY).order_by()
        plan_ids |= set(named.values_list("plan_id", flat=True).distinct())
    return Concerned(plan_ids, territory_plan_ids - batch.plan_ids)


def _by_accounts(account_ids: Collection[UUID]) -> list[tuple[UUID, bool]]:
    """Each plan, and whether it is a territory's."""
    if connection.vendor == "sqlite":
        sql = BY_ACCOUNTS.format(marked=MARKED["sqlite"].format(ids="%s"))
        found = _rows(sql, [json.dumps([pk.hex for pk in account_ids])])
        return [(UUID(pk), bool(is_of_territory)) for pk, is_of_territory in found]
    if len(account_ids) < FEW and PLANS_FUNCTION.is_installed(connection):
        sql = f"SELECT * FROM {PLANS_FUNCTION.name}(%s::uuid[])"
    else:
        sql = BY_ACCOUNTS.format(marked=MARKED["postgresql"].format(ids="%s::uuid[]"))
    return _rows(sql, [list(account_ids)])


def _rows(sql: str, parameters: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def _territory_plans() -> QuerySet:
    return TerritoryBusinessPlan.objects.unscoped(WHY).order_by()


def _pins() -> QuerySet:
    return PlanPin.objects.unscoped(WHY).putting_in().order_by()


def _by_currencies(currencies: set[str]) -> set[UUID]:
    """Plans in a currency whose rate changed, or with records in it."""
    plans = AccountPlan.objects.unscoped(WHY).order_by().values_list("pk", flat=True)
    plan_ids = set(plans.filter(currency__in=currencies))
    for model in (Opportunity, Order):
        records: Any = model.objects.unscoped(WHY).filter(currency__in=currencies).order_by()
        edges = AccountEdge.objects.filter(
            Q(depth=0) | Q(ancestor__plans__include_child_accounts=True),
            descendant__in=records.values("account_id"),
            ancestor__plans__isnull=False,
        )
        plan_ids |= set(edges.values_list("ancestor__plans", flat=True))
    pinned = _pins().filter(plan__territory__isnull=True)
    return plan_ids | set(pinned.values_list("plan_id", flat=True).distinct())


# --- Which markers --------------------------------------------------------------------------
# Those that concern, or may concern, one plan: the other way round. What a plan has not (an account, a
# territory) is NULL and finds nothing.
MARKERS_OF_PLAN = """
    SELECT {columns} FROM metrics_stalemarker m WHERE m.plan_id = {plan}
    UNION
    SELECT {columns} FROM crm_accountedge e JOIN metrics_stalemarker m ON m.account_id = e.descendant_id
    WHERE e.ancestor_id = {account} AND (e.depth = 0 OR {with_children})
    UNION
    SELECT {columns} FROM crm_territoryedge e JOIN metrics_stalemarker m ON m.territory_id = e.descendant_id
    WHERE e.ancestor_id = {territory}
    UNION
    SELECT {columns} FROM crm_territoryedge e JOIN crm_account a ON a.territory_id = e.descendant_id
    JOIN metrics_stalemarker m ON m.account_id = a.id WHERE e.ancestor_id = {territory}
    UNION
    SELECT {columns} FROM metrics_stalemarker m WHERE m.account_id IN (
        SELECT o.account_id FROM plans_planpin x JOIN crm_opportunity o ON o.id = x.opportunity_id
        WHERE x.plan_id = {plan} AND x.effect = 'include'
        UNION ALL
        SELECT o.account_id FROM plans_planpin x JOIN crm_revenueschedule r ON r.id = x.schedule_id
        JOIN crm_opportunityline l ON l.id = r.line_id JOIN crm_opportunity o ON o.id = l.opportunity_id
        WHERE x.plan_id = {plan} AND x.effect = 'include'
        UNION ALL
        SELECT o.account_id FROM plans_planpin x JOIN crm_order o ON o.id = x.order_id
        WHERE x.plan_id = {plan} AND x.effect = 'include')
    UNION
    SELECT {columns} FROM metrics_stalemarker m WHERE m.currency IS NOT NULL
    UNION
    SELECT {columns} FROM metrics_stalemarker m
    WHERE m.catalog AND EXISTS (SELECT 1 FROM plans_accountplanproduct x WHERE x.plan_id = {plan})
    LIMIT {at_most}
"""
COLUMNS = ", ".join(f"m.{name}" for name in ("id", *MARKER_FIELDS[1:]))
MARKERS_FUNCTION = StoredFunction(
    "kam_markers_of_plan",
    arguments="of_plan uuid, of_account uuid, of_territory uuid, counts_children boolean, at_most bigint",
    returns="TABLE (marker bigint, account uuid, plan uuid, territory uuid, rate_of varchar, of_catalog boolean)",
    body=lambda: (
        "RETURN QUERY "
        + MARKERS_OF_PLAN.format(
            columns=COLUMNS,
            plan="of_plan",
            account="of_account",
            territory="of_territory",
            with_children="counts_children",
            at_most="at_most",
        )
    ),
)
ALL = 2**62


def markers_of(plan: Plan, *, at_most: int = ALL) -> list[MarkerRow]:
    """The markers that concern, or may concern, one plan. Read for every reader of it: plain SQL, too."""
    if MARKERS_FUNCTION.is_installed(connection):
        sql = f"SELECT * FROM {MARKERS_FUNCTION.name}(%s, %s, %s, %s, %s)"
        ids = (plan.pk, plan.account_id, plan.territory_id)
        return _rows(sql, [*ids, plan.include_child_accounts, at_most])
    names = ("plan", "account", "territory", "with_children", "at_most")
    sql = MARKERS_OF_PLAN.format(columns=COLUMNS, **{name: f"%({name})s" for name in names})
    parameters = {
        "plan": _as_parameter(plan.pk),
        "account": _as_parameter(plan.account_id),
        "territory": _as_parameter(plan.territory_id),
        "with_children": plan.include_child_accounts,
        "at_most": at_most,
    }
    return [
        (pk, *(UUID(value) if isinstance(value, str) else value for value in ids), currency, catalog)
        for pk, *ids, currency, catalog in _rows(sql, parameters)
    ]


def _as_parameter(pk: UUID | None) -> Any:
    return UUIDField().get_db_prep_value(pk, connection)
