from __future__ import annotations

from decimal import Decimal

import pytest

from crm.models import Opportunity
from kam.core.aggregates import ExactSum
from tests import factories

pytestmark = pytest.mark.django_db


def sum_of(*amounts: str) -> Decimal | None:
    account = factories.create_account()
    for amount in amounts:
        factories.create_opportunity(account, amount=Decimal(amount), currency="KWD", probability="12.5")
    rows = Opportunity.objects.unscoped("test")
    return rows.aggregate(total=ExactSum("amount", places=3))["total"]


def test_sum_over_nothing_is_none() -> None:
    assert sum_of() is None


def test_sum_is_exact_with_mixed_signs() -> None:
    assert sum_of("0.001", "-0.002", "-1234567.890", "1234567.892") == Decimal("0.001")


def test_sum_goes_beyond_64_bits() -> None:
    largest = 10**12
    account = factories.create_account()
    for _number in range(20):
        factories.create_opportunity(account, amount=largest, currency="USD", probability=100)

    row = Opportunity.objects.unscoped("test").totals_by_currency().get()

    assert row == {"currency": "USD", "count": 20, "total": 20 * largest, "weighted": 20 * largest}
