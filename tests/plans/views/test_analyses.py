"""SWOT and PESTEL on the plan's page, and its products."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from kam.users.models import User
from plans.models import AccountPlanProduct, RelatedObjectAnalysis
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import form_of, get, text_of

pytestmark = pytest.mark.django_db


def order_of(world: World, factor: str) -> list[str]:
    rows = RelatedObjectAnalysis.objects.unscoped("test").filter(plan=world.plan, factor=factor)
    return list(rows.order_by("order").values_list("text", flat=True))


def test_four_fields_say_impact_in_words_and_link_the_answer(
    client_as: ClientFor, world: World, colleague: User
) -> None:
    objective = factories.create_objective(world.plan, "A second supporter")
    factories.create_analysis(
        world.plan,
        "One buyer decides",
        factor="threat",
        impact=5,
        likelihood=4,
        product=factories.create_plan_product(world.plan, world.product),
        objectives=[objective],
    )
    client = client_as(colleague)

    page = get(client, world.plan.get_absolute_url())
    text, html = text_of(page), page.content.decode()

    assert re.search(r"Strengths .*Weaknesses .*Opportunities .*Threats 1", text)
    assert (
        "One buyer decides Very high impact, likely Cholecap 20 mg Account Manager "
        "Answered by A second supporter" in text
    )
    assert f'href="#objective-{objective.pk}"' in html
    assert f'id="objective-{objective.pk}"' in html
    assert "What do we do better here" in text  # an empty field says what belongs there
    assert "/analyses/" not in html  # who reads gets no way to write


def test_second_view_is_pestel(client_as: ClientFor, world: World, account_manager: User) -> None:
    factories.create_analysis(world.plan, "Grants are cut", factor="political")
    client = client_as(account_manager)

    def panel(query: str) -> str:
        return text_of(get(client, world.plan.get_absolute_url() + query)).partition("Recent changes")[0]

    swot, pestel = panel(""), panel("?analysis=pestel")

    assert "Grants are cut" not in swot
    assert "Grants are cut" in pestel
    assert re.search(r"Political 1 .*Economic .*Social .*Technological .*Environmental .*Legal", pestel)


def test_entry_is_added_changed_and_deleted(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    client = client_as(account_manager)
    objective = factories.create_objective(world.plan)
    create = reverse("plans:analysis_create", args=[world.plan.pk]) + "?factor=weakness"
    values = form_of(get(client, create))

    response = client.post(
        create, {**values, "text": "Hang on <b>one</b>", "impact": "4", "objectives": [str(objective.pk)]}
    )

    entry = RelatedObjectAnalysis.objects.unscoped("test").get()
    assert response["Location"] == f"{world.plan.get_absolute_url()}?analysis=swot#analyses"
    assert (entry.factor, entry.impact, entry.owner) == ("weakness", 4, account_manager)
    assert "Hang on &lt;b&gt;one&lt;/b&gt;" in get(client, response["Location"]).content.decode()
    update = reverse("plans:analysis_update", args=[entry.pk])
    client.post(update, {**form_of(get(client, update)), "factor": "political", "objectives": []})
    entry.refresh_from_db()
    assert (entry.factor, entry.objectives.unscoped("test").count()) == ("political", 0)
    client.post(reverse("plans:analysis_delete", args=[entry.pk]))
    assert not RelatedObjectAnalysis.objects.unscoped("test").exists()


def test_entry_conflict_keeps_what_was_typed(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    entry = factories.create_analysis(world.plan, "Before")
    client, url = client_as(account_manager), reverse("plans:analysis_update", args=[entry.pk])
    values = form_of(get(client, url))
    entry.text = "Theirs"
    entry.save()

    response = client.post(url, {**values, "text": "Mine"})

    assert response.status_code == 409
    assert "Theirs" in text_of(response)
    assert ">\nMine</textarea>" in response.content.decode()
    assert order_of(world, "strength") == ["Theirs"]


def test_entries_are_put_in_order_by_buttons_and_by_drag(
    client_as: ClientFor, world: World, account_manager: User
) -> None:
    first, second, third = (factories.create_analysis(world.plan, text) for text in ("A", "B", "C"))
    factories.create_analysis(world.plan, "T", factor="threat")
    client, url = client_as(account_manager), reverse("plans:analyses_reorder", args=[world.plan.pk])

    client.post(url, {"factor": "strength", "move": f"{third.pk}:up"})
    assert order_of(world, "strength") == ["A", "C", "B"]
    client.post(url, {"factor": "strength", "order": [str(row.pk) for row in (second, first, third)]})
    assert order_of(world, "strength") == ["B", "A", "C"]
    stale = client.post(url, {"factor": "strength", "order": [str(first.pk)]}, follow=True)
    assert "The entries have changed in the meantime" in stale.content.decode()
    assert client.post(url, {"factor": "luck"}).status_code == 404
    assert client.post(url, {"factor": "threat", "move": f"{first.pk}:up"}).status_code == 404


def test_reader_may_not_write(client_as: ClientFor, world: World, colleague: User, stranger: User) -> None:
    entry = factories.create_analysis(world.plan)
    urls = [
        reverse("plans:analysis_create", args=[world.plan.pk]) + "?factor=strength",
        reverse("plans:analyses_reorder", args=[world.plan.pk]),
        reverse("plans:analysis_update", args=[entry.pk]),
        reverse("plans:analysis_delete", args=[entry.pk]),
        reverse("plans:plan_product_create", args=[world.plan.pk]),
    ]

    assert {client_as(colleague).post(url).status_code for url in urls} == {403}
    assert {client_as(stranger).post(url).status_code for url in urls} == {404}


def test_products_have_a_page_of_their_own(
    client_as: ClientFor, world: World, account_manager: User, msl: User
) -> None:
    client = client_as(account_manager)
    create = reverse("plans:plan_product_create", args=[world.plan.pk])
    page = reverse("plans:plan_products", args=[world.plan.pk])

    client.post(
        create, {"product_pick": str(world.product.pk), "target": "5000", "strategy_note": "Ward by ward"}
    )
    row = AccountPlanProduct.objects.unscoped("test").get()
    factories.create_analysis(world.plan, product=row)

    assert "Cholecap 20 mg Product · 1 in SWOT or PESTEL" in text_of(get(client, page))
    assert "$5,000" in text_of(get(client, page))
    assert "$" not in text_of(get(client_as(msl), page))
    delete = reverse("plans:plan_product_delete", args=[row.pk])
    assert "stays, for the whole plan: 1" in text_of(get(client, delete))
    client.post(delete)
    assert RelatedObjectAnalysis.objects.unscoped("test").get().product is None
