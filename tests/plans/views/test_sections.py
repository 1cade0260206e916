"""Which sections a plan's page shows, in which order; texts edited in place; fields of the plan type."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from kam.core.actor import acting
from kam.users.models import User
from plans.models import AccountPlan
from templates_app.models import PlanType
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import form_of, get, text_of

pytestmark = pytest.mark.django_db


def show(plan_type: PlanType, *sections: str) -> None:
    plan_type.sections = [*sections]
    plan_type.save()


def test_sections_stand_in_the_order_of_the_type_and_others_are_not_there(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    show(world.plan.plan_type, "risks", "pestel", "objectives", "vision")
    client = client_as(account_manager)

    html = get(client, world.plan.get_absolute_url()).content.decode()

    assert re.findall(r'<section class="card" id="([\w-]+)"', html)[:4] == [
        "section-risks",
        "analyses",
        "objectives",
        "section-vision",
    ]
    assert "Strengths" not in html
    assert reverse("plans:plan_products", args=[world.plan.pk]) not in html
    for url in (
        reverse("plans:accountplan_section", args=[world.plan.pk, "goals"]),
        reverse("plans:analysis_create", args=[world.plan.pk]) + "?factor=strength",
        reverse("plans:plan_products", args=[world.plan.pk]),
    ):
        assert client.get(url).status_code == 404


def test_empty_section_says_what_belongs_there(client_as: ClientFor, world: World, colleague: User) -> None:
    text = text_of(get(client_as(colleague), world.plan.get_absolute_url()))

    assert "What happens in the next two to four weeks, by whom." in text
    assert "in their words, with the name of who said it" in text


def test_old_short_term_plan_says_so(client_as: ClientFor, world: World, account_manager: User) -> None:
    with acting(account_manager):
        world.plan.short_term_plan = "Ring the buyer."
        world.plan.save()
    client, url = client_as(account_manager), world.plan.get_absolute_url()

    assert "More than four weeks old" not in text_of(get(client, url))
    with time_machine.travel(timezone.now() + timedelta(days=29)):
        later = text_of(get(client_as(account_manager), url))

    assert re.search(r"More than four weeks old Last touched .* by Account Manager", later)


def test_two_people_write_in_two_sections_at_the_same_time(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client = client_as(account_manager)
    url = reverse("plans:accountplan_section", args=[world.plan.pk, "risks"])
    values = form_of(get(client, url))
    world.plan.vision = "Written meanwhile"
    world.plan.save()

    assert client.post(url, {**values, "risks": "Mine"}).status_code == 302
    again = client.post(url, {**values, "risks": "Mine, too"})

    assert [field.label for field in again.context["form"].conflict.fields] == ["Risks"]
    assert again.status_code == 409  # the text is no longer the one that the form was opened with
    plan = AccountPlan.objects.unscoped("test").get(pk=world.plan.pk)
    assert (plan.vision, plan.risks) == ("Written meanwhile", "Mine")
    assert client.post(url, {**form_of(again), "risks": "Mine, after all"}).status_code == 302


# --- Fields of the plan type ----------------------------------------------------------------
@pytest.fixture
def typed(world: World) -> World:
    plan_type = world.plan.plan_type
    factories.create_custom_field(plan_type, "budget", kind="money")
    factories.create_custom_field(
        plan_type, "tier", kind="choice", choices=["Gold", "Silver"], is_required=True
    )
    factories.create_custom_field(plan_type, "sponsor", kind="user")
    factories.create_custom_field(plan_type, "signed", kind="date")
    return world


def test_fields_of_the_type_are_filled_in_with_the_plan(
    client_as: ClientFor, typed: World, account_manager: User, msl: User
) -> None:
    client, url = client_as(account_manager), reverse("plans:accountplan_update", args=[typed.plan.pk])
    values = form_of(get(client, url))

    refused = client.post(url, values)
    client.post(
        url,
        {
            **values,
            "custom_budget": "1200.50",
            "custom_tier": "Gold",
            "custom_signed": "2026-03-01",
            "custom_sponsor_pick": str(typed.keeper.pk),
        },
    )

    assert refused.status_code == 422
    assert "This field is required." in text_of(refused)
    plan = AccountPlan.objects.unscoped("test").get(pk=typed.plan.pk)
    assert plan.custom_values == {
        "budget": "1200.5",
        "tier": "Gold",
        "signed": "2026-03-01",
        "sponsor": str(typed.keeper.pk),
    }
    assert form_of(get(client, url))["custom_tier"] == "Gold"
    text = text_of(get(client, plan.get_absolute_url()))
    assert re.search(r"Budget \$1,200\.50 Tier Gold Sponsor Keeper Signed \w+\.? 1, 2026", text)
    assert "1,200.50" not in text_of(get(client_as(msl), plan.get_absolute_url()))


def test_form_shows_the_fields_of_the_type_that_is_chosen(
    client_as: ClientFor, typed: World, account_manager: User
) -> None:
    other = factories.create_plan_type("Other")
    factories.create_custom_field(other, "beds", kind="number", is_required=True)
    client, url = client_as(account_manager), reverse("plans:accountplan_update", args=[typed.plan.pk])

    form = get(client, f"{url}?plan_type={other.pk}").context["form"]
    posted = client.post(url, {**form_of(get(client, url)), "plan_type": str(other.pk)})

    assert [field.name for field in form.bound_custom_fields()] == ["custom_beds"]
    assert posted.status_code == 422
    assert posted.context["form"].errors["custom_beds"] == ["This field is required."]


def test_value_that_is_no_choice_any_more_stays(
    client_as: ClientFor, typed: World, account_manager: User
) -> None:
    AccountPlan.objects.unscoped("test").filter(pk=typed.plan.pk).update(custom_values={"tier": "Bronze"})
    client, url = client_as(account_manager), reverse("plans:accountplan_update", args=[typed.plan.pk])

    saved = client.post(url, {**form_of(get(client, url)), "name": "Renamed"})

    assert saved.status_code == 302
    assert AccountPlan.objects.unscoped("test").get(pk=typed.plan.pk).custom_values == {"tier": "Bronze"}


def test_list_is_filtered_by_a_field_of_the_chosen_type(
    client_as: ClientFor, typed: World, account_manager: User
) -> None:
    AccountPlan.objects.unscoped("test").filter(pk=typed.plan.pk).update(custom_values={"tier": "Gold"})
    client, url = client_as(account_manager), reverse("plans:accountplan_list")
    of_type = f"{url}?plan_type={typed.plan.plan_type_id}"

    html = get(client, of_type).content.decode()
    found = text_of(get(client, f"{of_type}&custom.tier=Gold"))

    assert 'name="custom.tier"' in html
    assert 'name="custom.tier"' not in get(client, url).content.decode()
    assert typed.plan.name in found
    assert typed.draft.name not in found
    assert "Tier: Gold" in found  # a chip that takes the filter away
