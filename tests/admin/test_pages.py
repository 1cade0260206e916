"""Every page of every model admin opens, with a number of queries that does not grow with the rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin as django_admin
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from collaboration.models import Digest, ReminderSettings
from crm import models as crm
from kam.core.models import Change
from kam.jobs.models import Job
from kam.users.models import ApiToken, User
from metrics.history import take_snapshots
from metrics.models import PlanKPI, PlanKPISnapshot, ReviewNumbers, Scenario
from metrics.operations import rebuild
from plans import models as plans
from stakeholders import models as people
from templates_app import models as templates
from tests import factories
from tests.fixtures import ClientFor, World

Make = Callable[[World, User], Any]


def opportunity_with_lines(world: World, owner: User) -> crm.Opportunity:
    opportunity = factories.create_opportunity(world.account)
    for _number in range(2):
        factories.create_opportunity_line(opportunity)
    return opportunity


def line_with_schedule(world: World, owner: User) -> crm.OpportunityLine:
    line = factories.create_opportunity_line(factories.create_opportunity(world.account))
    factories.create_schedule(line)
    return line


def mapped_person(world: World, owner: User) -> people.AccountPlanStakeholder:
    """With all that hangs on a stakeholder."""
    person = factories.create_stakeholder(world.plan, owner=owner, support=-2)
    factories.create_stakeholder_link(factories.create_stakeholder(world.plan), person)
    factories.look_after(factories.add_participant(world.plan, factories.create_user()), person)
    factories.create_stakeholder_product(person)
    action_plan = factories.create_action_plan(factories.create_objective(world.plan))
    factories.create_stakeholder_action(person, factories.create_task(action_plan))
    return person


def part_of_person(name: str) -> Make:
    return lambda world, owner: getattr(mapped_person(world, owner), name).unscoped("test").get()


def rate(world: World, owner: User) -> crm.ExchangeRate:
    count = crm.ExchangeRate.objects.count()
    return factories.create_rate("EUR", "1.1", valid_from=timezone.localdate() - timedelta(days=count))


def plan_with_parts(world: World, owner: User) -> plans.AccountPlan:
    return with_parts(factories.create_plan(world.account, owner=owner))


def scenario_with_parts(world: World, owner: User) -> Scenario:
    scenario = factories.create_scenario(world.plan, is_shared=True, owner=owner)
    for _number in range(2):
        deal = factories.create_opportunity(world.account)
        factories.create_scenario_change(scenario, deal, outcome="dropped")
        factories.create_building_block(scenario, product_category=factories.create_category())
    return scenario


def territory_plan_with_parts(world: World, owner: User) -> plans.TerritoryBusinessPlan:
    return with_parts(factories.create_territory_plan(owner=owner))


def with_parts(plan: Any) -> Any:
    for _number in range(2):
        strategy = factories.create_strategy(plan)
        factories.create_objective(plan, strategy=strategy, owner=factories.create_user())
        factories.add_participant(plan, factories.create_user())
    return plan


def completed_call(world: World, owner: User) -> plans.AssessmentTask:
    plan = factories.create_plan(factories.create_account(), owner=owner)
    action_plan = factories.create_action_plan(
        factories.create_objective(plan), template_version=factories.create_published_template()
    )
    design = action_plan.template_version.items.first()
    first = factories.create_task(action_plan, template_item=design, status="completed")
    visit = {"kind": "call_objective", "activity_type": factories.create_activity_type()}
    return factories.create_task(action_plan, prerequisite=first.item, status="completed", **visit)


def fund_with_expenses(world: World, owner: User) -> plans.CoopFund:
    fund = factories.create_coop_fund(factories.create_plan(world.account, owner=owner))
    for _number in range(2):
        factories.create_coop_expense(fund)
    return fund


def company_settings(world: World, owner: User) -> ReminderSettings:
    there = ReminderSettings.objects.unscoped("test").filter(user=None).first()
    return there or factories.create_reminder_settings(None)


def digest(world: World, owner: User) -> Digest:
    return Digest.objects.create(user=factories.create_user(), day=timezone.localdate())


def computed_plan(world: World, owner: User) -> PlanKPI:
    plan = factories.create_plan(world.account, owner=factories.create_user())
    rebuild()
    return PlanKPI.objects.unscoped("test").get(plan_id=plan.pk)


def kept_numbers(world: World, owner: User) -> PlanKPISnapshot:
    plan = factories.create_plan(world.account, owner=factories.create_user())
    take_snapshots(sweeper="test")
    return PlanKPISnapshot.objects.unscoped("test").get(plan=plan)


def change(world: World, owner: User) -> Change:
    account = factories.create_account(owner=factories.create_user())
    return Change.objects.of(account).get()


def territory_with_members(world: World, owner: User) -> crm.Territory:
    territory = factories.create_territory(parent=factories.create_territory())
    factories.add_member(territory, factories.create_user())
    return territory


def analysis_of_product(world: World, owner: User) -> plans.RelatedObjectAnalysis:
    plan = plan_with_parts(world, owner)
    return factories.create_analysis(
        plan,
        product=factories.create_plan_product(plan),
        objectives=plan.objectives.unscoped("test"),
    )


def plan_type_with_parts(world: World, owner: User) -> templates.PlanType:
    plan_type = factories.create_plan_type(goals=[factories.create_goal()])
    factories.create_custom_field(plan_type)
    return plan_type


def item_after_another(world: World, owner: User) -> templates.ActionPlanTemplateItem:
    template = factories.create_template(items=1)
    draft = factories.draft_of(template)
    return factories.create_item(draft, prerequisite=draft.items.get())


MAKE: dict[type[models.Model], Make] = {
    Change: change,
    User: lambda world, owner: factories.create_user(manager=factories.create_user()),
    ApiToken: lambda world, owner: factories.create_token(factories.create_user())[0],
    crm.Territory: territory_with_members,
    crm.Account: lambda world, owner: factories.create_account(
        owner=factories.create_user(),
        territory=factories.create_territory(),
        parent=factories.create_account(),
    ),
    crm.Contact: lambda world, owner: factories.create_contact(factories.create_account()),
    crm.PickListValue: lambda world, owner: factories.create_pick_list_value(),
    crm.ProductCategory: lambda world, owner: factories.create_category(parent=factories.create_category()),
    crm.Product: lambda world, owner: factories.create_product(),
    crm.Stage: lambda world, owner: factories.create_stage(),
    crm.ExchangeRate: rate,
    crm.ActivityType: lambda world, owner: factories.create_activity_type(),
    crm.Opportunity: opportunity_with_lines,
    crm.OpportunityLine: line_with_schedule,
    crm.Order: lambda world, owner: factories.create_order(
        factories.create_account(), product=factories.create_product()
    ),
    crm.Activity: lambda world, owner: factories.create_activity(factories.create_account()),
    templates.PlanType: plan_type_with_parts,
    templates.CustomField: lambda world, owner: factories.create_custom_field(factories.create_plan_type()),
    templates.GoalDefinition: lambda world, owner: factories.create_goal(
        category=factories.create_template_category(), templates=[factories.create_template()]
    ),
    templates.ActionPlanTemplate: lambda world, owner: factories.create_template(
        category=factories.create_template_category(), items=1
    ),
    templates.ActionPlanTemplateVersion: lambda world, owner: factories.draft_of(
        factories.create_template(items=2)
    ),
    templates.ActionPlanTemplateItem: item_after_another,
    plans.AccountPlan: plan_with_parts,
    plans.TerritoryBusinessPlan: territory_plan_with_parts,
    plans.Plan: territory_plan_with_parts,
    plans.AccountPlanProduct: lambda world, owner: factories.create_plan_product(
        plan_with_parts(world, owner)
    ),
    plans.RelatedObjectAnalysis: analysis_of_product,
    plans.Strategy: lambda world, owner: factories.create_strategy(plan_with_parts(world, owner)),
    plans.Objective: lambda world, owner: factories.create_objective(plan_with_parts(world, owner)),
    plans.ActionPlan: lambda world, owner: completed_call(world, owner).item.action_plan,
    plans.ActionPlanItem: lambda world, owner: completed_call(world, owner).item,
    plans.AssessmentTask: lambda world, owner: completed_call(world, owner),
    plans.TaskActivity: lambda world, owner: completed_call(world, owner).calls.unscoped("test").get(),
    plans.PlanPin: lambda world, owner: factories.create_pin(
        plan_with_parts(world, owner), factories.create_opportunity(world.account)
    ),
    plans.TargetLine: lambda world, owner: factories.create_target_line(plan_with_parts(world, owner)),
    plans.PlanReview: lambda world, owner: factories.create_review(plan_with_parts(world, owner)),
    ReviewNumbers: lambda world, owner: factories.create_held_review(world.plan).numbers,
    Scenario: lambda world, owner: scenario_with_parts(world, owner),
    plans.Commitment: lambda world, owner: factories.create_commitment(
        factories.create_plan(world.account), owner=factories.create_user()
    ),
    plans.PlanEvent: lambda world, owner: factories.create_event(factories.create_plan(world.account)),
    plans.CoopFund: fund_with_expenses,
    plans.MedicalInsight: lambda world, owner: factories.create_insight(
        contact=factories.create_contact(factories.create_account()),
        product=factories.create_product(),
        author=factories.create_user(),
    ),
    plans.RebateProgram: lambda world, owner: factories.create_rebate_program(
        factories.create_plan(world.account)
    ),
    people.AccountPlanStakeholder: mapped_person,
    people.StakeholderLink: part_of_person("links_to"),
    people.ParticipantStakeholder: part_of_person("participant_links"),
    people.StakeholderProduct: part_of_person("products"),
    people.StakeholderAction: part_of_person("actions"),
    people.PartnerRole: lambda world, owner: factories.create_partner(
        world.plan, account=factories.create_account()
    ),
    PlanKPI: computed_plan,
    Job: lambda world, owner: factories.create_job(factories.create_user(), [world.plan]),
    ReminderSettings: company_settings,
    Digest: digest,
    PlanKPISnapshot: kept_numbers,
}
READ_ONLY = {Change, Job, Digest, PlanKPI, PlanKPISnapshot, ReviewNumbers, plans.Plan, plans.PlanPin}
READ_ONLY |= {plans.TaskActivity}
WITHOUT_ADD = {
    *READ_ONLY,
    ReminderSettings,
    templates.ActionPlanTemplateVersion,
    people.ParticipantStakeholder,
}
WITHOUT_DELETE = {*READ_ONLY, User, ApiToken}


def url(model: type[models.Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def count_queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        response = client.get(address)
    assert response.status_code == 200, address
    return len(queries)


@pytest.fixture
def browser(admin: User, client_as: ClientFor) -> Client:
    client = client_as(admin)
    client.get(reverse("admin:index"))  # fills the caches of the process
    return client


def test_every_registered_model_is_in_this_test() -> None:
    assert set(MAKE) == set(django_admin.site._registry)


@pytest.mark.parametrize("model", MAKE, ids=lambda model: model._meta.label)
def test_list_takes_a_fixed_number_of_queries(
    model: type[models.Model], browser: Client, admin: User, world: World
) -> None:
    MAKE[model](world, admin)
    count_queries(browser, url(model, "changelist"))
    first = count_queries(browser, url(model, "changelist"))

    for _number in range(2):
        MAKE[model](world, admin)

    assert count_queries(browser, url(model, "changelist")) == first
    assert first <= 20


@pytest.mark.parametrize(
    "model", [m for m in MAKE if m is not ReminderSettings], ids=lambda model: model._meta.label
)  # those are one row
def test_list_can_be_searched(model: type[models.Model], browser: Client, admin: User, world: World) -> None:
    row = MAKE[model](world, admin)
    word = str(row).split()[0].strip(":")

    found = browser.get(url(model, "changelist"), {"q": word})
    missed = browser.get(url(model, "changelist"), {"q": "no such thing anywhere"})

    assert found.status_code == 200
    assert missed.context["cl"].result_count == 0


@pytest.mark.parametrize(
    "model", [m for m in MAKE if m not in WITHOUT_ADD], ids=lambda model: model._meta.label
)
def test_add_page_opens(model: type[models.Model], browser: Client, world: World) -> None:
    assert browser.get(url(model, "add")).status_code == 200


@pytest.mark.parametrize("model", MAKE, ids=lambda model: model._meta.label)
def test_change_page_opens(model: type[models.Model], browser: Client, admin: User, world: World) -> None:
    row = MAKE[model](world, admin)

    response = browser.get(url(model, "change", row.pk))

    assert response.status_code == 200
    assert response.context["original"] == row


@pytest.mark.parametrize("model", MAKE, ids=lambda model: model._meta.label)
def test_history_page_opens(model: type[models.Model], browser: Client, admin: User, world: World) -> None:
    row = MAKE[model](world, admin)

    response = browser.get(url(model, "history", row.pk), follow=True)

    assert response.status_code == 200
    assert "History" in response.text or model is Change


@pytest.mark.parametrize("model", MAKE, ids=lambda model: model._meta.label)
def test_delete_page_opens_where_deleting_is_offered(
    model: type[models.Model], browser: Client, admin: User, world: World
) -> None:
    row = MAKE[model](world, admin)

    assert browser.get(url(model, "delete", row.pk)).status_code == (403 if model in WITHOUT_DELETE else 200)


@pytest.mark.parametrize("model", sorted(READ_ONLY, key=str), ids=lambda model: model._meta.label)
def test_log_and_kpis_are_for_looking_only(
    model: type[models.Model], browser: Client, admin: User, world: World
) -> None:
    row = MAKE[model](world, admin)
    values = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}

    assert browser.get(url(model, "add")).status_code == 403
    assert (
        browser.post(url(model, "change", row.pk), {"reason": "forged", "currency": "EUR"}).status_code == 403
    )
    browser.post(url(model, "changelist"), values)

    same = models.QuerySet(model).get(pk=row.pk)
    assert [getattr(same, f.attname) for f in model._meta.concrete_fields] == [
        getattr(row, f.attname) for f in model._meta.concrete_fields
    ]


def test_kpi_leads_to_the_page_of_its_plan(browser: Client, admin: User, world: World) -> None:
    kpi = computed_plan(world, admin)

    assert kpi.plan.get_absolute_url() in browser.get(url(PlanKPI, "changelist")).text
    assert kpi.plan.get_absolute_url() in browser.get(url(PlanKPI, "change", kpi.pk)).text
