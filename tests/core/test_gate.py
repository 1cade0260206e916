"""A scoped model answers nobody who has not said for whom."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import (
    Count,
    Exists,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    prefetch_related_objects,
)

from crm.models import Account, Contact, Opportunity
from kam.core.changes import ChangeTracking
from kam.core.gate import CatalogQuerySet, ScopedQuerySet, UnscopedQueryError, gate_open
from kam.core.models import Change
from kam.users.models import User
from plans.models import AccountPlan, AccountPlanObjective, AccountPlanParticipant
from tests import factories
from tests.fixtures import World

Evaluate = Callable[[QuerySet], Any]


async def _all_async(rows: QuerySet) -> list[Any]:
    return [row async for row in rows.aiterator()]


EVALUATIONS: dict[str, Evaluate] = {
    "list": list,
    "bool": bool,
    "len": len,
    "repr": repr,
    "contains": lambda rows: object() in rows,
    "index": lambda rows: rows.order_by("pk")[0],
    "slice": lambda rows: list(rows.order_by("pk")[:2]),
    "step": lambda rows: rows.order_by("pk")[0:3:2],
    "get": lambda rows: rows.get(name="x"),
    "first": lambda rows: rows.first(),
    "last": lambda rows: rows.last(),
    "latest": lambda rows: rows.latest("created_at"),
    "earliest": lambda rows: rows.earliest("created_at"),
    "in_bulk": lambda rows: rows.in_bulk(),
    "count": lambda rows: rows.count(),
    "exists": lambda rows: rows.exists(),
    "contains method": lambda rows: rows.contains(Account(name="x")),
    "aggregate": lambda rows: rows.aggregate(n=Count("pk")),
    "iterator": lambda rows: list(rows.iterator()),
    "async iterator": lambda rows: asyncio.run(_all_async(rows)),
    "explain": lambda rows: rows.explain(),
    "values": lambda rows: list(rows.values("pk")),
    "values_list": lambda rows: list(rows.values_list("pk", flat=True)),
    "dates": lambda rows: list(rows.datetimes("created_at", "day")),
    "annotate": lambda rows: list(rows.annotate(n=Count("contacts"))),
    "distinct": lambda rows: list(rows.distinct()),
    "filter": lambda rows: list(rows.filter(name="x").exclude(contacts__name="y")),
    "select_related": lambda rows: list(rows.select_related("owner")),
    "select_for_update": lambda rows: list(rows.select_for_update()),
    "raw": lambda rows: list(rows.raw("SELECT * FROM crm_account")),
    "pickle": pickle.dumps,
    "paginator": lambda rows: Paginator(rows.order_by("pk"), 10).page(1).object_list[0],
    "update": lambda rows: rows.update(name="x"),
    "bulk_update": lambda rows: rows.bulk_update([Account(name="x")], ["name"]),
    "delete": lambda rows: rows.delete(),
    "raw delete": lambda rows: rows._raw_delete(rows.db),
    "get_or_create": lambda rows: rows.get_or_create(name="x"),
    "update_or_create": lambda rows: rows.update_or_create(name="x"),
    "in filter": lambda rows: Contact.objects.unscoped("test").filter(account__in=rows),
    "in filter by values": lambda rows: Contact.objects.unscoped("test").filter(
        account_id__in=rows.values("pk")
    ),
    "Q": lambda rows: User.objects.filter(Q(owned_accounts__in=rows)),
    "subquery": lambda rows: list(User.objects.annotate(n=Subquery(rows.values("name")[:1]))),
    "exists subquery": lambda rows: list(User.objects.filter(Exists(rows.filter(owner=OuterRef("pk"))))),
    "union": lambda rows: list(rows.order_by().union(Account.objects.unscoped("test").order_by())),
    "intersection": lambda rows: list(
        rows.order_by().intersection(Account.objects.unscoped("test").order_by())
    ),
    "union as second": lambda rows: list(Account.objects.unscoped("test").order_by().union(rows.order_by())),
    "or": lambda rows: list(rows | Account.objects.unscoped("test")),
    "or as second": lambda rows: list(Account.objects.unscoped("test") | rows),
    "and": lambda rows: list(rows & Account.objects.unscoped("test")),
    "and as second": lambda rows: list(Account.objects.unscoped("test") & rows),
    "xor as second": lambda rows: list(Account.objects.unscoped("test") ^ rows),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", EVALUATIONS)
def test_unscoped_query_is_refused(name: str) -> None:
    with pytest.raises(UnscopedQueryError, match=r"Account was queried without visible_to\(\)"):
        EVALUATIONS[name](Account.objects.all())


WRITING = {"update", "bulk_update", "delete", "raw delete", "get_or_create", "update_or_create"}
# An async query would leave the connection of another thread behind.
READING = sorted(set(EVALUATIONS) - WRITING - {"get", "contains", "contains method", "raw", "async iterator"})


@pytest.mark.parametrize("name", READING)
def test_scoped_query_is_let_through(name: str, world: World, account_manager: User) -> None:
    for rows in (
        Account.objects.visible_to(account_manager),
        Account.objects.editable_by(account_manager),
        Account.objects.unscoped("test"),
        Account.objects.filter(name__contains="Harbour").visible_to(account_manager),
    ):
        EVALUATIONS[name](rows)


SCOPED = [
    model
    for model in apps.get_models()
    if isinstance(model._default_manager.all(), ScopedQuerySet)  # type: ignore[attr-defined]
]


@pytest.mark.django_db
@pytest.mark.parametrize("model", SCOPED, ids=lambda model: model.__name__)
def test_every_scoped_model_refuses(model: Any) -> None:
    with pytest.raises(UnscopedQueryError):
        list(model.objects.all())
    assert list(model.objects.unscoped("test")) == []


@pytest.mark.django_db
def test_models_are_scoped_or_for_everybody() -> None:
    """A new model with rows of customers cannot be forgotten: it takes a side here."""
    tracked = {model for model in apps.get_models() if issubclass(model, ChangeTracking)}
    catalogs = {m for m in tracked if isinstance(m._default_manager.all(), CatalogQuerySet)}

    assert {m.__name__ for m in tracked - catalogs - set(SCOPED)} == {"ApiToken"}
    assert {m.__name__ for m in catalogs} == {
        "ActionPlanTemplate",
        "ActionPlanTemplateItem",
        "ActionPlanTemplateVersion",
        "ActivityType",
        "CustomField",
        "ExchangeRate",
        "GoalDefinition",
        "GoalDefinitionTemplate",
        "PickListValue",
        "PlanType",
        "PlanTypeGoal",
        "Product",
        "ProductCategory",
        "Stage",
        "Territory",
        "TerritoryMembership",
        "User",
    }
    assert Change in SCOPED


def test_reverse_relation_is_refused(world: World) -> None:
    with pytest.raises(UnscopedQueryError):
        list(world.account.opportunities.all())
    with pytest.raises(UnscopedQueryError):
        world.account.opportunities.count()
    with pytest.raises(UnscopedQueryError):
        list(world.open.contacts.all())


def test_reverse_relation_can_be_scoped(world: World, account_manager: User, stranger: User) -> None:
    assert world.far_opportunity not in world.account.opportunities.visible_to(account_manager)
    assert world.account.opportunities.visible_to(account_manager).count() == 4
    assert list(world.account.opportunities.visible_to(stranger)) == []


def test_prefetch_is_refused_unless_scoped(world: World, account_manager: User) -> None:
    plans = AccountPlan.objects.visible_to(account_manager)

    with pytest.raises(UnscopedQueryError):
        list(plans.prefetch_related("objectives"))
    with pytest.raises(UnscopedQueryError):
        prefetch_related_objects([world.plan], "objectives")
    with pytest.raises(UnscopedQueryError):
        list(plans.prefetch_related(Prefetch("objectives", AccountPlanObjective.objects.all())))
    scoped = Prefetch("objectives", AccountPlanObjective.objects.visible_to(account_manager))
    assert len(list(plans.prefetch_related(scoped))) == 2


def test_inner_queries_of_a_scoped_query_pass(world: World, account_manager: User) -> None:
    """Django builds subqueries of its own, for example to exclude over a to-many relation."""
    without = Account.objects.visible_to(account_manager).exclude(contacts__name="Ines Prado")

    assert [account.name for account in without] == ["Harbour Day Clinic"]
    assert Opportunity.objects.visible_to(account_manager).exclude(contacts__name="Ines Prado").count() == 4
    assert Account.objects.visible_to(account_manager).distinct().annotate(n=Count("contacts")).count() == 2


def test_annotated_subquery_carries_its_own_scope(world: World, account_manager: User) -> None:
    deals = Opportunity.objects.visible_to(account_manager).filter(account=OuterRef("pk")).values("account")
    counted = Account.objects.visible_to(account_manager).annotate(
        n=Subquery(deals.order_by().annotate(n=Count("pk")).values("n"))
    )

    assert {account.name: account.n for account in counted} == {"Harbour Clinics": 4, "Harbour Day Clinic": 1}


@pytest.mark.parametrize("model", SCOPED, ids=lambda model: model.__name__)
def test_inactive_user_sees_and_edits_nothing(model: Any, world: World, account_manager: User) -> None:
    factories.create_objective(world.plan)
    account_manager.is_active = False

    if model is not Change:
        assert list(model.objects.visible_to(account_manager)) == []
        assert list(model.objects.editable_by(account_manager)) == []


@pytest.mark.django_db
def test_inactive_user_sees_no_catalog() -> None:
    user = factories.create_user(is_active=False)
    factories.create_product()

    assert list(apps.get_model("crm", "Product").objects.visible_to(user)) == []
    assert list(User.objects.visible_to(user)) == []


def test_unscoped_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="reason"):
        Account.objects.unscoped("")


@pytest.mark.django_db
def test_none_is_empty_and_open() -> None:
    assert list(Account.objects.none()) == []
    assert Account.objects.none().count() == 0


def test_uniqueness_holds_for_rows_nobody_sees(world: World) -> None:
    hidden = factories.create_account(
        "Far", source="erp", external_id="1", territory=world.far_account.territory
    )
    twin = Account(name="Near", source="erp", external_id=hidden.external_id)

    with pytest.raises(ValidationError, match="already exists"):
        twin.full_clean()
    with pytest.raises(ValidationError, match="takes part already"):
        AccountPlanParticipant(
            plan=world.plan, user=factories.add_participant(world.plan, factories.create_user()).user
        ).full_clean()


def test_clean_runs_outside_of_the_opened_gate(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Account, "clean", lambda self: Account.objects.count())

    with pytest.raises(UnscopedQueryError):
        world.account.full_clean()


@pytest.mark.django_db
def test_gate_closes_behind_its_block() -> None:
    with gate_open("test"):
        assert Account.objects.count() == 0

    with pytest.raises(UnscopedQueryError):
        Account.objects.count()
