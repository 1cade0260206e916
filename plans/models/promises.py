"""What we have promised to the customer: calls and trainings, co-op money, rebates, events.

How far a promise is kept is computed from activities and orders (`metrics.promises`), never entered.
`is_external` says that the customer's version of the ledger may show it: nothing is external unless
somebody said so.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm.enums import PickList
from crm.models import ActivityType, PickListValue
from kam.core.changes import bump_version
from kam.core.fields import MoneyField, MoneyTotalField, PercentField, QuantityField
from kam.core.formatting import format_number
from kam.core.models import BaseModel
from kam.core.money import validate_minor_units
from kam.core.writing import check_all
from plans.enums import ExpenseStatus
from plans.models.plans import OF_AN_ACCOUNT, ByPlanQuerySet, Plan

EXTERNAL_HELP = _("The customer's version of the page may show it.")


def pick_list_key(pick_list: str) -> models.ForeignKey:
    """One value of a list that an administrator edits; old rows keep a retired one."""
    return models.ForeignKey(
        PickListValue,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"pick_list": pick_list},
    )


def check_pick(value: PickListValue | None, pick_list: str, field: str) -> None:
    if value is not None and value.pick_list != pick_list:
        raise ValidationError({field: _("“%(name)s” is not one of its values.") % {"name": value}})


# --- Things we do -----------------------------------------------------------------------------
class Commitment(BaseModel):
    """“We promise 8 joint calls”: filled by counting what was done with the account in the plan's period."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="commitments", limit_choices_to=OF_AN_ACCOUNT)
    activity_type = models.ForeignKey(ActivityType, models.PROTECT, related_name="commitments")
    quantity = QuantityField(help_text=_("How many we promise."))
    due_date = models.DateField(
        null=True, blank=True, help_text=_("By when. Left empty: the end of the plan.")
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="owned_commitments")
    description = models.CharField(
        max_length=200, blank=True, help_text=_("What we promise, in words for the customer.")
    )
    notes = models.TextField(blank=True, max_length=5_000, help_text=_("For us only."))
    is_external = models.BooleanField(_("show to the customer"), default=False, help_text=EXTERNAL_HELP)

    log_related = ("activity_type",)

    objects = ByPlanQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("plan", "activity_type"),
                name="commitment_type_once",
                violation_error_message=_("The plan promises these already: change how many."),
            ),
            models.CheckConstraint(
                condition=Q(quantity__gt=0),
                name="commitment_promises_something",
                violation_error_message=_("Promise more than nothing."),
            ),
        )

    def __str__(self) -> str:
        digits = max(0, -int(Decimal(self.quantity).normalize().as_tuple().exponent))
        return f"{format_number(self.quantity, digits=digits)} × {self.activity_type}"

    @property
    def change_container_id(self) -> Any:
        return self.plan_id

    @property
    def due_on(self) -> datetime.date:
        """By when it is to be kept; needs the plan where no day was agreed."""
        return self.due_date or self.plan.end_date

    def clean(self) -> None:
        super().clean()
        errors: dict[str, Any] = {}
        if self.quantity is not None and self.quantity <= 0:
            errors["quantity"] = _("Promise more than nothing.")
        changed = {field.name for field in self.changed_fields()}
        is_new_type = self.activity_type_id and "activity_type" in changed
        if is_new_type and not self.activity_type.counts_as_commitment:
            text = _("“%(type)s” cannot be promised to a customer.") % {"type": self.activity_type}
            errors["activity_type"] = text
        if self.due_date and self.plan_id and not self.plan.start_date <= self.due_date <= self.plan.end_date:
            errors["due_date"] = _("The day lies outside the plan's period.")
        if errors:
            raise ValidationError(errors)


class PlanEvent(BaseModel):
    """A trade show, a training day: what we hold or visit together."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="events", limit_choices_to=OF_AN_ACCOUNT)
    name = models.CharField(max_length=200)
    kind = pick_list_key(PickList.PLAN_EVENT_KIND)
    date = models.DateField()
    end_date = models.DateField(null=True, blank=True, help_text=_("Left empty: it takes one day."))
    place = models.CharField(max_length=200, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="owned_plan_events")
    notes = models.TextField(blank=True, max_length=5_000, help_text=_("For us only."))
    is_external = models.BooleanField(_("show to the customer"), default=False, help_text=EXTERNAL_HELP)

    objects = ByPlanQuerySet.as_manager()

    class Meta:
        ordering = ("date", "name", "id")
        verbose_name = _("event")
        constraints = (
            models.CheckConstraint(
                condition=Q(end_date__isnull=True) | Q(end_date__gte=F("date")),
                name="plan_event_ends_after_start",
                violation_error_message=_("It ends before it begins."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def change_container_id(self) -> Any:
        return self.plan_id

    @property
    def last_day(self) -> datetime.date:
        return self.end_date or self.date

    def clean(self) -> None:
        super().clean()
        check_all(partial(check_pick, self.kind, PickList.PLAN_EVENT_KIND, "kind"), self._check_period)

    def _check_period(self) -> None:
        if self.date and self.end_date and self.end_date < self.date:
            raise ValidationError({"end_date": _("It ends before it begins.")})


# --- Money we share ---------------------------------------------------------------------------
class CoopFund(BaseModel):
    """Marketing money that we share with a customer, in the plan's currency."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="coop_funds", limit_choices_to=OF_AN_ACCOUNT)
    name = models.CharField(max_length=200)
    amount = MoneyField()
    terms = models.TextField(
        blank=True, max_length=5_000, help_text=_("What it is for, and what the customer does for it.")
    )
    is_external = models.BooleanField(_("show to the customer"), default=False, help_text=EXTERNAL_HELP)

    objects = ByPlanQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")
        verbose_name = _("co-op fund")
        constraints = (
            models.CheckConstraint(
                condition=Q(amount__gte=0),
                name="coop_fund_not_negative",
                violation_error_message=_("The amount cannot be negative."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def change_container_id(self) -> Any:
        return self.plan_id

    def clean(self) -> None:
        super().clean()
        if self.plan_id:
            check_amount(self.amount, self.plan.currency)


class CoopExpenseQuerySet(ByPlanQuerySet):
    plan_path = "fund__plan"


class CoopExpense(BaseModel):
    """What co-op money goes to. Only what is spent or approved lessens the fund."""

    fund = models.ForeignKey(CoopFund, models.CASCADE, related_name="expenses")
    name = models.CharField(_("what for"), max_length=200)
    kind = pick_list_key(PickList.COOP_EXPENSE_KIND)
    date = models.DateField()
    amount = MoneyField()
    status = models.CharField(max_length=20, choices=ExpenseStatus.choices, default=ExpenseStatus.PLANNED)
    evidence = models.CharField(
        max_length=500, blank=True, help_text=_("Invoice number, photo, link: what shows that it was done.")
    )
    is_external = models.BooleanField(_("show to the customer"), default=False, help_text=EXTERNAL_HELP)

    log_related = ("fund",)

    objects = CoopExpenseQuerySet.as_manager()

    class Meta:
        ordering = ("date", "created_at", "id")
        verbose_name = _("co-op expense")
        constraints = (
            models.CheckConstraint(
                condition=Q(amount__gte=0),
                name="coop_expense_not_negative",
                violation_error_message=_("The amount cannot be negative."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def plan(self) -> Plan:
        return self.fund.plan

    @property
    def change_container_id(self) -> Any:
        return self.fund.plan_id

    @property
    def evidence_url(self) -> str:
        """The evidence where it is an address of the web."""
        is_address = self.evidence.startswith(("https://", "http://")) and " " not in self.evidence
        return self.evidence if is_address else ""

    def clean(self) -> None:
        super().clean()
        checks = [partial(check_pick, self.kind, PickList.COOP_EXPENSE_KIND, "kind")]
        if self.fund_id:
            checks.append(partial(check_amount, self.amount, self.plan.currency))
        check_all(*checks)


def check_amount(amount: Decimal | None, currency: str) -> None:
    if amount is not None and amount < 0:
        raise ValidationError({"amount": _("The amount cannot be negative.")})
    validate_minor_units(amount, currency, "amount")


# --- Money we give back -----------------------------------------------------------------------
class RebateProgram(BaseModel):
    """Money back on what the plan's accounts order within the programme's period, by tiers."""

    plan = models.ForeignKey(
        Plan, models.CASCADE, related_name="rebate_programs", limit_choices_to=OF_AN_ACCOUNT
    )
    name = models.CharField(max_length=200)
    start_date = models.DateField()
    end_date = models.DateField()
    terms = models.TextField(blank=True, max_length=5_000, help_text=_("When and how it is paid."))
    is_external = models.BooleanField(_("show to the customer"), default=False, help_text=EXTERNAL_HELP)

    objects = ByPlanQuerySet.as_manager()

    class Meta:
        ordering = ("start_date", "created_at", "id")
        verbose_name = _("rebate programme")
        constraints = (
            models.CheckConstraint(
                condition=Q(start_date__lte=F("end_date")),
                name="rebate_starts_before_end",
                violation_error_message=_("It ends before it begins."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def change_container_id(self) -> Any:
        return self.plan_id

    def clean(self) -> None:
        super().clean()
        if self.start_date and self.end_date and self.start_date > self.end_date:
            raise ValidationError({"end_date": _("It ends before it begins.")})

    def check_tiers(self, tiers: Iterable[tuple[Decimal, Decimal]]) -> list[RebateTier]:
        """Each by itself, no two from the same amount on, and more orders never bring a smaller rebate.

        Raises `ValidationError` with paths such as `tiers.1.threshold`.
        """
        rows = [
            RebateTier(program=self, threshold=threshold, percent=percent) for threshold, percent in tiers
        ]
        errors: dict[str, Any] = {}
        seen: set[Decimal] = set()
        for place, tier in enumerate(rows):
            found = tier.errors()
            errors |= {f"tiers.{place}.{name}": error for name, error in found.items()}
            if not found and tier.threshold in seen:
                errors[f"tiers.{place}.threshold"] = _("There is a tier from this amount on already.")
            seen.add(tier.threshold)
        if errors:
            raise ValidationError(errors)
        ordered = sorted(enumerate(rows), key=lambda pair: pair[1].threshold)
        for (_place, lower), (place, higher) in pairwise(ordered):
            if higher.percent < lower.percent:
                text = _("More orders cannot bring a smaller rebate.")
                raise ValidationError({f"tiers.{place}.percent": text})
        return rows

    @transaction.atomic
    def save_with_tiers(self, tiers: Iterable[tuple[Decimal, Decimal]]) -> None:
        """Save the checked programme and bring its tiers to these (threshold, percent) pairs.

        Tiers that stay as they are write nothing; any change of them raises the programme's version.
        Raises `ValidationError` as `check_tiers` does before anything is written.
        """
        wanted = self.check_tiers(tiers)
        is_new, version = self._state.adding, self.version
        self.save()
        rows = RebateTier.objects.unscoped("the tiers of a programme loaded through the gate")
        stored = {tier.threshold: tier for tier in rows.filter(program=self).select_related("program")}
        is_changed = False
        for tier in wanted:
            found = stored.pop(tier.threshold, tier)
            if found is tier or found.percent != tier.percent:
                found.percent = tier.percent
                found.save()
                is_changed = True
        for tier in stored.values():
            tier.delete()
        if (is_changed or stored) and not is_new and self.version == version:
            bump_version(self)


class RebateTierQuerySet(ByPlanQuerySet):
    plan_path = "program__plan"


class RebateTier(BaseModel):
    """From this turnover on, so many percent back."""

    program = models.ForeignKey(RebateProgram, models.CASCADE, related_name="tiers")
    threshold = MoneyTotalField(_("from orders of"))
    percent = PercentField(_("rebate in percent"))

    log_related = ("program",)

    objects = RebateTierQuerySet.as_manager()

    class Meta:
        ordering = ("program", "threshold")
        constraints = (
            models.UniqueConstraint(
                fields=("program", "threshold"),
                name="rebate_tier_once",
                violation_error_message=_("There is a tier from this amount on already."),
            ),
            models.CheckConstraint(
                condition=Q(threshold__gte=0, percent__gte=0),
                name="rebate_tier_not_negative",
                violation_error_message=_("A tier cannot be negative."),
            ),
        )

    def __str__(self) -> str:
        return _("Tier of %(program)s") % {"program": self.program}  # no amounts: the log shows it to readers

    @property
    def plan(self) -> Plan:
        return self.program.plan

    @property
    def change_container_id(self) -> Any:
        return self.program.plan_id

    def clean(self) -> None:
        super().clean()
        if self.threshold is not None and self.threshold < 0:
            raise ValidationError({"threshold": _("A tier cannot be negative.")})
        if self.program_id:
            validate_minor_units(self.threshold, self.plan.currency, "threshold")

    def errors(self) -> dict[str, Any]:
        """What is wrong with the tier by itself, by field."""
        try:
            self.clean_fields(exclude={"program", "created_by", "updated_by"})
            self.clean()
        except ValidationError as error:
            return error.update_error_dict({})
        return {}
