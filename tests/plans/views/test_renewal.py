"""The next period for many plans at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from kam.core.clock import company_today
from kam.users.models import User
from plans.enums import PlanStatus
from plans.models import AccountPlan
from plans.operations import renewal
from plans.operations.parts import parts
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import get, text_of

pytestmark = pytest.mark.django_db

URL = reverse("plans:plans_renew")
WHY = "test"
EVERYTHING = [part.name for part in parts()]


def ending(account: Any, name: str, *, days: int = 30, **values: Any) -> AccountPlan:
    """A plan of a year that ends in so many days."""
    end = company_today() + timedelta(days=days)
    return factories.create_plan(account, name, start_date=end - timedelta(days=364), end_date=end, **values)


def offered(client: Any) -> set[str]:
    return {row["plan"].name for row in get(client, URL).context["rows"]}


def test_offers_what_ends_and_has_no_follower(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    account = world.account
    ending(account, "Soon")
    ending(account, "Over", days=-20)
    ending(account, "Long over", days=-500)
    ending(account, "Later", days=200)
    ending(account, "Dropped", status=PlanStatus.CANCELLED)
    followed = ending(factories.create_account(owner=account_manager), "Followed")
    client = client_as(account_manager)
    client.post(URL, {"plans": [str(followed.pk)], "include": EVERYTHING})

    assert offered(client) & {"Soon", "Over", "Long over", "Later", "Dropped", "Followed"} == {"Soon", "Over"}


def test_makes_the_chosen_ones(client_as: ClientFor, world: World, account_manager: User) -> None:
    chosen, other = ending(world.account, "Chosen 2026"), ending(world.account, "Other")
    factories.create_objective(chosen)
    client = client_as(account_manager)

    answer = client.post(URL, {"plans": [str(chosen.pk)], "include": EVERYTHING}, follow=True)

    assert "1 plan is there, as a draft." in text_of(answer)
    (made,) = AccountPlan.objects.unscoped(WHY).filter(copied_from=chosen)
    assert (made.start_date, made.owner) == (chosen.end_date + timedelta(days=1), chosen.owner)
    assert made.objectives.unscoped(WHY).count() == 1
    assert not AccountPlan.objects.unscoped(WHY).filter(copied_from=other).exists()


def test_one_that_cannot_be_does_not_stop_the_others(
    client_as: ClientFor, world: World, account_manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = ending(world.account, "Good"), ending(world.account, "Bad")
    monkeypatch.setattr(renewal, "name_in", lambda name, years_later: "" if name == "Bad" else name)
    client = client_as(account_manager)

    answer = client.post(URL, {"plans": [str(good.pk), str(bad.pk)], "include": EVERYTHING}, follow=True)

    assert "“Bad”: This field cannot be blank." in text_of(answer)
    copies = AccountPlan.objects.unscoped(WHY).filter(copied_from__in=[good, bad])
    assert [copy.copied_from_id for copy in copies] == [good.pk]


@pytest.mark.parametrize(
    ("sent", "field"),
    [({"include": EVERYTHING}, "plans"), ({"plans": "good", "include": ["action_plans"]}, "include")],
)
def test_errors_stand_at_their_fields(
    client_as: ClientFor, world: World, account_manager: User, sent: dict[str, Any], field: str
) -> None:
    plan = ending(world.account, "Good")
    sent = {name: str(plan.pk) if value == "good" else value for name, value in sent.items()}

    answer = client_as(account_manager).post(URL, sent)

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]


def test_who_is_offered_what(client_as: ClientFor, cast: dict[str, User], world: World) -> None:
    plan = ending(world.account, "Ends")
    secret = ending(world.account, "Secret", is_confidential=True)
    ending(
        world.account, "Known to its owner alone", days=395, plan_type=plan.plan_type, is_confidential=True
    )
    may = {who for who, user in cast.items() if client_as(user).get(URL).status_code == 200}

    assert may == {"account_manager", "colleague", "stranger", "manager", "admin", "msl"}
    assert plan.name not in offered(client_as(cast["account_manager"]))
    assert secret.name in offered(client_as(cast["account_manager"]))
    for who, seen in (("manager", True), ("colleague", False), ("stranger", False), ("msl", False)):
        assert (plan.name in offered(client_as(cast[who]))) is seen
        assert secret.name not in offered(client_as(cast[who]))
    refused = client_as(cast["colleague"]).post(URL, {"plans": [str(plan.pk)], "include": EVERYTHING})
    assert refused.status_code == 422


def test_statements_do_not_grow_with_the_plans(
    client_as: ClientFor,
    world: World,
    account_manager: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(12):
        ending(factories.create_account(owner=account_manager), f"Plan {number}")
    client = client_as(account_manager)

    with django_assert_max_num_queries(8):
        assert len(offered(client)) >= 12
