"""What waits: stale markers as they are read, and which plans they concern (`metrics.triggers` appends them)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Exists, Q

from crm.models import AccountEdge, Opportunity, Order
from plans.models import AccountPlan, AccountPlanProduct
from plans.models.analyses import AccountPlanProductQuerySet

MarkerRow = tuple[int, UUID | None, UUID | None, str | None, bool | None]
MARKER_FIELDS = ("pk", "account_id", "plan_id", "currency", "catalog")


@dataclass
class MarkerBatch:
    """Markers that were read, by what they name."""

    ids: list[int] = field(default_factory=list)
    account_ids: set[UUID] = field(default_factory=set)
    plan_ids: set[UUID] = field(default_factory=set)
    currencies: set[str] = field(default_factory=set)
    is_catalog: bool = False

    @property
    def may_concern_many(self) -> bool:
        """So many plans that no reader of one should wait for them."""
        return bool(self.currencies) or self.is_catalog

    @classmethod
    def of(cls, rows: Iterable[MarkerRow]) -> MarkerBatch:
        batch = cls()
        for pk, account_id, plan_id, currency, catalog in rows:
            batch.ids.append(pk)
            if account_id:
                batch.account_ids.add(account_id)
            elif plan_id:
                batch.plan_ids.add(plan_id)
            elif currency:
                batch.currencies.add(currency)
            elif catalog:
                batch.is_catalog = True
        return batch


# --- Which plans ----------------------------------------------------------------------------
def plans_covering(accounts: Q) -> set[UUID]:
    """Plans that count records of the accounts that edges fulfilling `accounts` lead down to.

    Their own plans and, unless for one account only, those above.
    """
    return set(
        AccountEdge.objects.filter(
            accounts,
            Q(depth=0) | Q(ancestor__plans__include_child_accounts=True),
            ancestor__plans__isnull=False,
        ).values_list("ancestor__plans", flat=True)
    )


def plans_concerned(batch: MarkerBatch) -> set[UUID]:
    """The plans whose numbers may differ because of what these markers name."""
    plan_ids = set(batch.plan_ids)
    if batch.account_ids:
        plan_ids |= plans_covering(Q(descendant_id__in=list(batch.account_ids)))
    if batch.currencies:
        reason = "plans with records in a currency whose rate changed"
        plan_ids |= set(
            AccountPlan.objects.unscoped(reason)
            .filter(currency__in=batch.currencies)
            .values_list("pk", flat=True)
        )
        for model in (Opportunity, Order):
            records = model.objects.unscoped(reason).filter(currency__in=batch.currencies).order_by()
            plan_ids |= plans_covering(Q(descendant_id__in=records.values("account_id")))
    if batch.is_catalog:
        plan_ids |= set(_named_products().order_by().values_list("plan_id", flat=True).distinct())
    return plan_ids


def _named_products() -> AccountPlanProductQuerySet:
    return AccountPlanProduct.objects.unscoped("plans that count certain products only")


def markers_of(plan: AccountPlan) -> Q:
    """The markers that concern, or may concern, one plan."""
    accounts = AccountEdge.objects.filter(ancestor_id=plan.account_id)
    if not plan.include_child_accounts:
        accounts = accounts.filter(depth=0)
    may_concern_it = Q(currency__isnull=False) | Q(Exists(_named_products().filter(plan=plan)), catalog=True)
    return Q(plan_id=plan.pk) | Q(account_id__in=accounts.values("descendant_id")) | may_concern_it
