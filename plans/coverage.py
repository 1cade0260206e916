"""Which plans an opportunity belongs to (domain.md, *Linking revenue to plans*), as far as a reader may see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, Value

from crm.models import OpportunityLine
from kam.users.models import User
from plans.enums import PinEffect, PlanStatus
from plans.models import AccountPlan, AccountPlanProduct
from plans.models.analyses import AccountPlanProductQuerySet
from plans.models.targets import parents_of_categories
from templates_app.enums import RevenueBasis

OPPORTUNITY = "account__edges_down__descendant__opportunities"
RULE = "whether a plan that the reader sees counts an opportunity that the reader sees"


class Covering(NamedTuple):
    opportunity_id: UUID
    plan_id: UUID
    name: str
    start_date: date
    names_products: bool
    pinned: str  # what somebody decided by hand; empty: nobody did


def covering(opportunity_ids: Sequence[UUID], user: User) -> list[Covering]:
    """Each opportunity with each account plan that covers it, plans in order of their start."""
    plans = AccountPlan.objects.visible_to(user).exclude(status=PlanStatus.CANCELLED)
    columns = ("pk", "name", "start_date", "names_products", "pinned")
    by_rule = (
        plans.filter(
            Q(include_child_accounts=True) | Q(account__edges_down__depth=0),
            **{f"{OPPORTUNITY}__in": opportunity_ids},
            start_date__lte=F(f"{OPPORTUNITY}__close_date"),
            end_date__gte=F(f"{OPPORTUNITY}__close_date"),
        )
        .annotate(names_products=Exists(_named_products().filter(plan=OuterRef("pk"))), pinned=Value(""))
        .values_list(OPPORTUNITY, *columns)
    )
    by_hand = (
        plans.exclude(revenue_basis=RevenueBasis.SCHEDULE)
        .filter(pins__opportunity__in=opportunity_ids)
        .annotate(names_products=Value(False), pinned=F("pins__effect"))
        .values_list("pins__opportunity", *columns)
    )
    rows = by_rule.order_by().union(by_hand.order_by(), all=True)
    return _decided(
        sorted(map(Covering._make, rows), key=lambda pair: (pair.start_date, pair.name, pair.plan_id))
    )


def _decided(pairs: list[Covering]) -> list[Covering]:
    """Each once: what was decided by hand goes before the rules, and these look at products, too."""
    pinned = {(pair.opportunity_id, pair.plan_id): pair.pinned for pair in pairs if pair.pinned}
    limited = [pair for pair in pairs if pair.names_products]
    has_product = _Products(limited) if limited else None
    counted = []
    for pair in pairs:
        if pair.pinned:
            counts = pair.pinned == PinEffect.INCLUDE
        elif (pair.opportunity_id, pair.plan_id) in pinned:
            counts = False
        else:
            counts = not pair.names_products or (has_product is not None and has_product(pair))
        if counts:
            counted.append(pair)
    return counted


def _named_products() -> AccountPlanProductQuerySet:
    return AccountPlanProduct.objects.unscoped(RULE)


class _Products:
    """Whether an opportunity has a line with one of the products that a plan names."""

    def __init__(self, pairs: Iterable[Covering]) -> None:
        self.names: dict[UUID, set[UUID]] = defaultdict(set)
        pairs = list(pairs)
        plans, opportunities = {pair.plan_id for pair in pairs}, {pair.opportunity_id for pair in pairs}
        rows = _named_products().filter(plan__in=plans).values_list("plan_id", "product_id", "category_id")
        for plan_id, product_id, category_id in rows.order_by():
            self.names[plan_id].add(product_id or category_id)
        self.products: dict[UUID, set[UUID]] = defaultdict(set)
        lines = OpportunityLine.objects.unscoped(RULE).filter(
            opportunity__in=opportunities, product__is_competitor=False
        )
        parents = parents_of_categories()
        for opportunity_id, product_id, category_id in lines.order_by().values_list(
            "opportunity_id", "product_id", "product__category_id"
        ):
            self.products[opportunity_id].add(product_id)
            while category_id is not None:
                self.products[opportunity_id].add(category_id)
                category_id = parents.get(category_id)

    def __call__(self, pair: Covering) -> bool:
        return not self.names[pair.plan_id].isdisjoint(self.products[pair.opportunity_id])
