"""Who sees and edits which rows: the table of roles, kept as data, and the rules that agree with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Permission
from django.db import models

from collaboration.models import Digest, Notification, ReminderSettings
from crm.models import Account, Activity, Contact, Opportunity, OpportunityLine, Order, RevenueSchedule
from kam.core.gate import ScopedQuerySet
from kam.jobs.models import Job, JobItem
from kam.users.models import User
from metrics.history import take_snapshots
from metrics.models import (
    BuildingBlock,
    PlanKPI,
    PlanKPISnapshot,
    ReviewNumbers,
    Scenario,
    ScenarioChange,
)
from metrics.operations import rebuild
from plans.enums import Access, ItemKind, PlanStatus
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
    RebateTier,
    RelatedObjectAnalysis,
    Strategy,
    TargetLine,
    TaskActivity,
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
from tests import factories
from tests.fixtures import World

PERSONAS = (
    *("account_manager", "colleague", "stranger", "manager", "executive", "admin"),
    *("integration", "viewer", "msl", "keeper"),
)

# --- The table: who sees what ---------------------------------------------------------------
NORTH, SOUTH, FED = (
    {"north"},
    {"south"},
    {"fed"},
)  # by the account's territory; "fed" has none, and source "erp"
EVERYTHING = NORTH | SOUTH | FED
RECORDS: dict[str, set[str]] = {
    "account_manager": NORTH,
    "colleague": NORTH,
    "stranger": SOUTH,
    "manager": NORTH,
    "executive": EVERYTHING,
    "admin": EVERYTHING,
    "integration": FED,
    "viewer": NORTH,
    "msl": NORTH,
    "keeper": set(),
}
NOT_COMMERCIAL = {"msl"}
SEE_MEDICAL = {"msl", "manager", "executive", "admin"}

DRAFTS = {"north draft", "south draft"}
OPEN = {"north", "south"}
PLANS: dict[str, set[str]] = {
    "account_manager": {"north", "north draft"},
    "colleague": {"north", "north draft"},
    "stranger": {"south", "south draft"},
    "manager": {"north", "north draft"},
    "executive": OPEN,
    "admin": OPEN | DRAFTS,
    "integration": set(),
    "viewer": {"north"},
    "msl": {"north", "north draft"},
    "keeper": {"north confidential", "south confidential draft"},
}
TERRITORY_PLANS: dict[str, set[str]] = {
    "account_manager": {"north territory", "north territory draft"},
    "colleague": {"north territory", "north territory draft"},
    "stranger": {"south territory"},
    "manager": {"north territory", "north territory draft"},
    "executive": {"north territory", "south territory"},
    "admin": {"north territory", "north territory draft", "south territory"},
    "integration": set(),
    "viewer": {"north territory"},
    "msl": {"north territory", "north territory draft"},
    "keeper": {"north territory confidential"},
}
# --- and edits what -------------------------------------------------------------------------
EDITED_TERRITORY_PLANS: dict[str, set[str]] = {
    who: TERRITORY_PLANS[who] for who in ("account_manager", "stranger", "admin", "keeper")
}
EDITED_PLANS: dict[str, set[str]] = {
    "account_manager": {"north", "north draft"},
    "stranger": {"south", "south draft"},
    "admin": OPEN | DRAFTS,
    "keeper": {"north confidential", "south confidential draft"},
}
EDITED_RECORDS: dict[str, set[str]] = {
    "account_manager": NORTH,
    "stranger": SOUTH,
    "manager": NORTH,
    "admin": EVERYTHING,
    "integration": FED,
}
# Orders come from the ERP: only systems and administrators write them.
EDITED_ORDERS = {"admin": EVERYTHING, "integration": FED}
# Medical insights are their author's.
EDITED_INSIGHTS = {"admin": EVERYTHING, "msl": NORTH}


@pytest.fixture
def people(world: World, cast: dict[str, User]) -> dict[str, User]:
    """Everybody with rows in North, in South and from the ERP, each named for its place."""
    fed = {"source": "erp", "external_id": "1"}
    fed_account = factories.create_account("fed", **fed)
    for name, account, extra in (
        ("north", world.account, {}),
        ("south", world.far_account, {}),
        ("fed", fed_account, fed),
    ):
        Account._base_manager.filter(pk=account.pk).update(name=name)
        line = factories.create_opportunity_line(
            factories.create_opportunity(account, name, owner=account.owner, **extra)
        )
        factories.create_schedule(line)
        factories.create_contact(account, name, **extra)
        factories.create_activity(account, name, owner=account.owner or cast["admin"], **extra)
        factories.create_order(account, document_number=name, **extra)
        factories.create_insight(account, name, author=cast["msl"] if name == "north" else None)
    for old, name in ((world.plan, "north"), (world.draft, "north draft"), (world.far_plan, "south")):
        AccountPlan._base_manager.filter(pk=old.pk).update(name=name)
    AccountPlan._base_manager.filter(pk=world.confidential.pk).update(name="north confidential")
    factories.create_plan(world.far_account, "south draft", status=PlanStatus.DRAFT)
    hidden = {"owner": world.keeper, "is_confidential": True}
    factories.create_plan(world.far_account, "south confidential draft", status=PlanStatus.DRAFT, **hidden)
    call = factories.create_activity_type()
    for plan in AccountPlan._base_manager.all():
        strategy = factories.create_strategy(plan, plan.name)
        objective = factories.create_objective(plan, plan.name, strategy=strategy)
        action_plan = factories.create_action_plan(objective)
        factories.create_task(
            action_plan, kind=ItemKind.CALL_OBJECTIVE, activity_type=call, status="completed"
        )
        factories.create_analysis(plan, product=factories.create_plan_product(plan), objectives=[objective])
        factories.create_commitment(plan)
        factories.create_coop_expense(factories.create_coop_fund(plan))
        factories.create_rebate_program(plan, tiers=[(1_000, 2)])
        factories.create_event(plan)
        factories.create_target_line(plan)
        factories.create_review(plan)
        scenario = factories.create_scenario(plan, is_shared=True)
        factories.create_building_block(scenario)
        deal = factories.create_opportunity(plan.account, owner=plan.owner)
        factories.create_scenario_change(scenario, deal, outcome="dropped")
        factories.create_pin(plan, deal)
        put_people_on(plan)
    create_territory_plans(world, cast)
    return cast | {"keeper": world.keeper}


def put_people_on(plan: Plan) -> None:
    person = factories.create_stakeholder(plan)
    factories.create_stakeholder_link(factories.create_stakeholder(plan), person)
    factories.look_after(factories.add_participant(plan, factories.create_user()), person)
    factories.create_stakeholder_product(person)
    factories.create_partner(plan)
    task = AssessmentTask._base_manager.filter(item__action_plan__objective__plan=plan).first()
    factories.create_stakeholder_action(person, task)


def create_territory_plans(world: World, cast: dict[str, User]) -> None:
    here, there = world.account.territory, world.far_account.territory
    owner = cast["account_manager"]
    for plan in (
        factories.create_territory_plan(here, "north territory", owner=owner),
        factories.create_territory_plan(here, "north territory draft", owner=owner, status="draft"),
        factories.create_territory_plan(there, "south territory", owner=cast["stranger"]),
        factories.create_territory_plan(
            here, "north territory confidential", owner=world.keeper, is_confidential=True
        ),
    ):
        goal = factories.create_goal_assignment(plan)
        factories.create_strategy(plan)
        factories.create_task(factories.create_action_plan(goal))
        factories.create_analysis(plan, product=factories.create_plan_product(plan), objectives=[goal])
        factories.create_target_line(plan)
        factories.create_review(plan)
        put_people_on(plan)


# Rows of the world itself have other names: they are left out of the comparison.
NAMES: dict[Any, tuple[str, set[str]]] = {
    Account: ("name", EVERYTHING),
    Contact: ("name", EVERYTHING),
    Opportunity: ("name", EVERYTHING),
    OpportunityLine: ("opportunity__name", EVERYTHING),
    RevenueSchedule: ("line__opportunity__name", EVERYTHING),
    Activity: ("subject", EVERYTHING),
    Order: ("document_number", EVERYTHING),
    MedicalInsight: ("text", EVERYTHING),
    AccountPlan: ("name", set()),
    TerritoryBusinessPlan: ("name", set()),
    Plan: ("name", set()),
    Strategy: ("plan__name", set()),
    AccountPlanProduct: ("plan__name", set()),
    RelatedObjectAnalysis: ("plan__name", set()),
    AccountPlanObjective: ("plan__name", set()),
    GoalAssignment: ("plan__name", set()),
    Objective: ("plan__name", set()),
    ActionPlan: ("objective__plan__name", set()),
    ActionPlanItem: ("action_plan__objective__plan__name", set()),
    AssessmentTask: ("item__action_plan__objective__plan__name", set()),
    TaskActivity: ("task__item__action_plan__objective__plan__name", set()),
    Commitment: ("plan__name", set()),
    CoopFund: ("plan__name", set()),
    CoopExpense: ("fund__plan__name", set()),
    RebateProgram: ("plan__name", set()),
    RebateTier: ("program__plan__name", set()),
    PlanEvent: ("plan__name", set()),
    TargetLine: ("plan__name", set()),
    Scenario: ("plan__name", set()),
    ScenarioChange: ("scenario__plan__name", set()),
    BuildingBlock: ("scenario__plan__name", set()),
    PlanPin: ("plan__name", set()),
    PlanReview: ("plan__name", set()),
    AccountPlanStakeholder: ("plan__name", set()),
    StakeholderLink: ("from_stakeholder__plan__name", set()),
    ParticipantStakeholder: ("stakeholder__plan__name", set()),
    StakeholderProduct: ("stakeholder__plan__name", set()),
    StakeholderAction: ("stakeholder__plan__name", set()),
    PartnerRole: ("plan__name", set()),
}
COMMERCIAL = {Opportunity, OpportunityLine, RevenueSchedule, Order, TargetLine, PlanPin}
COMMERCIAL |= {Scenario, ScenarioChange, BuildingBlock}
OF_TERRITORIES = {TerritoryBusinessPlan, GoalAssignment}
OF_BOTH = {Plan, Strategy, AccountPlanProduct, RelatedObjectAnalysis, Objective, TargetLine}
OF_BOTH |= {ActionPlan, ActionPlanItem, AssessmentTask, PlanReview}
OF_BOTH |= {AccountPlanStakeholder, StakeholderLink, StakeholderProduct, StakeholderAction, PartnerRole}
OF_BOTH |= {ParticipantStakeholder}
OF_PLANS = [
    model for model, (path, _names) in NAMES.items() if issubclass(model, Plan) or path.endswith("plan__name")
]


def names(rows: models.QuerySet, model: Any) -> set[str]:
    path, known = NAMES[model]
    return {name for name in rows.values_list(path, flat=True) if not known or name in known}


def expected_visible(model: Any, persona: str) -> set[str]:
    if model in COMMERCIAL and persona in NOT_COMMERCIAL:
        return set()
    if model is MedicalInsight and persona not in SEE_MEDICAL:
        return set()
    if model not in OF_PLANS:
        return RECORDS[persona]
    return of_kinds(model, PLANS[persona], TERRITORY_PLANS[persona])


def of_kinds(model: Any, of_accounts: set[str], of_territories: set[str]) -> set[str]:
    if model in OF_TERRITORIES:
        return of_territories
    return of_accounts | of_territories if model in OF_BOTH else of_accounts


def expected_editable(model: Any, persona: str) -> set[str]:
    if model in OF_PLANS:
        theirs = (EDITED_PLANS, EDITED_TERRITORY_PLANS)
        return of_kinds(model, *(table.get(persona, set()) for table in theirs))
    table = {Order: EDITED_ORDERS, MedicalInsight: EDITED_INSIGHTS}.get(model, EDITED_RECORDS)
    return table.get(persona, set())


@pytest.mark.parametrize("model", NAMES, ids=lambda model: model.__name__)
def test_visible_to_follows_the_table(model: Any, people: dict[str, User]) -> None:
    seen = {who: names(model.objects.visible_to(people[who]), model) for who in PERSONAS}

    assert seen == {who: expected_visible(model, who) for who in PERSONAS}


@pytest.mark.parametrize("model", NAMES, ids=lambda model: model.__name__)
def test_editable_by_follows_the_table(model: Any, people: dict[str, User]) -> None:
    edited = {who: names(model.objects.editable_by(people[who]), model) for who in PERSONAS}

    assert edited == {who: expected_editable(model, who) for who in PERSONAS}


WITH_RULES = [model for model in NAMES if model not in {TaskActivity, OpportunityLine, RevenueSchedule}]


@pytest.mark.parametrize("model", WITH_RULES, ids=lambda model: model.__name__)
def test_rules_agree_with_the_gate(model: Any, people: dict[str, User]) -> None:
    """Of what somebody sees, the rule lets them view all and change what `editable_by` has."""
    label, name = model._meta.app_label, model._meta.model_name
    disagreeing = []
    for who in PERSONAS:
        user = people[who]
        editable = set(model.objects.editable_by(user).values_list("pk", flat=True))
        for row in model.objects.visible_to(user):
            if not user.has_perm(f"{label}.view_{name}", row):
                disagreeing.append((who, "view", str(row)))
            if user.has_perm(f"{label}.change_{name}", row) != (row.pk in editable):
                disagreeing.append((who, "change", str(row)))

    assert disagreeing == []


def test_every_scoped_model_is_in_the_table() -> None:
    """A new model cannot be forgotten here."""
    from django.apps import apps

    scoped = {
        model
        for model in apps.get_models()
        if isinstance(model._default_manager.all(), ScopedQuerySet) and model._meta.app_label != "core"
    }

    assert scoped == set(NAMES) | {
        AccountPlanParticipant,
        PlanKPI,
        PlanKPISnapshot,
        ReviewNumbers,
        *ONE_S_OWN,
    }


ONE_S_OWN = {Notification, Digest, ReminderSettings, Job, JobItem}


def test_reminders_and_jobs_are_one_s_own_and_follow_their_plans(people: dict[str, User]) -> None:
    """Everybody has a reminder of every plan and a job about all of them."""
    objectives = Objective.objects.unscoped("test").select_related("plan").order_by("plan_id", "pk")
    by_plan = {objective.plan: objective for objective in objectives}
    names = dict(Plan.objects.unscoped("test").values_list("pk", "name"))
    for who in PERSONAS:
        for objective in by_plan.values():
            factories.create_reminder(objective, people[who])
        factories.create_job(people[who], list(by_plan))
        factories.create_reminder_settings(people[who])
        Digest.objects.create(user=people[who], day=date(2026, 6, 15))
    for who in PERSONAS:
        user, plans = people[who], PLANS[who] | TERRITORY_PLANS[who]
        reminders = Notification.objects.visible_to(user)
        assert {row.plan.name for row in reminders} == plans
        assert {row.recipient for row in reminders} <= {user}
        assert all(user.has_perm("collaboration.change_notification", row) for row in reminders)
        items = JobItem.objects.visible_to(user)
        assert {names[item.target_id] for item in items} == plans
        assert user.username == "admin" or {item.job.owner for item in items} <= {user}
        assert {job.owner for job in Job.objects.editable_by(user)} == {user}
        assert {row.user for row in ReminderSettings.objects.editable_by(user)} == {user}
        assert who == "admin" or {digest.user for digest in Digest.objects.visible_to(user)} == {user}


def test_participants_and_numbers_follow_their_plan(people: dict[str, User], world: World) -> None:
    for plan in Plan._base_manager.all():
        factories.add_participant(plan, factories.create_user())
    rebuild()
    take_snapshots(sweeper="test")
    for who in PERSONAS:
        for model in (AccountPlanParticipant, PlanKPI, PlanKPISnapshot):
            assert (
                set(model.objects.visible_to(people[who]).values_list("plan__name", flat=True))
                == PLANS[who] | TERRITORY_PLANS[who]
            )


# --- Taking part ----------------------------------------------------------------------------
TAKES_PART: dict[str, tuple[bool, bool]] = {
    # persona: sees a confidential plan as a participant, edits it with access "edit"
    "account_manager": (True, True),
    "stranger": (True, True),
    "manager": (True, True),
    "msl": (True, True),
    "executive": (True, False),
    "viewer": (True, False),
    "admin": (True, True),
    "integration": (False, False),
}


@pytest.mark.parametrize("who", TAKES_PART)
def test_participant_sees_a_confidential_plan(who: str, people: dict[str, User], world: World) -> None:
    user, plan = people[who], world.confidential
    sees, edits = TAKES_PART[who]
    part = factories.add_participant(plan, user, access=Access.READ)

    visible = AccountPlan.objects.visible_to(user).filter(pk=plan.pk)
    editable = AccountPlan.objects.editable_by(user).filter(pk=plan.pk)
    assert visible.exists() == sees
    assert editable.exists() == (who == "admin")  # administrators edit what they see
    part.access = Access.CONTRIBUTE
    part.save()
    assert editable.all().exists() == (who == "admin")
    part.access = Access.EDIT
    part.save()
    assert editable.all().exists() == edits
    assert (sees and user.has_perm("plans.change_accountplan", plan)) == edits


def test_administrator_with_the_extra_permission_sees_confidential_plans(
    people: dict[str, User], world: World
) -> None:
    admin = people["admin"]
    assert not AccountPlan.objects.visible_to(admin).filter(is_confidential=True).exists()

    admin.user_permissions.add(Permission.objects.get(codename="view_confidential"))

    admin = User.objects.get(pk=admin.pk)
    assert AccountPlan.objects.visible_to(admin).filter(is_confidential=True).count() == 2


def test_extra_permission_alone_makes_no_administrator(people: dict[str, User]) -> None:
    for who in ("executive", "manager", "viewer"):
        user = people[who]
        user.user_permissions.add(Permission.objects.get(codename="view_confidential"))
        user = User.objects.get(pk=user.pk)
        assert not AccountPlan.objects.visible_to(user).filter(is_confidential=True).exists()


# --- Territories ----------------------------------------------------------------------------
def sees_plan(user: User, world: World) -> bool:
    return AccountPlan.objects.visible_to(user).filter(pk=world.plan.pk).exists()


def test_manager_sees_all_below_and_nothing_above(
    world: World, territories: Any, people: dict[str, User]
) -> None:
    from crm.enums import TerritoryRole

    deep = factories.create_territory("Harbour district", parent=territories.north)
    account = factories.create_account("Deep", territory=deep)
    plan = factories.create_plan(account, owner=people["keeper"])
    below = factories.create_user(role="manager")
    factories.add_member(deep, below, role=TerritoryRole.MANAGER)

    seen = set(AccountPlan.objects.visible_to(people["manager"]))
    assert plan in seen
    assert world.plan in seen
    assert set(AccountPlan.objects.visible_to(below)) == {plan}


def test_member_of_a_territory_does_not_see_those_below(territories: Any, world: World) -> None:
    user = factories.create_user(role="manager")
    factories.add_member(territories.west, user)  # a member, not its manager

    assert not sees_plan(user, world)


def test_plan_follows_its_account_into_another_territory(
    world: World, territories: Any, people: dict[str, User]
) -> None:
    world.account.territory = territories.south
    world.account.save()

    assert sees_plan(people["stranger"], world)
    assert not sees_plan(people["colleague"], world)
    assert sees_plan(people["account_manager"], world)  # the owner


# --- Owners ---------------------------------------------------------------------------------
CHANGES_OWNER = {"account_manager", "admin", "manager"}


def test_owner_of_a_plan_is_changed_by_those_of_the_table(world: World, people: dict[str, User]) -> None:
    able = {who for who in PERSONAS if people[who].has_perm("plans.change_owner", world.plan)}

    assert able & {who for who in PERSONAS if "north" in PLANS[who]} == CHANGES_OWNER


def test_manager_takes_over_no_plan_for_reading_it(world: World, people: dict[str, User]) -> None:
    manager = people["manager"]
    for plan in (world.far_plan, world.confidential):
        factories.add_participant(plan, manager, access=Access.READ)

        assert not manager.has_perm("plans.change_owner", plan)


# --- Numbers --------------------------------------------------------------------------------
def test_numbers_are_kept_from_medical_colleagues_who_take_no_part(
    world: World, people: dict[str, User], settings: Any
) -> None:
    msl = people["msl"]
    able = {who for who in PERSONAS if people[who].has_perm("plans.view_numbers", world.plan)}
    assert able == set(PERSONAS) - {"msl"}

    settings.SEPARATE_MEDICAL = False
    assert msl.has_perm("plans.view_numbers", world.plan)

    settings.SEPARATE_MEDICAL = True
    factories.add_participant(world.plan, msl)
    assert msl.has_perm("plans.view_numbers", world.plan)


def test_one_setting_keeps_commercial_and_medical_apart_both_ways(
    world: World, people: dict[str, User], settings: Any
) -> None:
    def seen(who: str) -> dict[Any, set[str]]:
        return {
            model: names(model.objects.visible_to(people[who]), model)
            for model in (Opportunity, Order, OpportunityLine, MedicalInsight)
        }

    apart = {who: seen(who) for who in ("msl", "account_manager", "viewer", "integration")}
    settings.SEPARATE_MEDICAL = False
    together = {who: seen(who) for who in apart}

    assert apart["msl"] == {Opportunity: set(), Order: set(), OpportunityLine: set(), MedicalInsight: NORTH}
    assert apart["account_manager"][MedicalInsight] == apart["viewer"][MedicalInsight] == set()
    for who in ("msl", "account_manager", "viewer"):
        assert together[who] == dict.fromkeys(together[who], NORTH)
        assert people[who].has_perm("crm.view_commercial")
        assert people[who].has_perm("crm.view_medical")
    assert together["integration"] == apart["integration"]


# --- Creating -------------------------------------------------------------------------------
SALES = {"account_manager", "colleague", "stranger", "keeper", "manager", "admin"}
ADDS: dict[str, set[str]] = {
    "plans.add_accountplan": SALES | {"msl"},
    "crm.add_account": {"admin", "integration"},
    "crm.add_contact": SALES | {"msl", "integration"},
    "crm.add_opportunity": SALES | {"integration"},
    "crm.add_activity": SALES | {"msl", "integration"},
    "crm.add_order": {"admin", "integration"},
    "plans.add_medicalinsight": {"msl", "admin"},
    "crm.add_product": {"admin", "integration"},
    "crm.add_exchangerate": {"admin", "integration"},
    "crm.add_territory": {"admin"},
    "crm.add_territorymembership": {"admin"},
    "crm.add_stage": {"admin"},
    "crm.add_activitytype": {"admin"},
    "crm.add_picklistvalue": {"admin"},
    "templates_app.add_plantype": {"admin"},
    "users.add_user": {"admin"},
}


@pytest.mark.parametrize("permission", ADDS)
def test_creating_follows_the_table(permission: str, people: dict[str, User]) -> None:
    assert {who for who in PERSONAS if people[who].has_perm(permission)} == ADDS[permission]


def test_nobody_may_write_the_log_or_the_numbers(people: dict[str, User]) -> None:
    for permission in (
        "core.change_change",
        "core.delete_change",
        "core.add_change",
        "metrics.change_plankpi",
    ):
        assert {who for who in PERSONAS if people[who].has_perm(permission)} == set()


def test_inactive_and_anonymous_may_nothing(world: World, people: dict[str, User]) -> None:
    admin = people["admin"]
    admin.is_active = False

    for user in (admin, AnonymousUser()):
        for permission in ADDS:
            assert not user.has_perm(permission)
        assert not user.has_perm("plans.view_accountplan", world.plan)
        assert not user.has_perm("plans.change_accountplan", world.plan)


@pytest.fixture
def edits_like() -> Callable[[User, Any], bool]:
    return lambda user, row: user.has_perm(f"{row._meta.app_label}.change_{row._meta.model_name}", row)


def test_system_writes_only_what_is_of_its_source(
    world: World, people: dict[str, User], edits_like: Callable[[User, Any], bool]
) -> None:
    system = people["integration"]
    own = factories.create_order(world.account, source="erp", external_id="2")
    foreign = factories.create_order(world.account, source="crm", external_id="2")

    assert edits_like(system, own)
    assert not edits_like(system, foreign)
    assert not edits_like(system, world.order)
    system.source = ""
    assert not edits_like(system, world.order)
    assert list(Order.objects.visible_to(system)) == []
