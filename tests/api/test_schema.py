"""The schema is the full description: it is valid, and what is served matches it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connection, transaction
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from schemathesis import checks

from crm import models as crm
from kam.users.models import ApiToken, Role, User
from plans import models as plans
from templates_app import models as templates
from tests import factories
from tests.fixtures import ApiFor

# One row of every kind has this id: a generated reference mostly leads somewhere.
ONE = uuid.UUID("11111111-1111-4111-8111-111111111111")
TWO = uuid.UUID("22222222-2222-4222-8222-222222222222")
SAME_EVERYWHERE = pytest.mark.any_database  # the schema is made of classes
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]

schemathesis.openapi.format("uuid", st.one_of(st.just(str(ONE)), st.just(str(ONE)), st.uuids().map(str)))
schemathesis.openapi.format("decimal", st.decimals(-1_000, 10**6, places=2).map(str))
schema = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
schema.app = get_wsgi_application()


@SAME_EVERYWHERE
def test_schema_is_valid_and_made_without_a_warning(tmp_path: Any) -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yaml"))


@SAME_EVERYWHERE
def test_schema_tells_security_versions_replays_and_problems(api: ApiFor, db: None) -> None:
    document = api(None).get("/api/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"}).json()
    plan = document["paths"]["/api/v1/account-plans/{id}/"]
    create = document["paths"]["/api/v1/account-plans/"]["post"]

    def headers(operation: dict[str, Any]) -> set[str]:
        return {item["name"] for item in operation["parameters"] if item["in"] == "header"}

    assert document["components"]["securitySchemes"]["token"]["name"] == "Authorization"
    assert headers(plan["patch"]) == headers(plan["delete"]) == {"If-Match"}
    assert headers(create) == {"Idempotency-Key"}
    assert "ETag" in plan["get"]["responses"]["200"]["headers"]
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status in ("400", "401", "403", "404", "412", "428", "429", "503"):
        assert plan["patch"]["responses"][status]["content"] == problem


@SAME_EVERYWHERE
def test_schema_tells_the_values_that_parameters_and_numbers_take() -> None:
    document = SchemaGenerator().get_schema(request=None, public=True)
    listed = document["paths"]["/api/v1/opportunities/"]["get"]["parameters"]
    schemas = {item["name"]: item["schema"] for item in listed}
    request = document["components"]["schemas"]["OpportunityRequest"]["properties"]

    assert schemas["is_closed"] == {"type": "boolean"}
    assert schemas["amount_min"] == {"type": "number"}
    assert schemas["close_date_after"] == {"type": "string", "format": "date"}
    assert schemas["stage"] == {"type": "array", "items": {"type": "string", "format": "uuid"}}
    assert [kind["type"] for kind in request["amount"]["oneOf"]] == ["string", "number"]
    shown = document["components"]["schemas"]["TargetLine"]["properties"]["growth_percent"]
    assert (shown["type"], shown["nullable"], "maximum" in shown) == ("number", True, False)
    refused = document["paths"]["/api/v1/opportunities/bulk/"]["post"]["responses"]["400"]["content"]
    assert refused["application/problem+json"]["schema"]["$ref"].endswith("/BulkProblem")


@pytest.fixture(scope="module")
def key_of_one(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """The rows of `create_rows_of_one`, made once: every example is rolled back, so all meet the same."""
    with django_db_blocker.unblock():
        with transaction.atomic():
            yield create_rows_of_one()
            transaction.set_rollback(True)
        connection.close()


@pytest.fixture
def key(key_of_one: str, db: None, settings: Any) -> str:
    settings.ALLOWED_HOSTS = ["localhost"]
    return key_of_one


def create_rows_of_one() -> str:
    """A token of the user `ONE`, who owns one row of every kind, each with the id `ONE`.

    An administrator on SQLite, an account manager on PostgreSQL: both fuzz every operation.
    """
    role = Role.KAM if connection.vendor == "postgresql" else Role.ADMIN
    user = User.objects.create(id=ONE, username="one", role=role)
    territory = crm.Territory.objects.create(id=ONE, name="North", code="N")
    crm.TerritoryMembership.objects.create(id=ONE, territory=territory, user=user)
    account = crm.Account.objects.create(id=ONE, name="Harbour", owner=user, territory=territory)
    contact = crm.Contact.objects.create(id=ONE, account=account, name="Ines")
    category = crm.ProductCategory.objects.create(id=ONE, name="Beds", code="B")
    product = crm.Product.objects.create(id=ONE, name="Bed", code="B1", category=category)
    stage = crm.Stage.objects.create(id=ONE, name="Offer", default_probability=50)
    money = {"amount": 100, "currency": "USD"}
    deal = crm.Opportunity(id=ONE, account=account, name="Beds", stage=stage, owner=user, **money)
    deal.close_date = date(2026, 5, 1)
    deal.save()
    line = crm.OpportunityLine(id=ONE, opportunity=deal, product=product, quantity=Decimal(1), amount=100)
    line.save()
    crm.RevenueSchedule.objects.create(id=ONE, line=line, date=date(2026, 5, 1), amount=50)
    crm.Order.objects.create(id=ONE, account=account, product=product, date=date(2026, 5, 1), **money)
    kind = crm.ActivityType.objects.create(id=ONE, name="Call")
    call = crm.Activity.objects.create(
        id=ONE, type=kind, account=account, owner=user, subject="Call", planned_for=date(2026, 5, 1)
    )
    call.contacts.add(contact)
    crm.ExchangeRate.objects.create(id=ONE, currency="EUR", valid_from=date(2026, 1, 1), rate=1)
    crm.PickListValue.objects.create(id=ONE, pick_list="industry", name="Hospitals")
    plan_type = templates.PlanType.objects.create(id=ONE, name="Key Account Plan")
    templates.CustomField.objects.create(id=ONE, plan_type=plan_type, key="tier", label="Tier")
    plan = plans.AccountPlan.objects.create(
        id=ONE,
        name="This year",
        account=account,
        plan_type=plan_type,
        owner=user,
        start_date=date(2026, 1, 1),
        end_date=date(2026, 12, 31),
        currency="USD",
    )
    template = templates.ActionPlanTemplate.objects.create(id=ONE, name="Launch")
    version = templates.ActionPlanTemplateVersion.objects.create(id=ONE, template=template, number=1)
    templates.ActionPlanTemplateItem.objects.create(
        id=ONE, template_version=version, name="Visit", activity_type=kind
    )
    goal = templates.GoalDefinition.objects.create(id=ONE, name="Grow")
    templates.GoalDefinitionTemplate.objects.create(id=ONE, goal_definition=goal, template=template)
    templates.PlanTypeGoal.objects.create(id=ONE, plan_type=plan_type, goal_definition=goal)
    strategy = plans.Strategy.objects.create(id=ONE, plan=plan, name="Grow")
    objective = plans.AccountPlanObjective.objects.create(
        id=ONE, plan=plan, strategy=strategy, name="Double", owner=user
    )
    action_plan = plans.ActionPlan.objects.create(id=ONE, objective=objective, name="Launch", owner=user)
    item = plans.ActionPlanItem.objects.create(id=ONE, action_plan=action_plan)
    plans.AssessmentTask.objects.create(id=ONE, item=item, name="Visit", assignee=user)
    ware = plans.AccountPlanProduct.objects.create(id=ONE, plan=plan, product=product)
    plans.RelatedObjectAnalysis.objects.create(
        id=ONE, plan=plan, product=ware, factor="threat", text="One buyer", owner=user
    )
    plans.AccountPlanParticipant.objects.create(id=ONE, plan=plan, user=factories.create_user())
    promised = crm.ActivityType.objects.create(id=TWO, name="Joint call", counts_as_commitment=True)
    plans.Commitment.objects.create(id=ONE, plan=plan, activity_type=promised, quantity=8, owner=user)
    plans.PlanEvent.objects.create(id=ONE, plan=plan, name="Fair", date=date(2026, 5, 1), owner=user)
    fund = plans.CoopFund.objects.create(id=ONE, plan=plan, name="Shared", amount=100)
    plans.CoopExpense.objects.create(id=ONE, fund=fund, name="Booth", date=date(2026, 5, 1), amount=10)
    period = {"start_date": plan.start_date, "end_date": plan.end_date}
    crm.Order.objects.create(account=account, product=product, date=date(2025, 5, 1), **money)
    plans.TargetLine.objects.create(
        id=ONE, plan=plan, year=2026, period="year", number=1, target=Decimal("133.3")
    )
    program = plans.RebateProgram(id=ONE, plan=plan, name="Bonus", **period)
    program.save_with_tiers([(Decimal(1_000), Decimal(2))])
    ApiToken.objects.create(id=ONE, user=user, name="one", key_hash=ApiToken.hash_of("one"))
    return factories.create_token(user)[1]


@pytest.fixture
def _one_connection() -> Iterator[None]:
    """As Django's own test client does: a request leaves the test's connection open."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.usefixtures("_one_connection")
@schema.parametrize()
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_served_as_described(case: schemathesis.Case, key: str) -> None:
    """Whatever the schema allows and whatever it forbids: no 5xx, and answers as described."""
    case.headers["Authorization"] = f"Token {key}"
    if case.method in {"PUT", "PATCH", "DELETE"}:
        case.headers.setdefault("If-Match", '"1"')
    with transaction.atomic():  # every example meets the same rows
        response = case.call()
        transaction.set_rollback(True)
    case.validate_response(response, checks=CHECKS)
    # An empty parameter is none, as in a form.
    is_taken = response.status_code < 300 and "" not in case.query.values()
    if is_taken:  # 412 and the like come before the body is looked at
        case.validate_response(response, checks=[checks.negative_data_rejection])
