"""Who stands under whom, and that a row of notes stays about the same person."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from kam.users.models import User
from stakeholders.models import AccountPlanStakeholder
from stakeholders.views.frame import links_of, people_of
from stakeholders.views.people import Place, tree_of
from tests import factories
from tests.fixtures import ClientFor, World

pytestmark = pytest.mark.django_db


def names(places: list[Place]) -> dict[str, Any]:
    return {str(place.person): names(place.below) for place in places}


def chart(world: World) -> dict[str, Any]:
    return names(tree_of(people_of(world.plan), links_of(world.plan)))


def test_who_has_two_superiors_stands_under_both(world: World) -> None:
    anna, bert, cora = (factories.create_stakeholder(world.plan, name) for name in ("Anna", "Bert", "Cora"))
    factories.create_stakeholder_link(cora, anna)
    factories.create_stakeholder_link(cora, bert)

    assert chart(world) == {"Anna": {"Cora": {}}, "Bert": {"Cora": {}}}


def test_superiors_of_contacts_count_where_the_plan_says_nothing_and_never_close_a_ring(
    world: World,
) -> None:
    anna, bert, cora = (factories.create_stakeholder(world.plan, name) for name in ("Anna", "Bert", "Cora"))
    for below, above in ((bert, anna), (cora, anna), (anna, bert)):
        type(below.contact).objects.unscoped("test").filter(pk=below.contact_id).update(
            reports_to=above.contact_id
        )
    factories.create_stakeholder_link(cora, bert)

    found = chart(world)

    assert len(found) == 1  # nobody is lost in the ring of Anna and Bert
    text = str(found)
    assert all(text.count(name) == 1 for name in ("Anna", "Bert", "Cora"))
    top, rest = next(iter(found.items()))
    assert "Cora" in (rest["Bert"] if top == "Anna" else rest)


def test_notes_stay_about_the_same_person(world: World, account_manager: User, client_as: ClientFor) -> None:
    row = factories.create_stakeholder(world.plan, "Anna", notes="Plays chess")
    other = factories.create_stakeholder(world.plan, "Bert").contact
    url = reverse("stakeholders:stakeholder_update", args=[row.pk])
    page = client_as(account_manager).get(url).content.decode()
    assert 'name="notes"' in page
    assert 'name="contact"' not in page

    row = AccountPlanStakeholder.objects.unscoped("test").get(pk=row.pk)
    row.contact = other
    with pytest.raises(ValidationError, match="add the other one instead"):
        row.full_clean()


def test_gaps_of_a_plan_without_people_invite_to_name_them(
    world: World, account_manager: User, client_as: ClientFor
) -> None:
    url = reverse("stakeholders:stakeholder_gaps", args=[world.plan.pk])
    client = client_as(account_manager)
    assert "Nothing is missing" not in client.get(url).content.decode()
    assert "Add the first stakeholder" in client.get(url).content.decode()
