"""One row of every model that an address may name: of a plan, of an account, and of nobody.

A new model with a URL gets its line here; what belongs to a plan then also stands in the hidden
plans of the twin worlds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from django.db.models import Model

from collaboration.models import Notification
from crm.enums import PickList
from crm.models import (
    Account,
    Activity,
    ActivityType,
    Contact,
    ExchangeRate,
    Opportunity,
    Order,
    PickListValue,
    Product,
    ProductCategory,
    Stage,
    Territory,
)
from kam.jobs.models import Job
from kam.users.models import ApiToken, User
from metrics.models import BuildingBlock, Scenario
from plans.models import (
    AccountPlan,
    AccountPlanObjective,
    AccountPlanParticipant,
    AccountPlanProduct,
    ActionPlan,
    ActionPlanItem,
    AssessmentTask,
    Commitment,
    CoopExpense,
    CoopFund,
    GoalAssignment,
    MedicalInsight,
    Objective,
    Plan,
    PlanEvent,
    PlanPin,
    PlanReview,
    RebateProgram,
    RelatedObjectAnalysis,
    Strategy,
    TargetLine,
    TerritoryBusinessPlan,
)
from stakeholders.models import (
    AccountPlanStakeholder,
    ParticipantStakeholder,
    PartnerRole,
    StakeholderAction,
    StakeholderLink,
    StakeholderProduct,
)
from templates_app.models import (
    ActionPlanTemplate,
    ActionPlanTemplateItem,
    ActionPlanTemplateVersion,
    CustomField,
    GoalDefinition,
    PlanType,
)
from tests import factories

Rows = dict[type[Model], Any]
Maker = Callable[[Any, Rows], Model]


def any_deal(plan: Any) -> Opportunity:
    """One that there is anyhow: of the plan's account, or of another."""
    deals = Opportunity.objects.unscoped("rows of the security tests").order_by("created_at", "id")
    return deals.filter(account=plan.account_id).first() or deals[0]


def a_person(plan: Any) -> Contact:
    """One that there is anyhow: the contacts of an account are no part of a plan."""
    people = Contact.objects.unscoped("rows of the security tests").order_by("created_at", "id")
    return people.filter(account=plan.account_id).first() or people[0]


# In this order: a maker may use the rows before it. Texts are the plan's name, so that a search finds them.
OF_A_PLAN: dict[type[Model], Maker] = {
    Strategy: lambda plan, rows: factories.create_strategy(plan, plan.name),
    AccountPlanObjective: lambda plan, rows: factories.create_objective(
        plan, plan.name, strategy=rows[Strategy], target=10, current=3
    ),
    Objective: lambda plan, rows: rows[AccountPlanObjective],
    AccountPlanParticipant: lambda plan, rows: factories.add_participant(plan, partner()),
    ActionPlan: lambda plan, rows: factories.create_action_plan(rows[AccountPlanObjective], plan.name),
    AssessmentTask: lambda plan, rows: factories.create_task(rows[ActionPlan], plan.name),
    ActionPlanItem: lambda plan, rows: rows[AssessmentTask].item,
    Job: lambda plan, rows: factories.create_job(plan.owner, [plan], goals=[a_goal()]),
    Notification: lambda plan, rows: reminders_of_everybody(rows[AssessmentTask], plan.owner),
    AccountPlanProduct: lambda plan, rows: factories.create_plan_product(plan, category=a_category()),
    RelatedObjectAnalysis: lambda plan, rows: factories.create_analysis(
        plan, plan.name, product=rows[AccountPlanProduct], objectives=[rows[AccountPlanObjective]]
    ),
    Commitment: lambda plan, rows: factories.create_commitment(
        plan, activity_type=ActivityType.objects.first(), description=plan.name
    ),
    PlanEvent: lambda plan, rows: factories.create_event(plan, plan.name),
    CoopFund: lambda plan, rows: factories.create_coop_fund(plan, plan.name),
    CoopExpense: lambda plan, rows: factories.create_coop_expense(
        rows[CoopFund], plan.name, kind=a_kind_of_expense()
    ),
    RebateProgram: lambda plan, rows: factories.create_rebate_program(plan, plan.name),
    AccountPlanStakeholder: lambda plan, rows: factories.create_stakeholder(
        plan, a_person(plan), support=-2, development=plan.name, notes=plan.name
    ),
    StakeholderLink: lambda plan, rows: factories.create_stakeholder_link(
        factories.create_stakeholder(plan, organisation=plan.account), rows[AccountPlanStakeholder]
    ),
    ParticipantStakeholder: lambda plan, rows: factories.look_after(
        rows[AccountPlanParticipant], rows[AccountPlanStakeholder]
    ),
    StakeholderProduct: lambda plan, rows: factories.create_stakeholder_product(
        rows[AccountPlanStakeholder], Product.objects.first(), comment=plan.name
    ),
    StakeholderAction: lambda plan, rows: factories.create_stakeholder_action(
        rows[AccountPlanStakeholder], rows[AssessmentTask]
    ),
    PartnerRole: lambda plan, rows: factories.create_partner(plan, plan.name, notes=plan.name),
    TargetLine: lambda plan, rows: TargetLine.objects.create(plan=plan, year=2026, target=100),
    PlanPin: lambda plan, rows: factories.create_pin(plan, any_deal(plan)),
    PlanReview: lambda plan, rows: factories.create_review(plan, agenda=plan.name),
    Scenario: lambda plan, rows: factories.create_scenario(plan, plan.name, is_shared=True),
    BuildingBlock: lambda plan, rows: factories.create_building_block(rows[Scenario], plan.name),
}
OF_AN_ACCOUNT: dict[type[Model], Maker] = {
    Contact: lambda account, rows: factories.create_contact(account, account.name),
    Opportunity: lambda account, rows: factories.create_opportunity(
        account, account.name, owner=account.owner
    ),
    Order: lambda account, rows: factories.create_order(account, document_number=account.name),
    Activity: lambda account, rows: factories.create_activity(
        account, account.name, type=ActivityType.objects.first(), owner=account.owner
    ),
    MedicalInsight: lambda account, rows: factories.create_insight(account, account.name, author=partner()),
}


def rows_of_plan(plan: AccountPlan) -> Rows:
    return _made(plan, OF_A_PLAN)


def rows_of_territory_plan(plan: TerritoryBusinessPlan) -> Rows:
    return _made(plan, OF_A_TERRITORY)


def rows_of_account(account: Account, models: Collection[type[Model]] = ()) -> Rows:
    """Of all `models`, or only of those named."""
    return _made(
        account, {model: make for model, make in OF_AN_ACCOUNT.items() if model in (models or OF_AN_ACCOUNT)}
    )


def _made(parent: Any, makers: dict[type[Model], Maker]) -> Rows:
    rows: Rows = {type(parent): parent}
    if isinstance(parent, Plan):
        rows[Plan] = parent
    for model, make in makers.items():
        rows[model] = make(parent, rows)
    return rows


def common_rows(user: User) -> Rows:
    """Rows that everybody may read, and those of the user alone."""
    version = factories.create_published_template("Onboarding", items=1)
    plan_type = PlanType.objects.order_by("pk").first()
    rows = [
        version,
        version.template,
        version.items.get(),
        factories.create_goal("Reach new wards", templates=[version.template]),
        factories.create_rate("EUR", "1.1"),
        factories.create_pick_list_value("Hospitals"),
        factories.create_token(user)[0],
        user,
        plan_type,
        factories.create_custom_field(plan_type),
    ]
    present: tuple[Any, ...] = (ActivityType, Product, ProductCategory, Stage, Territory)
    return {type(row): row for row in rows} | {
        model: model._base_manager.order_by("pk").first() for model in present
    }


COMMON = (
    *(ActionPlanTemplate, ActionPlanTemplateItem, ActionPlanTemplateVersion, CustomField),
    GoalDefinition,
    *(ActivityType, ExchangeRate, PickListValue, Product, ProductCategory, Stage, Territory, PlanType),
    *(ApiToken, User),
)
# A territory's plan has what an account's has, but promises; these are read at addresses of their own.
OF_A_TERRITORY: dict[type[Model], Maker] = {
    GoalAssignment: lambda plan, rows: factories.create_goal_assignment(plan, plan.name),
}
CUSTOMERS = {AccountPlan, Plan, TerritoryBusinessPlan, *OF_A_TERRITORY, Account, *OF_A_PLAN, *OF_AN_ACCOUNT}
KNOWN = {*CUSTOMERS, *COMMON}


# What both worlds have: the catalog and people are no secret.
def a_category() -> ProductCategory:
    return ProductCategory.objects.first() or factories.create_category("Tablets")


def a_goal() -> GoalDefinition:
    return GoalDefinition.objects.first() or factories.create_goal("Reach new wards")


def a_kind_of_expense() -> PickListValue:
    kinds = PickListValue.objects.filter(pick_list=PickList.COOP_EXPENSE_KIND)
    return kinds.first() or factories.create_pick_list_value("Booth", pick_list=PickList.COOP_EXPENSE_KIND)


def reminders_of_everybody(task: AssessmentTask, owner: User) -> Notification:
    """Also of those who do not see the plan, or not any more."""
    return {user: factories.create_reminder(task, user) for user in User.objects.all()}[owner]


def partner() -> User:
    return User.objects.filter(username="partner").first() or factories.create_user("partner")
