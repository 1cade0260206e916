"""The reviews of a plan on its pages, at home and in the API: who sees and does what, with how many statements."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from collaboration.models import Notification
from collaboration.operations import make_reminders
from kam.core.clock import company_today
from kam.users.models import User
from metrics.models import PlanKPI, ReviewNumbers
from metrics.operations import rebuild
from plans.enums import PlanStatus, ReviewStatus
from plans.models import PlanReview
from plans.operations.reviews import ReviewSettledError, hold_review, keep_reviews
from tests import factories
from tests.fixtures import ApiFor, ClientFor, World

API = "/api/v1/plan-reviews/"


@pytest.fixture
def review(world: World) -> PlanReview:
    return factories.create_review(world.plan, due_date=company_today() - timedelta(days=2))


def statements(client: Any, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url).status_code == 200
    return len(asked)


def held_by_form(review: PlanReview, user: User) -> dict[str, Any]:
    return {
        "version": review.version,
        "held_on": company_today().isoformat(),
        "attendees": [str(user.pk)],
        "customer_attendees": "Ines Prado",
        "minutes": "They ask for one price list.",
        "decisions": "- Send one price list\nVisit in May",
        "rating": "at_risk",
    }


def test_review_is_held_with_the_numbers_of_that_moment_and_they_stay(
    world: World, review: PlanReview, account_manager: User, client_as: ClientFor
) -> None:
    client = client_as(account_manager)
    url = reverse("plans:planreview_hold", args=[review.pk])
    assert "should have closed" in client.get(url).content.decode()  # suggested: a deal has slipped

    assert client.post(url, held_by_form(review, account_manager)).status_code == 302

    review.refresh_from_db()
    assert (review.status, review.held_on) == (ReviewStatus.HELD, company_today())
    assert review.decided == ["Send one price list", "Visit in May"]
    frozen = ReviewNumbers.objects.unscoped("test").get(review=review)
    assert (frozen.sales_target, frozen.won_revenue, frozen.total_expected_revenue) == (10_000, 4_000, 5_750)
    factories.create_opportunity(world.account, amount=3_000, stage=factories.won_stage())
    rebuild()
    assert PlanKPI.objects.unscoped("test").get(plan_id=world.plan.pk).won_revenue == 7_000
    page = client.get(review.get_absolute_url()).content.decode()
    assert "$4,000.00" in page
    assert "$7,000.00" not in page
    for change in (frozen.save, frozen.delete, ReviewNumbers.objects.unscoped("test").delete):
        with pytest.raises(TypeError):
            change()
    again = client.post(url, held_by_form(review, account_manager), follow=True)
    assert "cannot take this step" in again.content.decode()
    skipped = client.get(reverse("plans:planreview_skip", args=[review.pk]), follow=True)
    assert "cannot be skipped any more" in skipped.content.decode()


def test_decision_becomes_a_task(world: World, account_manager: User, client_as: ClientFor) -> None:
    review = factories.create_held_review(world.plan, decisions="Send one price list\nVisit in May")
    action_plan = factories.create_action_plan(factories.create_work_objective(world.plan))
    client = client_as(account_manager)
    url = reverse("plans:planreview_task", args=[review.pk])
    assert 'value="Visit in May"' in client.get(f"{url}?decision=2").content.decode()

    values = {"name": "Visit in May", "action_plan": str(action_plan.pk), "assignee": str(account_manager.pk)}
    assert client.post(url, values).status_code == 302

    task = review.tasks.unscoped("test").get()
    assert (task.name, task.item.action_plan) == ("Visit in May", action_plan)
    assert "Visit in May" in client.get(review.get_absolute_url()).content.decode()


def test_who_may_read_sees_numbers_by_their_role_and_strangers_nothing(
    world: World, review: PlanReview, cast: dict[str, User], client_as: ClientFor, api: ApiFor
) -> None:
    factories.create_held_review(world.plan, minutes="Said")
    for who, has_numbers in (("account_manager", True), ("colleague", True), ("msl", False)):
        shown = api(cast[who]).get(API, {"status": "held"}).json()["results"]
        assert [row["minutes"] for row in shown] == ["Said"]
        assert (shown[0]["kpis"] is not None) == has_numbers
    held = PlanReview.objects.unscoped("test").get(status="held")
    assert "4,000" not in client_as(cast["msl"]).get(held.get_absolute_url()).content.decode()
    assert client_as(cast["stranger"]).get(held.get_absolute_url()).status_code == 404
    assert api(cast["stranger"]).get(API).json()["count"] == 0
    hold = f"{API}{review.pk}/hold/"
    assert api(cast["colleague"]).post(hold, {}, format="json").status_code == 403
    assert api(cast["stranger"]).post(hold, {}, format="json").status_code == 404


def test_api_holds_skips_and_keeps_the_rules(world: World, account_manager: User, api: ApiFor) -> None:
    client = api(account_manager)
    keep_reviews(world.plan.pk)
    first, second, *_others = PlanReview.objects.unscoped("test").filter(plan=world.plan).order_by("due_date")
    tomorrow = (company_today() + timedelta(days=1)).isoformat()

    refused = client.post(f"{API}{first.pk}/hold/", {"held_on": tomorrow}, format="json")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "held_on")
    held = client.post(f"{API}{first.pk}/hold/", {"minutes": "Said", "rating": "on_track"}, format="json")
    assert (held.status_code, held.json()["status"], held.json()["kpis"]["won_revenue"]) == (
        *(200, "held"),
        "4000.00",
    )
    assert client.post(f"{API}{first.pk}/hold/", {}, format="json").status_code == 409
    assert client.post(f"{API}{second.pk}/skip/", {"reason": "No news"}, format="json").status_code == 200
    assert client.post(f"{API}{second.pk}/plan/", {}, format="json").json()["status"] == "planned"
    moved = {"due_date": tomorrow, "version": 3}
    assert client.patch(f"{API}{second.pk}/", moved, format="json").json()["errors"][0]["field"] == "due_date"
    assert client.patch(f"{API}{second.pk}/", {"agenda": "x"}, format="json").status_code == 428
    assert client.delete(f"{API}{second.pk}/", HTTP_IF_MATCH='"3"').status_code == 409
    new = client.post(API, {"plan": str(world.plan.pk), "due_date": tomorrow}, format="json").json()
    assert client.delete(f"{API}{new['id']}/", HTTP_IF_MATCH='"1"').status_code == 204
    period = {"end_date": (world.plan.start_date + timedelta(days=200)).isoformat(), "version": 1}
    plan_url = f"/api/v1/account-plans/{world.plan.pk}/"
    assert client.patch(plan_url, period, format="json").status_code == 200
    assert client.get(API, {"plan": str(world.plan.pk)}).json()["count"] == 2  # the later ones are gone


def test_home_and_the_bell_tell_of_a_late_review_once(
    review: PlanReview, account_manager: User, client_as: ClientFor
) -> None:
    assert "Reviews due" in client_as(account_manager).get("/").content.decode()

    review.due_date = company_today()
    review.save()
    make_reminders()
    make_reminders()

    reminder = Notification.objects.unscoped("test").get(review=review)
    assert reminder.recipient == account_manager
    assert reminder.get_absolute_url() == review.get_absolute_url()
    factories.create_held_review(review.plan)
    assert Notification.objects.visible_to(account_manager).unread(today=company_today()).count() == 1
    review.status = ReviewStatus.SKIPPED
    review.save()
    assert not Notification.objects.visible_to(account_manager).unread(today=company_today()).exists()


def test_number_of_statements_does_not_grow(
    world: World, account_manager: User, client_as: ClientFor, api: ApiFor
) -> None:
    client, caller = client_as(account_manager), api(account_manager)
    held = factories.create_held_review(world.plan, decisions="One", attendees=[account_manager])
    url = reverse("plans:planreview_list", args=[world.plan.pk])
    before = [statements(client, url), statements(client, held.get_absolute_url()), statements(caller, API)]
    home = statements(client, "/")

    for _number in range(3):
        factories.create_held_review(world.plan, decisions="Two", attendees=[account_manager])
        factories.create_review(world.plan)

    after = [statements(client, url), statements(client, held.get_absolute_url()), statements(caller, API)]
    assert after == before
    assert statements(client, "/") == home


def test_reviews_of_a_plan_that_was_dropped_are_no_longer_held(
    world: World, review: PlanReview, account_manager: User, client_as: ClientFor, api: ApiFor
) -> None:
    type(world.plan).objects.unscoped("test").filter(pk=world.plan.pk).update(status=PlanStatus.CANCELLED)
    url = reverse("plans:planreview_hold", args=[review.pk])

    answer = client_as(account_manager).post(url, held_by_form(review, account_manager), follow=True)
    by_api = api(account_manager).post(f"{API}{review.pk}/hold/", {}, format="json")

    assert "is over: its reviews are no longer held" in answer.content.decode()
    assert by_api.status_code == 409
    with pytest.raises(ReviewSettledError):
        hold_review(review=review, user=account_manager)
    review.refresh_from_db()
    assert review.status == ReviewStatus.PLANNED


def test_home_counts_reviews_that_are_still_to_be_held_one_by_one(
    world: World, account_manager: User, client_as: ClientFor
) -> None:
    late = company_today() - timedelta(days=2)
    for status, held_on in ((ReviewStatus.HELD, late), (ReviewStatus.SKIPPED, None)):
        row = factories.create_review(world.plan, due_date=late - timedelta(days=len(status)))
        PlanReview.objects.unscoped("test").filter(pk=row.pk).update(status=status, held_on=held_on)
    client = client_as(account_manager)
    page = client.get("/")
    assert "Reviews due" not in page.content.decode()
    waiting = page.context["waiting"]

    factories.create_review(world.plan, due_date=late)

    page = client.get("/")
    assert "Reviews due" in page.content.decode()
    assert page.context["waiting"] == waiting + 1
