"""Which plans an opportunity belongs to (domain.md, *Linking revenue to plans*), as far as a reader may see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q

from crm.models import OpportunityLine
from kam.users.models import User
from plans.enums import PlanStatus
from plans.models import AccountPlan, AccountPlanProduct
from plans.models.analyses import AccountPlanProductQuerySet
from plans.models.targets import parents_of_categories

OPPORTUNITY = "account__edges_down__descendant__opportunities"
RULE = "whether a plan that the reader sees counts an opportunity that the reader sees"


class Covering(NamedTuple):
    opportunity_id: UUID
    plan_id: UUID
    name: str
    names_products: bool


def covering(opportunity_ids: Sequence[UUID], user: User) -> list[Covering]:
    """Each opportunity with each plan that covers it, plans in order of their start."""
    found = (
        AccountPlan.objects.visible_to(user)
        .exclude(status=PlanStatus.CANCELLED)
        .filter(
            Q(include_child_accounts=True) | Q(account__edges_down__depth=0),
            **{f"{OPPORTUNITY}__in": opportunity_ids},
            start_date__lte=F(f"{OPPORTUNITY}__close_date"),
            end_date__gte=F(f"{OPPORTUNITY}__close_date"),
        )
        .annotate(names_products=Exists(_named_products().filter(plan=OuterRef("pk"))))
        .order_by("start_date", "name", "pk")
        .values_list(OPPORTUNITY, "pk", "name", "names_products")
    )
    pairs = [Covering(*row) for row in found]
    limited = [pair for pair in pairs if pair.names_products]
    if not limited:
        return pairs
    has_product = _Products(limited)
    return [pair for pair in pairs if not pair.names_products or has_product(pair)]


def _named_products() -> AccountPlanProductQuerySet:
    return AccountPlanProduct.objects.unscoped(RULE)


class _Products:
    """Whether an opportunity has a line with one of the products that a plan names."""

    def __init__(self, pairs: Iterable[Covering]) -> None:
        self.names: dict[UUID, set[UUID]] = defaultdict(set)
        plans, opportunities = ({pair[place] for pair in pairs} for place in (1, 0))
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
