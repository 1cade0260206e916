"""Entries of SWOT and PESTEL: saved with the objectives that answer them, and put in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from kam.core.writing import set_relation
from kam.users.models import User
from plans.models import AccountPlanProduct, Objective, Plan, RelatedObjectAnalysis

CALLER = "the caller loaded it through the gate"


@transaction.atomic
def save_analysis(
    *,
    analysis: RelatedObjectAnalysis,
    objectives: Iterable[Objective] | None = None,
    user: User,
) -> RelatedObjectAnalysis:
    """Save a checked entry, with its objectives where they are given. New in its field, it comes last."""
    rows = None if objectives is None else list(objectives)
    if rows and any(row.plan_id != analysis.plan_id for row in rows):
        raise ValidationError({"objectives": _("An objective belongs to another plan.")})
    moved = "factor" in {field.name for field in analysis.changed_fields()}
    if not analysis.order or (moved and not analysis._state.adding):
        siblings = RelatedObjectAnalysis.objects.unscoped(CALLER).filter(
            plan=analysis.plan_id, factor=analysis.factor
        )
        analysis.order = (siblings.aggregate(last=Max("order"))["last"] or 0) + 1
    analysis.save()
    if rows is not None:
        set_relation(analysis, "objectives", rows, user=user)
    return analysis


@transaction.atomic
def reorder_analyses(*, plan: Plan, factor: str, order: Sequence[Any]) -> None:
    """Put the entries of one field in the order of these ids, which must name each of them once."""
    list(Plan.objects.unscoped(CALLER).select_for_update().filter(pk=plan.pk))
    rows = RelatedObjectAnalysis.objects.unscoped(CALLER).filter(plan=plan, factor=factor)
    entries = {entry.pk: entry for entry in rows}
    if len(order) != len(entries) or set(order) != set(entries):
        raise ValidationError(
            _("The entries have changed in the meantime: load the page again."), "stale_order"
        )
    for place, pk in enumerate(order, 1):
        entries[pk].order = place
    RelatedObjectAnalysis.objects.unscoped(CALLER).bulk_update(entries.values(), ["order"])


@transaction.atomic
def move_analysis(*, analysis: RelatedObjectAnalysis, up: bool) -> None:
    """One place up or down in its field; the first and the last stay where they are."""
    rows = RelatedObjectAnalysis.objects.unscoped(CALLER).filter(
        plan=analysis.plan_id, factor=analysis.factor
    )
    order = list(rows.order_by("order", "created_at", "id").values_list("pk", flat=True))
    here = order.index(analysis.pk)
    there = here - 1 if up else here + 1
    if 0 <= there < len(order):
        order[here], order[there] = order[there], order[here]
        reorder_analyses(plan=analysis.plan, factor=analysis.factor, order=order)


@transaction.atomic
def save_plan_product(product: AccountPlanProduct) -> AccountPlanProduct:
    """Save a checked product of a plan; a new one comes last."""
    if product._state.adding and not product.order:
        rows = AccountPlanProduct.objects.unscoped(CALLER).filter(plan=product.plan_id)
        product.order = (rows.aggregate(last=Max("order"))["last"] or 0) + 1
    product.save()
    return product
