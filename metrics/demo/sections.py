"""Plan types with their own fields and goals; SWOT, PESTEL, products and details of the sample plans."""

from __future__ import annotations

from decimal import Decimal

from kam.core.writing import set_relation
from metrics.demo.sample import Sample
from metrics.demo.section_data import PLAN_SECTIONS, PLAN_TYPE_PARTS, ProductSpec, TypeSpec
from plans.models import AccountPlan, AccountPlanObjective, AccountPlanProduct, RelatedObjectAnalysis
from templates_app.models import CustomField, GoalDefinition, PlanType, PlanTypeGoal

WHY = "sample company"


def complete_plan_types(sample: Sample) -> None:
    """Sections, fields and goals; a type that somebody has given fields before stays as it is."""
    goals = {goal.name: goal for goal in GoalDefinition.objects.all()}
    for name, spec in PLAN_TYPE_PARTS.items():
        plan_type = sample.plan_types[name]
        if not CustomField.objects.filter(plan_type=plan_type).exists():
            _complete(sample, plan_type, spec, goals)


def _complete(sample: Sample, plan_type: PlanType, spec: TypeSpec, goals: dict[str, GoalDefinition]) -> None:
    if spec.sections:
        plan_type.sections = [*spec.sections]
        plan_type.save()
    CustomField.objects.bulk_create(
        CustomField(
            id=sample.new_id(),
            plan_type=plan_type,
            key=field.key,
            label=field.label,
            kind=field.kind,
            help_text=field.help,
            choices=[*field.choices],
            is_required=field.required,
            is_retired=field.retired,
            order=order,
        )
        for order, field in enumerate(spec.fields, 1)
    )
    known = set(PlanTypeGoal.objects.filter(plan_type=plan_type).values_list("goal_definition_id", flat=True))
    PlanTypeGoal.objects.bulk_create(
        PlanTypeGoal(id=sample.new_id(), plan_type=plan_type, goal_definition=goals[name], order=order)
        for order, name in enumerate(spec.goals, 1)
        if name in goals and goals[name].pk not in known
    )


def add_sections(sample: Sample, key: str, plan: AccountPlan) -> None:
    """What stands in the sections of one plan, if anything is written of it."""
    spec = PLAN_SECTIONS.get(key)
    if spec is None:
        return
    if spec.values:
        values = {"contract_until": plan.end_date.isoformat()} if key == "newton" else {}
        people = {"board_sponsor": str(sample.users["executive"].pk)}
        plan.custom_values = {
            **values,
            **spec.values,
            **{k: v for k, v in people.items() if k in spec.values},
        }
        plan.save()
    products = {row.code: _product(sample, plan, row, order) for order, row in enumerate(spec.products, 1)}
    AccountPlanProduct.objects.unscoped(WHY).bulk_create(products.values())
    _add_entries(sample, key, plan, products)


def _product(sample: Sample, plan: AccountPlan, spec: ProductSpec, order: int) -> AccountPlanProduct:
    product = sample.products[spec.code]
    return AccountPlanProduct(
        id=sample.new_id(),
        plan=plan,
        product=None if spec.as_category else product,
        category=product.category if spec.as_category else None,
        last_year_actual=Decimal(spec.last_year),
        target=Decimal(spec.target),
        stretch=None if spec.stretch is None else Decimal(spec.stretch),
        strategy_note=spec.note,
        order=order,
    )


def _add_entries(
    sample: Sample, key: str, plan: AccountPlan, products: dict[str, AccountPlanProduct]
) -> None:
    objectives = {row.name: row for row in AccountPlanObjective.objects.unscoped(WHY).filter(plan=plan)}
    entries = [
        RelatedObjectAnalysis(
            id=sample.new_id(),
            plan=plan,
            product=products.get(spec.product),
            factor=spec.factor,
            text=spec.text,
            impact=spec.impact,
            likelihood=spec.likelihood,
            owner=sample.users[spec.owner] if spec.owner else plan.owner,
            order=order,
        )
        for order, spec in enumerate(PLAN_SECTIONS[key].entries, 1)
    ]
    RelatedObjectAnalysis.objects.unscoped(WHY).bulk_create(entries)
    for entry, spec in zip(entries, PLAN_SECTIONS[key].entries, strict=True):
        if answers := [objectives[name] for name in spec.answers if name in objectives]:
            set_relation(entry, "objectives", answers, user=plan.owner)
