"""A page joins a piece of another app by URL: with the piece's own check of who may see it."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from django.urls import reverse

from kam.core.panels import render_panel
from kam.users.models import User
from tests.fixtures import ClientFor, World

pytestmark = pytest.mark.django_db


def panel_as(user: User, world: World) -> str:
    request = RequestFactory().post("/somewhere/")
    request.user = user
    return render_panel(request, "metrics:plan_panel", world.plan)


def test_panel_is_part_of_the_page(world: World, account_manager: User) -> None:
    assert 'id="numbers"' in panel_as(account_manager, world)


def test_panel_that_the_reader_may_not_see_is_empty(world: World, msl: User) -> None:
    assert panel_as(msl, world) == ""


@pytest.mark.parametrize(
    ("name", "row"),
    [("plan_panel", "plan"), ("account_plans", "account"), ("opportunity_plans", "open")],
)
def test_bare_address_leads_to_the_page_and_asks_the_gate(
    client_as: ClientFor, world: World, account_manager: User, stranger: User, name: str, row: str
) -> None:
    instance = getattr(world, row)
    url = reverse(f"metrics:{name}", args=[instance.pk])

    assert client_as(account_manager).get(url)["Location"] == instance.get_absolute_url()
    assert client_as(stranger).get(url).status_code == 404
    assert client_as(stranger).get(url, headers={"HX-Request": "true"}).status_code == 404
