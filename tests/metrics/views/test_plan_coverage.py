from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from crm.enums import PickList, SegmentMeaning
from crm.models import Account, PickListValue
from kam.users.models import User
from plans.enums import PlanStatus
from plans.models import AccountPlan
from tests import factories
from tests.fixtures import ClientFor, World
from tests.pages import get, text_of

pytestmark = pytest.mark.django_db
URL = reverse("metrics:plan_coverage")


@pytest.fixture
def strategic(world: World) -> PickListValue:
    value = factories.create_pick_list_value(
        "Strategic", pick_list=PickList.SEGMENT, meaning=SegmentMeaning.STRATEGIC
    )
    Account.objects.unscoped("test").update(current_segment=value)
    AccountPlan.objects.unscoped("test").filter(account=world.account).delete()
    factories.create_plan(world.child, "The child's own")
    return value


def test_every_count_leads_to_as_many_accounts(
    client_as: ClientFor, strategic: PickListValue, manager: User, world: World
) -> None:
    factories.create_account("Nobody's", territory=world.account.territory, current_segment=strategic)
    drafted = factories.create_account(
        "Drafted", territory=world.account.territory, current_segment=strategic
    )
    factories.create_plan(drafted, status=PlanStatus.DRAFT)
    client = client_as(manager)

    page = get(client, URL)

    assert "25% of 4 strategic accounts have a plan" in text_of(page)
    cells = [cell for table in page.context["tables"] for row in table["rows"] for cell in row.cells[1:]]
    assert sum(cell.count for cell in cells) == 2 * 4  # by owner and by territory
    for cell in cells:
        behind = get(client, f"{URL}{cell.url.partition('#')[0]}")
        assert behind.context["page_obj"].paginator.count == cell.count


def test_make_a_plan_where_there_is_none(
    client_as: ClientFor, strategic: PickListValue, account_manager: User, world: World
) -> None:
    client = client_as(account_manager)

    page = get(client, f"{URL}?plan_state=without_plan")

    assert [account.name for account in page.context["page_obj"]] == ["Harbour Clinics"]
    make = f"{reverse('plans:accountplan_create')}?account={world.account.pk}"
    assert make in page.content.decode()
    assert get(client, make).context["form"]["account"].value() == world.account.pk


def test_who_may_not_plan_is_not_offered_to(
    client_as: ClientFor, strategic: PickListValue, viewer: User
) -> None:
    page = get(client_as(viewer), URL)

    assert "The child's own" in text_of(page)
    assert "Make a plan" not in text_of(page)


def test_empty_company_is_told_what_is_strategic(client_as: ClientFor, admin: User) -> None:
    assert "No strategic accounts" in text_of(get(client_as(admin), URL))


def test_page_takes_the_same_statements_for_few_and_many(
    client_as: ClientFor,
    strategic: PickListValue,
    manager: User,
    world: World,
    django_assert_max_num_queries: Any,
) -> None:
    client = client_as(manager)
    client.get(URL)
    with django_assert_max_num_queries(10) as few:
        get(client, URL)
    for _number in range(3):
        owner = factories.create_user()
        account = factories.create_account(
            owner=owner, territory=world.account.territory, current_segment=strategic
        )
        factories.create_plan(account)

    with django_assert_max_num_queries(len(few)):
        get(client, URL)
