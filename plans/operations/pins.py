"""Putting a record into a plan's numbers by hand, or leaving it out."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from plans.enums import RecordKind
from plans.models import Plan, PlanPin
from plans.models.pins import MOST_PINS

CALLER = "the caller loaded plan and record through the gate"


@transaction.atomic
def pin_record(*, plan: Plan, record: Any, kind: str, effect: str, reason: str) -> tuple[PlanPin, bool]:
    """Pin a record to a plan; returns the pin and whether it is new. The same again changes nothing."""
    list(Plan.objects.unscoped(CALLER).select_for_update().filter(pk=plan.pk).values_list("pk"))
    pins = PlanPin.objects.unscoped(CALLER).filter(plan=plan)
    pin = PlanPin(plan=plan, effect=effect, reason=reason.strip(), **{RecordKind(kind).value: record})
    same = pins.filter(effect=effect, reason=pin.reason, **{RecordKind(kind).value: record}).first()
    if same is not None:
        return same, False
    if pins.count() >= MOST_PINS:
        raise ValidationError(_("A plan has at most %(most)s records pinned by hand.") % {"most": MOST_PINS})
    pin.full_clean()
    pin.save()
    return pin, True
