"""What waits: stale markers as they are read, and which plans they concern (`metrics.triggers` appends them).

Which plans follows from trees, territories, pins and rates as they are when a marker is worked off, not as
they were when it was written: whatever committed in between is seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from crm.models import Account, AccountEdge, Opportunity, Order, TerritoryEdge
from plans.models import AccountPlan, AccountPlanProduct, Plan, PlanPin, TerritoryBusinessPlan

WHY = "which plans a change concerns"
FOREIGN = ("opportunity__account", "schedule__line__opportunity__account", "order__account")

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
MARKED = {"postgresql": "SELECT unnest(%s::uuid[])", "sqlite": "SELECT value FROM json_each(%s)"}


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


def _by_accounts(account_ids: Iterable[UUID]) -> Iterator[tuple[UUID, bool]]:
    """Each plan, and whether it is a territory's."""
    if connection.vendor == "postgresql":
        ids: Any = list(account_ids)
    else:
        ids = json.dumps([pk.hex for pk in account_ids])
    with connection.cursor() as cursor:
        cursor.execute(BY_ACCOUNTS.format(marked=MARKED[connection.vendor]), [ids])
        for pk, is_of_territory in cursor.fetchall():
            yield pk if isinstance(pk, UUID) else UUID(pk), bool(is_of_territory)


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
def markers_of(plan: Plan) -> Q:
    """The markers that concern, or may concern, one plan."""
    named = AccountPlanProduct.objects.unscoped(WHY).filter(plan=plan)
    foreign = _pins().filter(plan=plan).annotate(account=Coalesce(*map(F, FOREIGN)))
    return (
        Q(plan_id=plan.pk)
        | _of_its_accounts(plan)
        | Q(account_id__in=foreign.values("account"))
        | Q(currency__isnull=False)
        | Q(Exists(named), catalog=True)
    )


def _of_its_accounts(plan: Plan) -> Q:
    if plan.territory_id is None:
        accounts = AccountEdge.objects.filter(ancestor_id=plan.account_id)
        if not plan.include_child_accounts:
            accounts = accounts.filter(depth=0)
        return Q(account_id__in=accounts.values("descendant_id"))
    below = TerritoryEdge.objects.filter(ancestor_id=plan.territory_id).values("descendant_id")
    inside = Account.objects.unscoped(WHY).filter(pk=OuterRef("account_id"), territory__in=below)
    return Q(territory_id__in=below) | Q(Exists(inside))
