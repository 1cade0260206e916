"""The ledger of a plan's promises: what it says, to whom, and what the customer's version leaves out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from kam.core.models import Change
from kam.users.models import User
from plans.enums import ExpenseStatus
from plans.models import Commitment
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import get, text_of

pytestmark = pytest.mark.django_db


def ledger_url(plan: Any) -> str:
    return reverse("metrics:plan_promises", args=[plan.pk])


@pytest.fixture
def commitment(world: World) -> Commitment:
    """Eight joint calls, of which two are done: one of them below, and not for everybody to open."""
    joint = factories.create_activity_type("Joint call", counts_as_commitment=True)
    today = timezone.localdate()
    far = factories.create_account("Hidden clinic", parent=world.account)
    factories.create_activity(world.account, "Ward round: they are weak", type=joint, done_on=today)
    factories.create_activity(
        far, "Secret call", type=joint, done_on=today, owner=factories.create_user(name="Zoe Zett")
    )
    return factories.create_commitment(
        world.plan,
        activity_type=joint,
        quantity=8,
        description="With our specialist",
        notes="Two are for the board.",
        is_external=True,
    )


@pytest.fixture
def money(world: World) -> None:
    """A fund of 1,000 with 250 spent and 100 planned, and a rebate between its tiers."""
    fund = factories.create_coop_fund(world.plan, "Launch money", amount=1_000, is_external=True)
    factories.create_coop_expense(
        fund,
        "Booth",
        amount=250,
        status=ExpenseStatus.SPENT,
        evidence="https://files.example/1",
        is_external=True,
    )
    factories.create_coop_expense(fund, "Surprise", amount=100, evidence="javascript:alert(1)")
    factories.create_rebate_program(world.plan, "Bonus", tiers=[(100, 2), (1_000, 3)], is_external=True)
    factories.create_rebate_program(world.plan, "Not agreed yet", tiers=[(77_777, 9)])


def test_ledger_says_how_far_each_promise_is(
    client_as: ClientFor, world: World, account_manager: User, commitment: Commitment, money: None
) -> None:
    factories.create_event(world.plan, "Ward day", place="Main hall", on_date=timezone.localdate())

    response = get(client_as(account_manager), ledger_url(world.plan))

    text = text_of(response)
    for part in (
        "0 of 1 kept",
        "8 × Joint call",
        "2 of 8 done, 25%",
        "6 to go",
        "Evidence: 2 activities",
        "Ward round: they are weak",
        "1 more counts. You may not open it.",
        "Launch money",
        "Left $750.00",
        "Left once the planned is spent $650.00",
        "Not shown to the customer",
        "$300.00 ordered so far",
        "Reached: 2.0% from $100 on. That is $6.00 back.",
        "Next: 3.0% from $1,000 on. $700.00 more by",
        "Ward day",
        "Main hall",
    ):
        assert part in text, part
    assert "Secret call" not in text
    html = response.content.decode()
    assert 'href="https://files.example/1"' in html
    assert 'href="javascript' not in html


def test_customer_sees_what_is_marked_and_nothing_of_ours(
    client_as: ClientFor, world: World, account_manager: User, commitment: Commitment, money: None
) -> None:
    factories.create_event(world.plan, "Internal meeting")
    client = client_as(account_manager)

    response = get(client, f"{ledger_url(world.plan)}?view=customer")

    text, html = text_of(response), response.content.decode()
    assert "What we agreed with Harbour Clinics" in text
    assert "2 of 8 done" in text
    assert "With our specialist" in text
    assert "Left $750.00" in text
    for ours in (
        *("Ward round", "Two are for the board", "Surprise", "Not agreed yet", "77,777", "Internal meeting"),
        *(
            "files.example",
            "Secret call",
            "Zoe Zett",
            "expected by today",
            "Sales target",
            "10,000",
            "/edit/",
        ),
        *(world.plan.name, "Pipeline", "Outlook"),
    ):
        assert ours not in html, ours
    Commitment.objects.unscoped("test").update(is_external=False)
    assert "8 × Joint call" not in text_of(get(client, f"{ledger_url(world.plan)}?view=customer"))


@pytest.mark.parametrize("view", ["", "?view=customer"])
def test_medical_colleague_sees_promises_without_money(
    client_as: ClientFor, world: World, msl: User, commitment: Commitment, money: None, view: str
) -> None:
    client = client_as(msl)

    response = get(client, ledger_url(world.plan) + view)

    text = text_of(response)
    assert "2 of 8 done" in text
    assert "Launch money" in text
    for amount in ("$", "250", "1,000", "2.0%", "750"):
        assert amount not in text
    panel = client.get(
        reverse("metrics:promises_panel", args=[world.plan.pk]), headers={"HX-Request": "true"}
    )
    assert "$" not in panel.content.decode()
    factories.add_participant(world.plan, msl)
    assert "$750.00" in text_of(get(client, ledger_url(world.plan) + view))


@pytest.mark.parametrize(
    ("who", "status"),
    [("colleague", 200), ("manager", 200), ("executive", 200), ("viewer", 200), ("stranger", 404)],
)
def test_who_sees_the_ledger(
    client_as: ClientFor, world: World, commitment: Commitment, cast: dict[str, User], who: str, status: int
) -> None:
    client = client_as(cast[who])

    for name, pk in (
        ("plan_promises", world.plan.pk),
        ("commitment_evidence", commitment.pk),
    ):
        response = client.get(reverse(f"metrics:{name}", args=[pk]))
        assert response.status_code == status
        assert "/edit/" not in response.content.decode()
    assert client.get(ledger_url(world.confidential)).status_code == 404


def test_look_at_the_ledger_of_a_confidential_plan_is_logged(
    client_as: ClientFor, world: World, admin: User
) -> None:
    admin.user_permissions.add(Permission.objects.get(codename="view_confidential"))

    get(client_as(admin), ledger_url(world.confidential))

    look = Change.objects.unscoped("test").get(operation=Change.Operation.VIEW)
    assert (look.object_id, look.actor_id) == (world.confidential.pk, admin.pk)


def test_empty_ledger_says_what_to_do(client_as: ClientFor, world: World, account_manager: User) -> None:
    response = get(client_as(account_manager), ledger_url(world.plan))

    assert "Nothing is promised yet" in text_of(response)
    assert reverse("plans:commitment_create", args=[world.plan.pk]) in response.content.decode()
    assert "Nothing is marked to be shown yet" in text_of(
        get(client_as(account_manager), f"{ledger_url(world.plan)}?view=customer")
    )


def test_pages_take_the_same_statements_however_much_is_promised(
    client_as: ClientFor,
    world: World,
    account_manager: User,
    commitment: Commitment,
    money: None,
    django_assert_num_queries: Any,
) -> None:
    client, url = client_as(account_manager), ledger_url(world.plan)
    factories.create_event(world.plan)
    panel = reverse("metrics:promises_panel", args=[world.plan.pk])
    pages = {url: 16, f"{url}?view=customer": 16, panel: 14}

    def read() -> None:
        for page, statements in pages.items():
            with django_assert_num_queries(statements):
                client.get(page, headers={"HX-Request": "true"} if page == panel else {})

    read()
    for _number in range(3):
        other = factories.create_commitment(world.plan, owner=factories.create_user(), is_external=True)
        factories.create_activity(
            world.account,
            type=other.activity_type,
            done_on=timezone.localdate(),
            owner=factories.create_user(),
        )
        fund = factories.create_coop_fund(world.plan, is_external=True)
        factories.create_coop_expense(fund, is_external=True)
        factories.create_rebate_program(world.plan, is_external=True)
        factories.create_event(world.plan, owner=factories.create_user(), is_external=True)
    read()


def test_panel_is_loaded_after_the_plan_s_page(
    client_as: ClientFor, world: World, account_manager: User, commitment: Commitment, money: None
) -> None:
    client = client_as(account_manager)
    panel = reverse("metrics:promises_panel", args=[world.plan.pk])

    page = get(client, world.plan.get_absolute_url()).content.decode()

    assert f'hx-get="{panel}"' in page
    assert ledger_url(world.plan) in page
    assert client.get(panel)["Location"] == ledger_url(world.plan)  # no page of its own
    text = text_of(client.get(panel, headers={"HX-Request": "true"}))
    assert "8 × Joint call 2 of 8 done" in text
    assert "$750 left of $1k" in text
    assert "2.0% reached, $700 to 3.0%" in text


def test_history_tells_no_amounts_to_who_may_not_see_numbers(
    client_as: ClientFor, world: World, account_manager: User, msl: User
) -> None:
    fund = factories.create_coop_fund(world.plan, "Launch money", amount=4_321)
    fund.amount = 1_234
    fund.save()
    program = factories.create_rebate_program(world.plan, tiers=[(4_321, 7)])
    program.save_with_tiers([(1_234, 7)])

    seen = get(client_as(account_manager), world.plan.get_absolute_url()).content.decode()
    hidden = get(client_as(msl), world.plan.get_absolute_url()).content.decode()

    assert "$4,321.00" in seen
    for amount in ("4,321", "1,234", "4321", "7.0%"):
        assert amount not in hidden


def test_evidence_lists_every_activity_on_pages(
    client_as: ClientFor, world: World, account_manager: User, commitment: Commitment
) -> None:
    today = timezone.localdate()
    for number in range(12):
        day = today - timedelta(days=number)
        factories.create_activity(
            world.account, f"Round {number}", type=commitment.activity_type, done_on=day
        )
    client = client_as(account_manager)
    url = reverse("metrics:commitment_evidence", args=[commitment.pk])

    assert url in get(client, ledger_url(world.plan)).content.decode()
    text = text_of(get(client, url))

    assert "14 done" in text
    assert "1 more activity counts. You may not open it." in text
    assert "Round 11" in text
    assert "Secret call" not in text
