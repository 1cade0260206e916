"""What an operator runs: sweep, rebuild_kpis and check_kpis, with their exit codes."""

from __future__ import annotations

import uuid
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from crm.models import Opportunity
from metrics.models import PlanKPI, StaleMarker
from plans.models import AccountPlan
from templates_app.enums import RevenueBasis
from tests import factories

pytestmark = pytest.mark.django_db


def run(*args: Any, **options: Any) -> tuple[int, str]:
    """The exit code and what was printed."""
    out = StringIO()
    try:
        call_command(*args, stdout=out, **options)
    except SystemExit as stop:
        return int(stop.code or 0), out.getvalue()
    return 0, out.getvalue()


@pytest.fixture
def plan() -> AccountPlan:
    plan = factories.create_plan()
    factories.create_opportunity(plan.account, amount=100)
    return plan


@pytest.fixture
def failing() -> AccountPlan:
    plan = factories.create_plan(revenue_basis=RevenueBasis.ORDER)
    factories.create_rate("GBP", 10**8)
    factories.create_order(plan.account, amount=Decimal(10) ** 12, currency="GBP")
    return plan


def pipeline_of(plan: AccountPlan) -> Decimal:
    return PlanKPI.objects.unscoped("test").get(pk=plan.pk).pipeline


def tamper() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE metrics_plankpi SET pipeline = 1")


def test_sweep_works_off_what_waits(plan: AccountPlan) -> None:
    assert run("sweep") == (0, "")

    assert pipeline_of(plan) == 100
    assert not StaleMarker.objects.exists()


def test_check_kpis_finds_nothing_after_a_sweep(plan: AccountPlan) -> None:
    run("sweep")

    assert run("check_kpis") == (0, "0 differences, 0 markers pending.\n")


def test_check_kpis_names_what_is_wrong(plan: AccountPlan) -> None:
    run("sweep")
    tamper()

    code, printed = run("check_kpis")

    assert code == 1
    assert f"plan {plan.pk} “{plan.name}”: pipeline is 0.001, should be 100" in printed
    assert printed.endswith("1 differences, 0 markers pending.\n")


def test_check_kpis_names_what_waits(plan: AccountPlan) -> None:
    run("sweep")
    Opportunity.objects.unscoped("test").update(amount=Decimal(70))

    code, printed = run("check_kpis")

    assert code == 1
    assert f"account {plan.account_id}" in printed
    assert "1 markers pending." in printed


def test_check_kpis_names_a_broken_tree() -> None:
    child = factories.create_account(parent=factories.create_account())
    run("sweep")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM crm_accountedge WHERE depth = 1")

    code, printed = run("check_kpis")

    assert code == 1
    assert f"{child.pk}: depth is None, should be 1" in printed


def test_rebuild_kpis_computes_all_anew(plan: AccountPlan) -> None:
    run("sweep")
    tamper()

    code, printed = run("rebuild_kpis")

    assert (code, pipeline_of(plan)) == (0, 100)
    assert printed.startswith("1 plans in ")
    assert printed.endswith(" 0 failed.\n")
    assert run("check_kpis")[0] == 0


def test_rebuild_kpis_of_one_plan_leaves_the_others(plan: AccountPlan) -> None:
    other = factories.create_plan()
    run("sweep")
    tamper()

    code, _printed = run("rebuild_kpis", plan=plan.pk)

    assert (code, pipeline_of(plan), pipeline_of(other)) == (0, 100, Decimal("0.001"))


def test_rebuild_kpis_fails_if_a_plan_does(plan: AccountPlan, failing: AccountPlan) -> None:
    code, printed = run("rebuild_kpis")

    assert (code, pipeline_of(plan)) == (1, 100)
    assert "1 failed" in printed
    with pytest.raises(CommandError, match="cannot be computed"):
        run("rebuild_kpis", plan=failing.pk)
    assert run("check_kpis")[0] == 1


def test_rebuild_kpis_of_no_plan_is_an_error() -> None:
    with pytest.raises(CommandError, match="There is no plan"):
        run("rebuild_kpis", plan=uuid.uuid4())
