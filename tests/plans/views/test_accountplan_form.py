from __future__ import annotations

from datetime import date

import pytest
import time_machine
from django.db import models
from django.urls import reverse

from kam.users.models import User
from plans.enums import Access, PlanStatus
from plans.models import AccountPlan, Plan
from plans.operations import contents
from templates_app.enums import RevenueBasis
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import form_of, get, text_of

pytestmark = pytest.mark.django_db
NEW = reverse("plans:accountplan_create")


def plan_values(world: World, owner: User, **values: str) -> dict[str, str]:
    return {
        "account": str(world.account.pk),
        "name": "Next big thing",
        "plan_type": str(world.plan.plan_type_id),
        "owner": str(owner.pk),
        "start_date": "2027-01-01",
        "end_date": "2027-12-31",
        "currency": "USD",
        "sales_target": "50000",
        "revenue_basis": "opportunity",
        "include_child_accounts": "on",
        "review_frequency": "quarterly",
        **values,
    }


def only(name: str) -> AccountPlan:
    return AccountPlan.objects.unscoped("test").get(name=name)


def edit_url(plan: AccountPlan) -> str:
    return reverse("plans:accountplan_update", args=[plan.pk])


@pytest.mark.parametrize(("today", "year"), [("2026-05-04", 2026), ("2026-10-01", 2027)])
def test_new_plan_starts_from_the_account_and_the_coming_year(
    client_as: ClientFor, world: World, account_manager: User, today: str, year: int
) -> None:
    client = client_as(account_manager)

    with time_machine.travel(today, tick=False):
        client.force_login(account_manager)
        values = form_of(get(client, NEW, data={"account": str(world.account.pk)}))

    assert values["name"] == f"Harbour Clinics {year}"
    assert (values["start_date"], values["end_date"]) == (f"{year}-01-01", f"{year}-12-31")
    assert (values["currency"], values["owner"]) == ("USD", str(account_manager.pk))


def test_plan_is_made_as_a_draft_of_its_owner(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    response = client_as(account_manager).post(NEW, plan_values(world, account_manager))

    plan = only("Next big thing")
    assert response["Location"] == plan.get_absolute_url()
    assert (plan.status, plan.owner, plan.created_by) == (PlanStatus.DRAFT, account_manager, account_manager)
    assert (plan.end_date, plan.sales_target) == (date(2027, 12, 31), 50_000)


def test_name_left_empty_is_account_and_year(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client_as(account_manager).post(NEW, plan_values(world, account_manager, name=""))

    assert only("Harbour Clinics 2027").account == world.account


def test_plan_type_brings_its_basis_unless_one_was_chosen(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    factories.create_plan_type("A distributor plan", default_revenue_basis=RevenueBasis.ORDER)
    client = client_as(account_manager)
    assert form_of(get(client, NEW))["revenue_basis"] == RevenueBasis.ORDER  # of the first type

    client.post(NEW, plan_values(world, account_manager, revenue_basis="order"))
    client.post(NEW, plan_values(world, account_manager, revenue_basis="schedule", name="Chosen"))

    # What is sent as the form showed it was not chosen.
    assert only("Next big thing").revenue_basis == RevenueBasis.OPPORTUNITY
    assert only("Chosen").revenue_basis == RevenueBasis.SCHEDULE


def test_errors_are_named_and_the_text_stays(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    values = plan_values(
        world, account_manager, end_date="2026-12-31", sales_target="1.234", name="Typed name"
    )

    response = client_as(account_manager).post(NEW, values)

    assert response.status_code == 422
    text = text_of(response)
    assert "The end date must be after the start date." in text
    assert 'value="Typed name"' in response.content.decode()
    assert 'value="1.234"' in response.content.decode()


def test_account_out_of_sight_is_no_choice(client_as: ClientFor, world: World, account_manager: User) -> None:
    client = client_as(account_manager)

    hidden = client.post(NEW, plan_values(world, account_manager, account=str(world.far_account.pk)))
    missing = client.post(
        NEW, plan_values(world, account_manager, account="00000000-0000-4000-8000-000000000000")
    )

    assert hidden.status_code == missing.status_code == 422
    assert hidden.context["form"].errors == missing.context["form"].errors
    assert client.get(NEW, {"account": str(world.far_account.pk)}).status_code == 404
    assert client.get(NEW, {"account": "zebra"}).status_code == 404


def test_nobody_makes_plans_in_the_name_of_a_peer(
    client_as: ClientFor, world: World, account_manager: User, colleague: User, manager: User
) -> None:
    refused = client_as(account_manager).post(NEW, plan_values(world, colleague))
    made = client_as(manager).post(NEW, plan_values(world, account_manager))

    assert refused.status_code == 422
    assert "You make plans of your own" in text_of(refused)
    assert made.status_code == 302
    assert only("Next big thing").owner == account_manager


@pytest.mark.parametrize("who", ["executive", "viewer", "integration"])
def test_roles_without_plans_of_their_own(
    client_as: ClientFor, world: World, cast: dict[str, User], who: str
) -> None:
    client = client_as(cast[who])

    assert client.get(NEW).status_code == 403
    assert client.post(NEW, plan_values(world, cast[who])).status_code == 403
    assert "New plan" not in get(client, reverse("metrics:home")).content.decode()


@pytest.mark.parametrize(
    ("who", "status"), [("colleague", 403), ("manager", 403), ("viewer", 403), ("stranger", 404)]
)
def test_others_cannot_edit(
    client_as: ClientFor, world: World, cast: dict[str, User], who: str, status: int
) -> None:
    client = client_as(cast[who])

    assert client.get(edit_url(world.plan)).status_code == status
    assert client.post(edit_url(world.plan), plan_values(world, cast[who])).status_code == status
    world.plan.refresh_from_db()
    assert world.plan.name == "Harbour Clinics this year"


def test_conflict_shows_both_and_keeps_the_text(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client = client_as(account_manager)
    values = form_of(get(client, edit_url(world.plan)))
    world.plan.sales_target = 11_000
    world.plan.save()

    response = client.post(edit_url(world.plan), {**values, "sales_target": "12000", "name": "My new name"})

    assert response.status_code == 409
    differences = {d.label: (d.theirs, d.yours) for d in response.context["form"].conflict.fields}
    assert differences == {
        "Sales target": ("11,000", "12,000"),
        "Name": ("Harbour Clinics this year", "My new name"),
    }
    assert 'value="My new name"' in response.content.decode()
    world.plan.refresh_from_db()
    assert (world.plan.sales_target, world.plan.name) == (11_000, "Harbour Clinics this year")
    again = {**form_of(response), "sales_target": "12000", "name": "My new name"}
    assert client.post(edit_url(world.plan), again).status_code == 302
    world.plan.refresh_from_db()
    assert (world.plan.sales_target, world.plan.name) == (12_000, "My new name")


def test_editor_who_does_not_own_the_plan_cannot_hand_it_over(
    client_as: ClientFor, world: World, colleague: User
) -> None:
    factories.add_participant(world.plan, colleague, access=Access.EDIT)
    client = client_as(colleague)
    values = form_of(get(client, edit_url(world.plan)))

    client.post(edit_url(world.plan), {**values, "name": "Renamed", "owner": str(colleague.pk)})

    world.plan.refresh_from_db()
    assert world.plan.name == "Renamed"
    assert world.plan.owner.username == "account_manager"


def test_hidden_parent_plan_stays(client_as: ClientFor, world: World, account_manager: User) -> None:
    world.plan.parent_plan = world.confidential
    world.plan.save()
    client = client_as(account_manager)
    response = get(client, edit_url(world.plan))
    assert "Hidden takeover" not in response.content.decode()

    client.post(edit_url(world.plan), {**form_of(response), "parent_plan_text": "", "name": "Renamed"})

    world.plan.refresh_from_db()
    assert (world.plan.name, world.plan.parent_plan) == ("Renamed", world.confidential)


def test_confidential_plan_vanishes_for_the_team(
    client_as: ClientFor, world: World, account_manager: User, colleague: User
) -> None:
    client = client_as(account_manager)
    client.post(edit_url(world.plan), {**form_of(get(client, edit_url(world.plan))), "is_confidential": "on"})

    assert client_as(colleague).get(world.plan.get_absolute_url()).status_code == 404


def test_delete_says_what_goes(
    client_as: ClientFor, world: World, account_manager: User, colleague: User
) -> None:
    factories.create_objective(world.plan, strategy=factories.create_strategy(world.plan))
    factories.create_objective(world.plan)
    factories.create_review(world.plan)
    factories.create_stakeholder(world.plan)
    factories.create_stakeholder(world.plan)
    factories.create_partner(world.plan)
    client = client_as(account_manager)
    url = reverse("plans:accountplan_delete", args=[world.plan.pk])

    question = text_of(get(client, url))
    assert client_as(colleague).post(url).status_code == 403
    response = client.post(url, follow=True)

    assert "1 strategy 2 objectives 1 review 2 stakeholders 1 partner" in question
    assert "“Harbour Clinics this year” is deleted." in text_of(response)
    assert not AccountPlan.objects.unscoped("test").filter(pk=world.plan.pk).exists()


def test_whatever_goes_with_a_plan_is_told_before() -> None:
    """All rows that a plan takes with it, but news of it and what is computed anew."""
    gone = {
        relation.related_model._meta.label
        for relation in Plan._meta.related_objects
        if relation.on_delete is models.CASCADE
    }
    told = {model._meta.label for model in contents.registered()}
    assert gone - told == {"collaboration.Notification", "metrics.PlanKPISnapshot"}
