"""What can be written in bulk: the fields a row may name, and how a row is found again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import models

from crm.models import (
    Account,
    Activity,
    ActivityType,
    Contact,
    ExchangeRate,
    Opportunity,
    OpportunityLine,
    Order,
    PickListValue,
    Product,
    ProductCategory,
    RevenueSchedule,
    Stage,
    Territory,
)
from kam.core.models import BaseModel

KEY = ("source", "external_id")
Values = dict[str, Any]


@dataclass(frozen=True)
class Children:
    """Rows nested in a row, which replace what is stored: matched by one field, in order."""

    name: str  # in the row
    model: type[BaseModel]
    parent: str  # the foreign key to the row
    match: str  # the foreign key or field that says which stored one a given one is
    fields: tuple[str, ...]
    children: Children | None = None


@dataclass(frozen=True)
class Kind:
    """One kind of record. `natural` names the fields that identify a row without a source."""

    name: str
    model: type[BaseModel]
    fields: tuple[str, ...]
    natural: tuple[str, ...] = ()
    many: tuple[str, ...] = ()
    tree: str = ""
    children: Children | None = None
    follow_change: Callable[[Values, Values], None] | None = None
    in_api: bool = True
    is_sourced: bool = field(default=True)

    @cached_property
    def allowed(self) -> frozenset[str]:
        nested = (self.children.name,) if self.children else ()
        return frozenset((*(KEY if self.is_sourced else ()), *self.fields, *self.many, *nested))

    @cached_property
    def columns(self) -> dict[str, models.Field]:
        """The concrete fields a row may name, apart from its source and external id."""
        return {name: self.model._meta.get_field(name) for name in self.fields}

    @property
    def label(self) -> str:
        return str(self.model._meta.verbose_name)


def follow_stage(given: Values, stored: Values) -> None:
    """A changed stage brings its own probability, unless the row says another."""
    if given.get("stage_id", stored["stage_id"]) != stored["stage_id"]:
        given.setdefault("probability", None)  # the model takes it from the stage


SCHEDULES = Children("schedules", RevenueSchedule, "line", "date", ("date", "amount"))
LINES = Children(
    "lines",
    OpportunityLine,
    "opportunity",
    "product",
    ("product", "quantity", "unit_price", "amount"),
    SCHEDULES,
)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "accounts",
            Account,
            (
                "name",
                "parent",
                "territory",
                "owner",
                "industry",
                "account_type",
                "current_segment",
                "target_segment",
                "website",
                "address",
                "currency",
                "business_overview",
                "call_frequency",
            ),
            tree="parent",
        ),
        Kind(
            "contacts",
            Contact,
            ("account", "name", "job_title", "department", "specialty", "email", "phone", "reports_to"),
        ),
        Kind(
            "product-categories",
            ProductCategory,
            ("code", "name", "parent"),
            natural=("code",),
            tree="parent",
        ),
        Kind(
            "products",
            Product,
            ("code", "name", "category", "is_active", "is_competitor"),
            natural=("code",),
        ),
        Kind(
            "opportunities",
            Opportunity,
            (
                "account",
                "name",
                "stage",
                "amount",
                "currency",
                "probability",
                "close_date",
                "owner",
                "next_step",
            ),
            many=("contacts",),
            children=LINES,
            follow_change=follow_stage,
        ),
        Kind(
            "orders",
            Order,
            ("account", "date", "product", "quantity", "amount", "currency", "document_number"),
        ),
        Kind(
            "activities",
            Activity,
            (
                "type",
                "account",
                "subject",
                "status",
                "planned_for",
                "done_on",
                "owner",
                "quantity",
                "notes",
                "next_step",
            ),
            many=("contacts", "participants"),
        ),
        # What the records above refer to: for whoever sets a system up, not part of the API's bulk.
        Kind(
            "territories",
            Territory,
            ("code", "name", "parent"),
            natural=("code",),
            tree="parent",
            in_api=False,
        ),
        Kind(
            "stages",
            Stage,
            ("name", "order", "default_probability", "is_closed", "is_won", "forecast_category"),
            natural=("name",),
            in_api=False,
        ),
        Kind(
            "activity-types",
            ActivityType,
            ("name", "counts_for_cadence", "counts_as_commitment"),
            natural=("name",),
            in_api=False,
        ),
        Kind(
            "exchange-rates",
            ExchangeRate,
            ("currency", "valid_from", "rate"),
            natural=("currency", "valid_from"),
            in_api=False,
        ),
        Kind(
            "pick-list-values",
            PickListValue,
            ("pick_list", "name", "meaning", "order", "is_retired"),
            natural=("pick_list", "name"),
            in_api=False,
            is_sourced=False,
        ),
    )
}
