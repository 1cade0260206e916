"""Searched choices, and forms that notice that somebody else was faster."""

from __future__ import annotations

import pytest
from django.http import QueryDict

from crm.forms import AccountOverviewForm, OpportunityForm
from crm.models import Account, Opportunity
from kam.core.forms import SearchChoiceField, Typed, saved
from kam.users.models import User
from tests import factories
from tests.fixtures import World

pytestmark = pytest.mark.django_db


def field_for(user: User) -> SearchChoiceField:
    return SearchChoiceField(Account.objects.visible_to(user), options_url="/accounts/options/")


def data(**values: str) -> QueryDict:
    query = QueryDict(mutable=True)
    query.update(values)
    return query


def test_choice_is_taken_by_id_alone(world: World, account_manager: User) -> None:
    field = field_for(account_manager)
    value = field.widget.value_from_datadict(data(account=str(world.account.pk)), {}, "account")

    assert field.clean(value) == world.account


def test_cleared_text_clears_the_choice(world: World, account_manager: User) -> None:
    field = field_for(account_manager)
    field.required = False

    assert field.clean(Typed(str(world.account.pk), "")) is None


def test_exact_name_beats_longer_ones(world: World, account_manager: User) -> None:
    factories.create_account("Harbour Clinics West", owner=account_manager)

    assert field_for(account_manager).clean(Typed("", "HARBOUR clinics")) == world.account


def test_unchanged_choice_is_no_change(world: World, account_manager: User) -> None:
    field = field_for(account_manager)

    assert not field.has_changed(world.account.pk, Typed(str(world.account.pk), "Harbour Clinics"))
    assert field.has_changed(world.account.pk, Typed(str(world.child.pk), "Harbour Day Clinic"))
    assert field.has_changed(world.account.pk, Typed(str(world.account.pk), ""))


def test_garbage_for_an_id_is_no_choice(world: World, account_manager: User) -> None:
    form = OpportunityForm(data(account="' OR 1=1"), instance=Opportunity(), user=account_manager)

    assert form.errors["account"] == ["Nothing by this name that you may choose. Pick one from the list."]


def test_rival_between_check_and_save_is_a_conflict(world: World, account_manager: User) -> None:
    mine = Account.objects.visible_to(account_manager).get(pk=world.account.pk)
    form = AccountOverviewForm(
        data(business_overview="Mine", version=str(mine.version)), instance=mine, user=account_manager
    )

    assert form.is_valid()
    world.account.business_overview = "Theirs"
    world.account.save()

    # Without the check of the version inside the UPDATE, the second save would win silently.
    assert not saved(form, form.save)
    assert [(d.theirs, d.yours) for d in form.conflict.fields] == [("Theirs", "Mine")]
    assert form.data["version"] == str(world.account.version)
    world.account.refresh_from_db()
    assert world.account.business_overview == "Theirs"
