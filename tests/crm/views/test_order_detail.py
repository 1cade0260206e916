from __future__ import annotations

import pytest
from django.urls import reverse

from kam.users.models import User
from templates_app.enums import RevenueBasis
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import get, text_of

pytestmark = pytest.mark.django_db


def test_order_says_what_was_sold_and_which_plans_count_it(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    by_orders = factories.create_plan(world.account, "By orders", revenue_basis=RevenueBasis.ORDER)
    factories.create_rate("EUR", "1.25")
    others = factories.create_plan(world.account, "Other products", revenue_basis=RevenueBasis.ORDER)
    factories.create_plan_product(others, category=factories.create_category())
    named = factories.create_plan(world.account, "Its products", revenue_basis=RevenueBasis.ORDER)
    factories.create_plan_product(named, category=world.product.category)
    order = factories.create_order(
        world.account, amount=80, currency="EUR", on_date=by_orders.start_date, product=world.product
    )

    response = get(client_as(account_manager), order.get_absolute_url())

    text = text_of(response)
    for part in ("€80.00", str(world.product), "1 EUR = 1.25 USD", "By orders", "Its products"):
        assert part in text
    assert world.plan.name not in text  # it counts deals
    assert "Other products" not in text
    assert f"http://testserver{order.get_absolute_url()}" in response.content.decode()


def test_order_is_not_there_for_who_may_not_see_it(
    client_as: ClientFor, world: World, stranger: User, msl: User
) -> None:
    panel = reverse("metrics:order_plans", args=[world.order.pk])
    for user in (stranger, msl):
        for address in (world.order.get_absolute_url(), panel):
            assert client_as(user).get(address).status_code == 404
