from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from kam.users.models import User
from metrics import operations
from metrics.models import RollupFailure, StaleMarker
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import text_of

pytestmark = pytest.mark.django_db
URL = reverse("metrics:operations")


def fail(plan_id: object, error: str = "bigint out of range") -> RollupFailure:
    now = timezone.now()
    return RollupFailure.objects.create(
        plan_id=plan_id, last_error=error, attempts=3, first_failed_at=now, retry_at=now + timedelta(hours=1)
    )


def test_operations_page_says_what_waits_and_that_nobody_sweeps(
    client_as: ClientFor, world: World, admin: User
) -> None:
    text = text_of(client_as(admin).get(URL))

    assert "Catching up" in text
    assert "No worker and no sweep was seen" in text


def test_operations_page_is_calm_after_a_sweep(client_as: ClientFor, world: World, admin: User) -> None:
    operations.sweep(sweeper="sweep on example")

    text = text_of(client_as(admin).get(URL))

    assert "All counted" in text
    assert "sweep on example" in text


def test_work_off_now_leaves_nothing_waiting(client_as: ClientFor, world: World, admin: User) -> None:
    response = client_as(admin).post(reverse("metrics:sweep_now"), follow=True)

    assert "plans computed" in text_of(response)
    assert not StaleMarker.objects.exists()


def test_failures_show_the_error_and_can_be_tried_again(
    client_as: ClientFor, world: World, admin: User
) -> None:
    operations.sweep(sweeper="test")
    fail(world.plan.pk)
    StaleMarker.objects.create(plan_id=world.plan.pk, created_at=timezone.now())
    client = client_as(admin)

    assert "bigint out of range" in text_of(client.get(URL))
    response = client.post(reverse("metrics:retry_failure", args=[world.plan.pk]), follow=True)

    assert "Computed." in text_of(response)
    assert not RollupFailure.objects.exists()


def test_operations_page_does_not_name_a_confidential_plan(
    client_as: ClientFor, world: World, admin: User
) -> None:
    hidden = factories.create_plan(world.account, "Secret merger", is_confidential=True)
    fail(hidden.pk)

    assert "Secret merger" not in text_of(client_as(admin).get(URL))


def test_only_administrators_see_the_operations_page(
    client_as: ClientFor, account_manager: User, manager: User, executive: User
) -> None:
    for user in (account_manager, manager, executive):
        assert client_as(user).get(URL).status_code == 403


def test_operations_page_takes_a_fixed_number_of_statements(
    client_as: ClientFor, world: World, admin: User
) -> None:
    client = client_as(admin)
    operations.sweep(sweeper="one")
    fail(factories.create_plan(world.account).pk)
    client.get(URL)
    with CaptureQueriesContext(connection) as one:
        client.get(URL)
    for number in range(2):
        fail(factories.create_plan(world.account).pk)
        operations.sweep(sweeper=f"more {number}")

    with CaptureQueriesContext(connection) as three:
        client.get(URL)

    assert len(three) == len(one)
