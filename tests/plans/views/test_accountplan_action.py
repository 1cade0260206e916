from __future__ import annotations

import pytest
from django.urls import reverse

from kam.core.models import Change
from kam.users.models import User
from plans import policies
from plans.enums import PlanStatus
from plans.models import AccountPlan
from tests.fixtures import ClientFor, World
from tests.pages import get, text_of

pytestmark = pytest.mark.django_db


def step(plan: AccountPlan, action: str) -> str:
    return reverse("plans:accountplan_action", args=[plan.pk, action])


@pytest.mark.parametrize(
    ("before", "action", "after"),
    [
        (PlanStatus.DRAFT, "activate", PlanStatus.ACTIVE),
        (PlanStatus.ACTIVE, "hold", PlanStatus.ON_HOLD),
        (PlanStatus.ON_HOLD, "activate", PlanStatus.ACTIVE),
        (PlanStatus.ACTIVE, "complete", PlanStatus.COMPLETED),
        (PlanStatus.COMPLETED, "archive", PlanStatus.ARCHIVED),
        (PlanStatus.ACTIVE, "cancel", PlanStatus.CANCELLED),
        (PlanStatus.CANCELLED, "reopen", PlanStatus.DRAFT),
    ],
)
def test_step_leads_on_and_is_in_the_history(
    client_as: ClientFor, world: World, account_manager: User, before: str, action: str, after: str
) -> None:
    world.plan.status = before
    world.plan.save()
    client = client_as(account_manager)
    assert step(world.plan, action) in get(client, world.plan.get_absolute_url()).content.decode()

    response = client.post(
        step(world.plan, action), {"comment": "Agreed", "version": world.plan.version}, follow=True
    )

    world.plan.refresh_from_db()
    assert world.plan.status == after
    assert response.status_code == 200
    entry = Change.objects.unscoped("test").filter(object_id=world.plan.pk)[0]
    assert (entry.actor_id, entry.reason, entry.after) == (account_manager.pk, "Agreed", {"status": after})


def test_step_that_the_status_does_not_allow_is_told(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    response = client_as(account_manager).post(step(world.draft, "complete"), follow=True)

    assert "A plan that is “Draft” cannot take this step." in text_of(response)
    world.draft.refresh_from_db()
    assert world.draft.status == PlanStatus.DRAFT


def test_a_cancelled_plan_stays_cancelled_so_that_it_never_counts_again() -> None:
    assert policies.possible_actions(PlanStatus.CANCELLED) == ["reopen"]


def test_step_on_a_plan_that_changed_meanwhile_is_told(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    seen = world.plan.version
    world.plan.vision = "Quite another plan"
    world.plan.save()

    response = client_as(account_manager).post(step(world.plan, "complete"), {"version": seen}, follow=True)

    assert "Somebody changed the plan in the meantime." in text_of(response)
    world.plan.refresh_from_db()
    assert world.plan.status == PlanStatus.ACTIVE


def test_unknown_step_is_not_there(client_as: ClientFor, world: World, account_manager: User) -> None:
    assert client_as(account_manager).post(step(world.plan, "explode")).status_code == 404


@pytest.mark.parametrize(
    ("who", "status"), [("colleague", 403), ("manager", 403), ("viewer", 403), ("stranger", 404)]
)
def test_others_cannot_take_a_step(
    client_as: ClientFor, world: World, cast: dict[str, User], who: str, status: int
) -> None:
    client = client_as(cast[who])

    assert client.get(step(world.plan, "complete")).status_code == status
    assert client.post(step(world.plan, "complete")).status_code == status
    world.plan.refresh_from_db()
    assert world.plan.status == PlanStatus.ACTIVE
