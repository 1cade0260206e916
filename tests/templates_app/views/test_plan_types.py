"""Plan types in the library: sections, fields, goals offered first."""

from __future__ import annotations

import pytest
from django.urls import reverse

from crm.models import PickListValue
from kam.users.models import User
from plans.models import AccountPlan
from templates_app import operations
from templates_app.models import CustomField, PlanType
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import form_of, get, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan_type(world: World) -> PlanType:
    return world.plan.plan_type


def test_plan_type_is_made_and_shown(client_as: ClientFor, admin: User) -> None:
    client = client_as(admin)
    values = form_of(get(client, reverse("templates_app:plantype_create")))

    page = client.post(
        reverse("templates_app:plantype_create"), {**values, "name": "Growth Plan"}, follow=True
    )

    assert "Growth Plan" in text_of(page)
    assert "Several are “Growth Plans”" in text_of(page)
    assert "Growth Plan" in text_of(get(client, reverse("templates_app:plantype_list")))


def test_expected_roles_are_chosen_on_the_form(
    client_as: ClientFor, admin: User, plan_type: PlanType, world: World
) -> None:
    """Retired ones stay where they were chosen; a change of nothing else makes who read it before out of date."""
    client, url = client_as(admin), reverse("templates_app:plantype_update", args=[plan_type.pk])
    champion, retired = factories.stakeholder_role("Champion"), factories.stakeholder_role("Old role")
    operations.save_plan_type(plan_type, expected_roles=[retired])
    PickListValue.objects.filter(pk=retired.pk).update(is_retired=True)
    opened = form_of(get(client, url))

    assert "Old role" in text_of(client.get(url))
    chosen = opened | {"expected_roles": [str(champion.pk), str(retired.pk)]}
    page = text_of(client.post(url, chosen, follow=True))
    late = client.post(url, opened | {"expected_roles": []})
    client.post(url, form_of(client.get(url)) | {"expected_roles": [str(champion.pk)]})

    assert "Expected stakeholders 2" in page
    assert late.status_code == 409
    assert list(plan_type.expected_roles.all()) == [champion]
    assert "Old role" not in text_of(client.get(url))
    foreign = factories.partner_role()
    assert (
        client.post(url, form_of(client.get(url)) | {"expected_roles": [str(foreign.pk)]}).status_code == 422
    )


def test_sections_are_moved_left_out_and_shown_again(
    client_as: ClientFor, admin: User, plan_type: PlanType
) -> None:
    client, url = client_as(admin), reverse("templates_app:plan_type_sections", args=[plan_type.pk])
    plan_type.sections = ["objectives", "vision", "risks"]
    plan_type.save()

    def after(**posted: object) -> list[str]:
        client.post(url, posted)
        plan_type.refresh_from_db()
        return plan_type.sections

    assert after(move="risks:up") == ["objectives", "risks", "vision"]
    assert after(move="objectives:up") == ["objectives", "risks", "vision"]
    assert after(leave_out="risks") == ["objectives", "vision"]
    assert after(show="swot") == ["objectives", "vision", "swot"]
    assert after(order=["swot", "vision", "objectives"]) == ["swot", "vision", "objectives"]
    assert after(order=["swot"]) == ["swot", "vision", "objectives"]
    assert client.post(url, {"show": "news"}).status_code == 404


def test_field_is_added_with_a_key_of_its_label(
    client_as: ClientFor, admin: User, plan_type: PlanType
) -> None:
    client, url = client_as(admin), reverse("templates_app:customfield_create", args=[plan_type.pk])
    values = {"label": "Größe der Klinik (Betten)", "kind": "choice", "choices": "Small\n\n Large \n"}

    client.post(url, values)
    client.post(url, values)
    refused = client.post(url, {**values, "choices": ""})

    first, second = CustomField.objects.filter(plan_type=plan_type).order_by("order")
    assert (first.key, second.key) == ("groe_der_klinik_betten", "groe_der_klinik_betten_2")
    assert first.choices == ["Small", "Large"]
    assert "Say what can be chosen." in text_of(refused)
    update = reverse("templates_app:customfield_update", args=[first.pk])
    page = get(client, update)
    assert not {"key", "kind"} & set(page.context["form"].fields)
    client.post(update, {**form_of(page), "choices": "Large", "is_retired": "on"})
    first.refresh_from_db()
    assert (first.choices, first.is_retired) == (["Large"], True)


def test_field_in_use_is_kept(client_as: ClientFor, admin: User, world: World, plan_type: PlanType) -> None:
    used, unused = (factories.create_custom_field(plan_type, key) for key in ("used", "unused"))
    AccountPlan.objects.unscoped("test").filter(pk=world.confidential.pk).update(custom_values={"used": "x"})
    client = client_as(admin)

    for field in (used, unused):
        client.post(reverse("templates_app:customfield_delete", args=[field.pk]))
    page = text_of(get(client, reverse("templates_app:customfield_delete", args=[used.pk])))

    assert list(CustomField.objects.filter(plan_type=plan_type)) == [used]
    assert "It is in use: retire it instead." in page  # by a plan that an administrator does not know of


def test_fields_and_goals_are_put_in_order(client_as: ClientFor, admin: User, plan_type: PlanType) -> None:
    client = client_as(admin)
    fields = [factories.create_custom_field(plan_type, key) for key in ("a", "b", "c")]
    goals = [factories.create_goal(name, status="active") for name in ("First", "Second")]
    for goal in goals:
        client.post(reverse("templates_app:plan_type_goal_add", args=[plan_type.pk]), {"goal": str(goal.pk)})

    client.post(
        reverse("templates_app:custom_fields_reorder", args=[plan_type.pk]), {"move": f"{fields[2].pk}:up"}
    )
    client.post(
        reverse("templates_app:plan_type_goals_reorder", args=[plan_type.pk]), {"move": f"{goals[1].pk}:up"}
    )

    assert [field.key for field in plan_type.custom_fields.all()] == ["a", "c", "b"]
    assert [str(goal) for goal in plan_type.ordered_goals] == ["Second", "First"]
    client.post(reverse("templates_app:plan_type_goal_remove", args=[plan_type.pk, goals[1].pk]))
    assert [str(goal) for goal in PlanType.objects.get(pk=plan_type.pk).ordered_goals] == ["First"]


def test_reader_looks_but_does_not_write(
    client_as: ClientFor, account_manager: User, plan_type: PlanType
) -> None:
    factories.create_custom_field(plan_type, "tier")
    client = client_as(account_manager)

    html = get(client, plan_type.get_absolute_url()).content.decode()

    assert "tier" in html
    assert "<button" not in html[html.index('id="custom-fields"') : html.index("</main")]
    for name in ("plan_type_sections", "plantype_update", "customfield_create", "plan_type_goal_add"):
        assert client.post(reverse(f"templates_app:{name}", args=[plan_type.pk])).status_code == 403


def test_type_with_plans_is_not_deleted(client_as: ClientFor, admin: User, plan_type: PlanType) -> None:
    client, url = client_as(admin), reverse("templates_app:plantype_delete", args=[plan_type.pk])

    page = client.post(url)

    assert "cannot be deleted" in text_of(page)
    assert PlanType.objects.filter(pk=plan_type.pk).exists()
