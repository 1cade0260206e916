"""`manage.py seed_demo`: when it adds, when it refuses, and that it never does half of it."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from crm.models import Account, ExchangeRate, Order, Stage
from kam.users.models import User
from metrics.demo import company
from plans.models import AccountPlan
from tests import factories

pytestmark = pytest.mark.django_db
WHY = "test of seed_demo"


def seed(*arguments: str) -> str:
    out = StringIO()
    call_command("seed_demo", *arguments, stdout=out)
    return out.getvalue()


def count_accounts() -> int:
    return Account.objects.unscoped(WHY).count()


def test_seed_fills_a_database_empty_but_for_an_administrator_and_says_who_may_sign_in() -> None:
    factories.create_user("boss", role="admin")

    said = seed("--if-empty")

    assert "6,000 orders" in said
    assert "kam-demo" in said
    assert "integration-demo" not in said
    assert "Newton Memorial Hospital" in said


def test_seed_leaves_somebody_elses_data_alone() -> None:
    factories.create_account("Real customer")

    with pytest.raises(CommandError, match="not empty"):
        seed()

    assert count_accounts() == 1


def test_seed_if_empty_is_quiet_and_succeeds_when_it_is_not() -> None:
    factories.create_account("Real customer")

    assert seed("--if-empty") == ""
    assert count_accounts() == 1


def test_seed_force_adds_beside_what_is_there_and_keeps_it() -> None:
    mine = factories.create_account("Real customer")
    stage = factories.create_stage("Won", is_closed=True, is_won=True, order=77)
    rate = factories.create_rate("EUR", "1.5")

    seed("--force")

    assert Account.objects.unscoped(WHY).filter(pk=mine.pk, name="Real customer").exists()
    assert list(Stage.objects.filter(name="Won").values_list("pk", "order")) == [(stage.pk, 77)]
    assert list(ExchangeRate.objects.filter(currency="EUR")) == [rate]
    assert Order.objects.unscoped(WHY).count() == 6_000


@pytest.mark.parametrize("option", ["", "--force"])
def test_seed_refuses_where_a_sample_user_is_here_already(option: str) -> None:
    factories.create_user("kam")

    with pytest.raises(CommandError, match="kam"):
        seed(*filter(None, [option]))

    assert User.objects.count() == 1
    assert seed("--if-empty") == ""


def test_seed_refuses_where_a_sample_territory_is_here_already() -> None:
    factories.create_territory("Ours", code="LS-NA")

    with pytest.raises(CommandError, match="LS-NA"):
        seed("--force")


def test_seed_refuses_a_company_currency_it_has_no_rates_for(settings) -> None:
    settings.COMPANY_CURRENCY = "JPY"

    with pytest.raises(CommandError, match="COMPANY_CURRENCY"):
        seed()


def test_seed_works_with_another_company_currency(settings) -> None:
    settings.COMPANY_CURRENCY = "EUR"

    seed()

    assert set(ExchangeRate.objects.values_list("currency", flat=True)) == {"USD", "GBP"}
    plan = AccountPlan.objects.unscoped(WHY).select_related("kpi").get(name__contains="Cholecap")
    assert plan.kpi.company_won_revenue < plan.kpi.won_revenue


def test_seed_that_fails_at_the_end_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(sample: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(company, "create_plans", fail)

    with pytest.raises(RuntimeError):
        seed()

    assert count_accounts() == 0
    assert not User.objects.exists()


def test_seed_says_what_clashes_and_adds_nothing() -> None:
    factories.create_account("Real customer", source="erp", external_id="C-10001")

    with pytest.raises(CommandError, match="nothing was added"):
        seed("--force")

    assert count_accounts() == 1
    assert not User.objects.filter(username="kam").exists()
