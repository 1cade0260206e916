"""The target lines of a plan, made and changed together."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from crm.models import ProductCategory
from plans import policies
from plans.actuals import LastYear, last_year_of, orders_in, scopes_of
from plans.models import Plan, TargetLine
from plans.models.targets import MOST_LINES, overlaps, parents_of_categories

NOTHING = Decimal(0)
TENTH = Decimal("0.1")
REASON = "the lines of a plan that was loaded through the gate"


class NothingToAddError(Exception):
    """Every line that was asked for is there already, or would count the same sales as one that is."""


def lines_of(plan: Plan) -> list[TargetLine]:
    """In the order of the page, each with the plan itself."""
    lines = list(TargetLine.objects.unscoped(REASON).filter(plan=plan).select_related("category").in_order())
    for line in lines:
        line.plan = plan
    return lines


def target_of(
    line: TargetLine, last_year: LastYear, *, target: Decimal | None, growth: Decimal | None
) -> Decimal:
    """The target that is meant: growth and target are two views of one number, and one may be given for both.

    Raises `ValidationError` if neither says anything, or both say different things.
    """
    currency = line.plan.currency
    if growth is None:
        if target is None:
            raise ValidationError({"target": _("Enter a target, or a growth over last year.")})
        return target
    if last_year.amount <= 0:
        raise ValidationError(
            {"growth_percent": _("Nothing was sold last year: there is nothing to grow from.")}
        )
    meant = policies.grown(last_year.amount, growth, currency)
    if meant < 0:
        raise ValidationError({"growth_percent": _("A target cannot be negative.")})
    if target is None or target == meant:
        return meant
    if abs((target / last_year.amount - 1) * 100 - growth) <= TENTH:
        return target  # the growth is this target's, rounded by whoever showed it
    raise ValidationError({"growth_percent": _("Growth and target do not agree: give one of them.")})


def changed_view(
    line: TargetLine, last_year: LastYear, *, target: Decimal | None, growth: Decimal | None
) -> tuple[Decimal | None, Decimal | None]:
    """Growth and target as somebody sent them: the one of the two that they changed, or both if they did."""
    shown = policies.growth_percent(target=line.target, last_year=last_year.amount)
    has_other_growth = growth is not None and growth != shown
    has_other_target = target is not None and target != line.target
    if not has_other_growth:
        return None, target if has_other_target else line.target
    return growth, target if has_other_target else None


@transaction.atomic
def add_lines(
    *, plan: Plan, categories: Sequence[ProductCategory | None], period: str, growth: Decimal
) -> int:
    """Lines for these categories in every such period of the plan: last year's sales and so many percent.

    What is there already stays; a line that would count the same sales twice is passed over. Returns how
    many were made; raises `NothingToAddError` for none.
    """
    Plan.objects.unscoped(REASON).select_for_update().get(pk=plan.pk)
    there, parents = lines_of(plan), parents_of_categories()
    made: list[TargetLine] = []
    for category in categories:
        for year, number in policies.periods_within(plan.start_date, plan.end_date, period):
            line = TargetLine(plan=plan, category=category, year=year, period=period, number=number)
            if not any(overlaps(line, other, parents) for other in (*there, *made)):
                made.append(line)
    if not made:
        raise NothingToAddError
    if len(there) + len(made) > MOST_LINES:
        raise ValidationError(_("At most %(most)s lines a plan.") % {"most": MOST_LINES})
    _grow(made, growth)
    TargetLine.objects.bulk_create(made)
    return len(made)


@transaction.atomic
def grow_all(*, plan: Plan, growth: Decimal) -> int:
    """Every line's target becomes last year's sales and so many percent. Returns how many changed.

    Lines without sales to grow from keep their target.
    """
    Plan.objects.unscoped(REASON).select_for_update().get(pk=plan.pk)
    lines = lines_of(plan)
    last_year = last_year_of(lines)
    _grow([line for line in lines if last_year[line.pk].amount > 0], growth)
    return TargetLine.objects.unscoped(REASON).bulk_update(lines, ["target"])


def _grow(lines: Sequence[TargetLine], growth: Decimal) -> None:
    last_year = last_year_of(lines)
    for line in lines:
        amount = max(last_year[line.pk].amount, NOTHING)
        line.target = max(policies.grown(amount, growth, line.plan.currency), NOTHING)


@transaction.atomic
def save_lines(*, plan: Plan, changed: Sequence[TargetLine], removed: Sequence[TargetLine]) -> None:
    """What the page's grid says. Raises `StaleObjectError` if somebody saved one of the lines before."""
    if removed:
        TargetLine.objects.unscoped(REASON).filter(plan=plan, pk__in=[line.pk for line in removed]).delete()
    TargetLine.objects.unscoped(REASON).filter(plan=plan).bulk_update(
        changed, ["last_year_entered", "target", "stretch"]
    )


def sold_categories(plan: Plan) -> list[ProductCategory]:
    """The categories of which the plan's accounts bought something in the same days a year before."""
    since, until = policies.days_last_year(plan.start_date, plan.end_date)
    scope = scopes_of([plan])[plan.pk]
    sold = orders_in([scope], since=since, until=until)[scope]
    found = {row.category_id for row in sold if row.category_id is not None}
    return list(ProductCategory.objects.filter(pk__in=found).order_by("name", "pk"))
