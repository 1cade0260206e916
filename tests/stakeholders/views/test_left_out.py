"""A plan type that leaves stakeholders or reviews out: no page, API or list knows of them, and nothing is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import URLPattern, reverse

import plans.urls
import stakeholders.urls
from kam.core.clock import company_today
from kam.users.models import User
from plans.models import PlanReview
from templates_app.enums import PlanSection
from tests import factories
from tests.fixtures import ApiFor, ClientFor, World
from tests.pages import text_of

pytestmark = pytest.mark.django_db

API = "/api/v1/"


@pytest.fixture
def rows(world: World, account_manager: User) -> dict[str, Any]:
    """One of everything, by the first part of its addresses."""
    buyer = factories.create_stakeholder(world.plan, world.contact)
    friend = factories.create_stakeholder(world.plan, role="Champion")
    colleague = factories.add_participant(world.plan, account_manager)
    action_plan = factories.create_action_plan(factories.create_work_objective(world.plan))
    return {
        "plans": world.plan,
        "stakeholders": buyer,
        "stakeholder-relations": factories.create_stakeholder_link(buyer, friend),
        "stakeholder-colleagues": factories.look_after(colleague, buyer),
        "stakeholder-products": factories.create_stakeholder_product(buyer, world.product),
        "stakeholder-actions": factories.create_stakeholder_action(buyer, factories.create_task(action_plan)),
        "partners": factories.create_partner(world.plan, "Buyers"),
        "reviews": factories.create_review(world.plan, due_date=company_today() - timedelta(days=2)),
    }


def show(world: World, *left_out: PlanSection) -> None:
    plan_type = world.plan.plan_type
    plan_type.refresh_from_db()
    plan_type.sections = [key for key in PlanSection.values if key not in left_out]
    plan_type.save()


def addresses(patterns: list[URLPattern], app: str, rows: dict[str, Any]) -> list[str]:
    """Every page of these whose object is among the rows."""
    found = []
    for pattern in patterns:
        kind = str(pattern.pattern).partition("/")[0]
        if kind in rows:
            found.append(reverse(f"{app}:{pattern.name}", args=[rows[kind].pk]))
    return found


def test_every_page_of_them_is_gone_and_comes_back(
    client_as: ClientFor, world: World, account_manager: User, rows: dict[str, Any]
) -> None:
    client = client_as(account_manager)
    reviews = [pattern for pattern in plans.urls.urlpatterns if "planreview" in (pattern.name or "")]
    of_section = {
        PlanSection.STAKEHOLDERS: addresses(stakeholders.urls.urlpatterns, "stakeholders", rows),
        PlanSection.REVIEWS: addresses(reviews, "plans", rows),
    }
    assert {section: len(urls) for section, urls in of_section.items()} == {
        PlanSection.STAKEHOLDERS: len(stakeholders.urls.urlpatterns) - 1,  # one is about an account
        PlanSection.REVIEWS: 8,
    }

    for section, urls in of_section.items():
        tab = f'href="{urls[0]}"'
        assert tab in client.get(world.plan.get_absolute_url()).content.decode()
        assert {client.get(url).status_code for url in urls} <= {200, 302}
        show(world, section)
        assert {url for url in urls if client.get(url).status_code != 404} == set()
        assert {url for url in urls if client.post(url, {}).status_code != 404} == set()
        assert tab not in client.get(world.plan.get_absolute_url()).content.decode()
        show(world)
        assert {client.get(url).status_code for url in urls} <= {200, 302}


def test_they_stand_nowhere_else(
    client_as: ClientFor, world: World, account_manager: User, rows: dict[str, Any]
) -> None:
    """Not on the account, not at home, and nobody is reminded of a review."""
    client, account = (
        client_as(account_manager),
        reverse("stakeholders:account_stakeholders", args=[world.account.pk]),
    )
    to_hold = PlanReview.objects.unscoped("test").to_hold()
    assert "Ines Prado" in text_of(client.get(account))
    assert "Reviews due" in text_of(client.get("/"))
    assert to_hold.count() == 1

    show(world, PlanSection.STAKEHOLDERS, PlanSection.REVIEWS)

    assert "Ines Prado" not in text_of(client.get(account))
    assert "Reviews due" not in text_of(client.get("/"))
    assert to_hold.count() == 0


def test_api_neither_lists_finds_nor_makes_them(
    api: ApiFor, world: World, account_manager: User, rows: dict[str, Any]
) -> None:
    client = api(account_manager)
    buyer = str(rows["stakeholders"].pk)
    link = rows["stakeholder-relations"]
    tried = {
        "account-plan-stakeholders": (
            "stakeholders",
            {"contact": world.contact.pk, "role": factories.stakeholder_role("User").pk},
        ),
        "stakeholder-links": (
            "stakeholder-relations",
            {"from_stakeholder": str(link.to_stakeholder_id), "to_stakeholder": buyer},
        ),
        "stakeholder-products": (
            "stakeholder-products",
            {"stakeholder": buyer, "product": factories.create_product("Other").pk},
        ),
        "participant-stakeholders": (
            "stakeholder-colleagues",
            {
                "stakeholder": str(link.to_stakeholder_id),
                "participant": str(rows["stakeholder-colleagues"].participant_id),
            },
        ),
        "stakeholder-actions": (
            "stakeholder-actions",
            {"stakeholder": str(link.to_stakeholder_id), "task": str(rows["stakeholder-actions"].task_id)},
        ),
        "partner-roles": ("partners", {"name": "Others", "role": factories.partner_role().pk}),
        "plan-reviews": ("reviews", {"due_date": str(company_today())}),
    }
    show(world, PlanSection.STAKEHOLDERS, PlanSection.REVIEWS)

    for path, (kind, values) in tried.items():
        url = f"{API}{path}/"
        assert client.get(url).json()["count"] == 0, path
        assert client.get(f"{url}{rows[kind].pk}/").status_code == 404, path
        of_plan = {} if {"stakeholder", "from_stakeholder"} & values.keys() else {"plan": world.plan.pk}
        body = {name: str(value) for name, value in (of_plan | values).items()}
        refused = client.post(url, body, format="json")
        assert refused.status_code == 400, path
        (error,) = refused.json()["errors"]
        assert error["field"] in {"plan", "stakeholder", "from_stakeholder"}, (path, error)
        assert "leave" in error["message"], (path, error)

    show(world)
    for path, (kind, _values) in tried.items():
        assert client.get(f"{API}{path}/{rows[kind].pk}/").status_code == 200, path
