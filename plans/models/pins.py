"""Records that somebody put into a plan's numbers, or took out of them, by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import Account, Opportunity, Order, RevenueSchedule
from kam.core.models import BaseModel
from kam.users.models import User
from plans.enums import PinEffect, RecordKind
from plans.models.plans import ByPlanQuerySet, Plan

MOST_PINS = 1_000  # of one plan: what is more is no exception, but another rule
RECORDS = {
    RecordKind.OPPORTUNITY: Opportunity,
    RecordKind.SCHEDULE: RevenueSchedule,
    RecordKind.ORDER: Order,
}


class PlanPinQuerySet(ByPlanQuerySet):
    """Seen by who sees the plan, its numbers and the record."""

    def filter_visible(self, user: User) -> PlanPinQuerySet:
        plans = Plan.objects.visible_to(user)
        if not user.has_perm("plans.view_numbers"):
            plans = plans.taking_part(user)
        open_to = Q()
        for kind, model in RECORDS.items():
            open_to |= Q(**{f"{kind}__in": model.objects.visible_to(user).values("pk")})
        return self.filter(open_to, plan__in=plans.values("pk"))

    def putting_in(self) -> PlanPinQuerySet:
        return self.filter(effect=PinEffect.INCLUDE)

    def with_records(self) -> PlanPinQuerySet:
        return self.select_related(
            "created_by",
            "opportunity__account",
            "schedule__line__opportunity__account",
            "order__account",
        )


class PlanPin(BaseModel):
    """One exception to what a plan counts (domain.md, *Linking revenue to plans*, 4).

    It holds whatever else changes, and goes with its record: without constraints on the records, triggers see
    to that also after raw SQL (`plans.triggers`).
    """

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="pins")
    effect = models.CharField(max_length=10, choices=PinEffect.choices)
    opportunity = models.ForeignKey(
        Opportunity, models.CASCADE, null=True, blank=True, related_name="pins", db_constraint=False
    )
    schedule = models.ForeignKey(
        RevenueSchedule, models.CASCADE, null=True, blank=True, related_name="pins", db_constraint=False
    )
    order = models.ForeignKey(
        Order, models.CASCADE, null=True, blank=True, related_name="pins", db_constraint=False
    )
    reason = models.CharField(max_length=500)

    objects = PlanPinQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")
        verbose_name = _("pin")
        constraints = (
            models.CheckConstraint(
                condition=Q(opportunity__isnull=False, schedule__isnull=True, order__isnull=True)
                | Q(opportunity__isnull=True, schedule__isnull=False, order__isnull=True)
                | Q(opportunity__isnull=True, schedule__isnull=True, order__isnull=False),
                name="plan_pin_names_one_record",
                violation_error_message=_("Name one record."),
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="plan_pin_has_a_reason",
                violation_error_message=_("Say why."),
            ),
            *(
                models.UniqueConstraint(
                    fields=("plan", kind),
                    name=f"plan_pin_{kind}_once",
                    violation_error_message=_("This record is put in or left out by hand already."),
                )
                for kind in RecordKind.values
            ),
        )

    def __str__(self) -> str:
        """Without the record's name: not everybody who reads the plan's history may know it."""
        return f"{self.get_effect_display()}: {RecordKind(self.kind).label.lower()}"

    @property
    def change_container_id(self) -> Any:
        return self.plan_id

    @property
    def kind(self) -> str:
        return next(kind for kind in RecordKind.values if getattr(self, f"{kind}_id"))

    @property
    def record(self) -> Opportunity | RevenueSchedule | Order:
        return getattr(self, self.kind)

    @property
    def record_id(self) -> UUID:
        return getattr(self, f"{self.kind}_id")

    @property
    def is_used(self) -> bool:
        """Whether the plan's basis counts records of this kind."""
        return self.kind in self.plan.record_kinds


class RecordFacts(NamedTuple):
    """What is told of a record, whatever it is."""

    name: str
    opportunity_id: UUID | None
    account: Account
    date: date
    amount: Decimal
    currency: str


def facts_of_record(record: Opportunity | RevenueSchedule | Order) -> RecordFacts:
    """Of a record that was read with its account."""
    if isinstance(record, Order):
        return RecordFacts(
            record.document_number, None, record.account, record.date, record.amount, record.currency
        )
    is_schedule = isinstance(record, RevenueSchedule)
    deal = record.line.opportunity if is_schedule else record
    day = record.date if is_schedule else record.close_date
    return RecordFacts(deal.name, deal.pk, deal.account, day, record.amount, deal.currency)


def facts_of(pin: PlanPin) -> RecordFacts:
    """Of the record of a pin that was read `with_records`."""
    return facts_of_record(pin.record)
