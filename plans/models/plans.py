from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import partial
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.models import Account, AccountEdge, Territory
from crm.models.accounts import accounts_of, reached_by
from crm.models.territories import territories_of
from kam.core.addresses import record_url
from kam.core.aggregates import ExactSum
from kam.core.clock import company_today
from kam.core.fields import MoneyField, MoneyTotalField
from kam.core.models import BaseModel, TrackedScopedQuerySet
from kam.core.money import CurrencyField, validate_minor_units
from kam.core.writing import check_all
from kam.users.models import Role, User
from kam.users.subqueries import IdsFor
from plans import policies
from plans.enums import KINDS_OF_BASIS, Access, ColleagueRole, PlanStatus
from templates_app.enums import RevenueBasis, ReviewFrequency
from templates_app.models import PlanType, merged_values

OVER = (PlanStatus.COMPLETED, PlanStatus.ARCHIVED, PlanStatus.CANCELLED)
OF_AN_ACCOUNT = {"account__isnull": False}  # what a territory's plan cannot be chosen for
EDITING_ROLES = frozenset({Role.KAM, Role.MSL, Role.MANAGER})


class PlanQuerySet(TrackedScopedQuerySet):
    def taking_part(self, user: User) -> PlanQuerySet:
        """Plans the user owns or is a participant of."""
        return self.filter(Q(owner=user) | Q(pk__any_of=plans_shared_with(user)))

    def filter_visible(self, user: User) -> PlanQuerySet:
        """quality.md, section 3: own and shared ones; of the others those not confidential, by role."""
        if user.role == Role.INTEGRATION:
            return self.none()
        open_to_role = Q(is_confidential=False)
        if user.role == Role.ADMIN:  # asked within the statement: no list of an administrator costs one more
            kept = Permission.objects.filter(content_type__app_label="plans", codename="view_confidential")
            open_to_role |= Q(Exists(kept.filter(Q(user=user) | Q(group__user=user))))
        taking_part = Q(owner=user) | Q(pk__any_of=plans_shared_with(user))
        by_role = Q() if user.role in {Role.ADMIN, Role.EXECUTIVE} else self._in_reach_of(user)
        if user.role in {Role.EXECUTIVE, Role.VIEWER}:
            by_role &= ~Q(status=PlanStatus.DRAFT)
        return self.filter(taking_part | (open_to_role & by_role))

    def _in_reach_of(self, user: User) -> Q:
        """Plans of accounts that the user sees, and of territories the user works in or answers for."""
        if user.role == Role.MANAGER:  # sees a good part of all: the account of each row is looked at
            by_account = reached_by(user, "account__")
        else:
            by_account = Q(account_id__any_of=accounts_of(user))
        by_territory = Q(territory_id__any_of=territories_of(user))
        if issubclass(self.model, AccountPlan):
            return by_account
        return by_territory if issubclass(self.model, TerritoryBusinessPlan) else by_account | by_territory

    def filter_editable(self, user: User) -> PlanQuerySet:
        if user.role == Role.ADMIN:
            return self
        if user.role not in EDITING_ROLES:
            return self.none()
        editing = AccountPlanParticipant._base_manager.filter(user=user, access=Access.EDIT).values("plan_id")
        return self.filter(Q(owner=user) | Q(pk__in=editing))

    def open_to(self, user: User) -> PlanQuerySet:
        """Plans whose sensitive fields (what we think of people) the user sees: own ones, and those in line."""
        open_ones = Q(owner=user)
        if user.role in EDITING_ROLES:
            open_ones |= Q(pk__any_of=plans_shared_with(user))
        if user.role == Role.MANAGER:
            line = territories_of(user)
            below = Q(account__territory_id__any_of=line) | Q(territory_id__any_of=line)
            open_ones |= below & Q(is_confidential=False)
        return self.filter(open_ones)

    def showing(self, section: str) -> PlanQuerySet:
        """Plans whose type has this section."""
        return self.filter(plan_type__in=PlanType.objects.showing(section).values("pk"))

    def live(self) -> PlanQuerySet:
        """Neither over nor dropped."""
        return self.exclude(status__in=OVER)

    def covering(self, *, account_id: Any, on: date) -> PlanQuerySet:
        """Plans whose accounts and period a record of this account and day lies in."""
        above = AccountEdge.objects.filter(descendant_id=account_id)
        return self.filter(
            Q(account_id=account_id)
            | Q(include_child_accounts=True, account_id__in=above.values("ancestor_id")),
            start_date__lte=on,
            end_date__gte=on,
        ).exclude(status=PlanStatus.CANCELLED)

    def current(self, *, today: date) -> PlanQuerySet:
        return self.live().filter(start_date__lte=today, end_date__gte=today)


PlanManager: Any = models.Manager.from_queryset(PlanQuerySet)


class Plan(BaseModel):
    """What a team will achieve over a period with an account, or in a territory. Its numbers live in `metrics`.

    Rows come as what they are: an `AccountPlan` or a `TerritoryBusinessPlan`.
    """

    name = models.CharField(max_length=200)
    account = models.ForeignKey(Account, models.PROTECT, null=True, blank=True, related_name="plans")
    territory = models.ForeignKey(
        Territory,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="plans",
        help_text=_("Its accounts and those of the territories below it are what the plan is about."),
    )
    plan_type = models.ForeignKey(PlanType, models.PROTECT, related_name="account_plans")
    start_date = models.DateField()
    end_date = models.DateField()
    status = models.CharField(
        max_length=20, choices=PlanStatus.choices, default=PlanStatus.DRAFT, editable=False
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="owned_plans")
    currency = CurrencyField()
    sales_target = MoneyTotalField(null=True, blank=True, help_text=_("What is to be won in the period."))
    stretch_target = MoneyTotalField(null=True, blank=True)
    target_from_lines = models.BooleanField(
        default=False, help_text=_("The sales target is the sum of the target lines.")
    )
    revenue_basis = models.CharField(
        max_length=20,
        choices=RevenueBasis.choices,
        default=RevenueBasis.OPPORTUNITY,
        help_text=_("What counts as won revenue."),
    )
    include_child_accounts = models.BooleanField(
        default=True, help_text=_("Count the accounts below this one in its tree.")
    )
    is_confidential = models.BooleanField(
        default=False, help_text=_("Only the owner and the participants know that this plan exists.")
    )
    parent_plan = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="child_plans",
        limit_choices_to=OF_AN_ACCOUNT,
    )
    copied_from = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="copies"
    )
    review_frequency = models.CharField(
        max_length=20, choices=ReviewFrequency.choices, default=ReviewFrequency.QUARTERLY
    )
    vision = models.TextField(blank=True, max_length=20_000)
    goals = models.TextField(_("our goals"), blank=True, max_length=20_000)
    customer_goals = models.TextField(
        _("the customer's own goals"), blank=True, max_length=20_000, help_text=_("In their words.")
    )
    business_overview = models.TextField(blank=True, max_length=20_000)
    short_term_plan = models.TextField(
        blank=True, max_length=20_000, help_text=_("The next two to four weeks.")
    )
    support_required = models.TextField(
        blank=True, max_length=20_000, help_text=_("Who inside must help, with what.")
    )
    risks = models.TextField(blank=True, max_length=20_000)
    competitors = models.TextField(blank=True, max_length=20_000)
    custom_values = models.JSONField(
        default=dict,
        blank=True,
        editable=False,
        help_text=_("What stands in the fields that the plan type adds, by their keys."),
    )

    objects = PlanManager()
    logged_as = "plans.accountplan"

    class Meta:
        db_table = "plans_accountplan"
        ordering = ("-start_date", "name", "id")
        permissions = (("view_confidential", _("Can see confidential plans (every look is logged)")),)
        indexes = (
            models.Index(fields=("account", "start_date", "end_date"), name="plan_account_period"),
            models.Index(fields=("owner", "status"), name="plan_owner_status"),
            models.Index(fields=("-start_date", "name", "id"), name="plan_default_order"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(start_date__lt=models.F("end_date")),
                name="plan_start_before_end",
                violation_error_message=_("The end date must be after the start date."),
            ),
            models.CheckConstraint(
                condition=Q(account__isnull=True) ^ Q(territory__isnull=True),
                name="plan_of_account_or_territory",
                violation_error_message=_("A plan is for an account or for a territory."),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @classmethod
    def from_db(cls, db: str | None, field_names: Iterable[str], values: Iterable[Any]) -> Any:
        """As the proxy that the row is, where it was read whole."""
        known = dict(zip(field_names, values := [*values], strict=False)) if cls is Plan else {}
        kind: Any = cls
        if "account_id" in known:
            kind = TerritoryBusinessPlan if known["account_id"] is None else AccountPlan
        return super(Plan, kind).from_db(db, field_names, values)

    def get_absolute_url(self) -> str:
        return record_url("plans:accountplan_detail", self.pk)

    @property
    def is_of_territory(self) -> bool:
        return self.territory_id is not None

    @property
    def subject_field(self) -> str:
        """Which field holds what it is for."""
        return "territory" if self.is_of_territory else "account"

    @property
    def subject(self) -> Account | Territory | None:
        """What the plan is for."""
        return self.territory if self.is_of_territory else self.account

    @property
    def subject_url(self) -> str:
        """The account's page, or the plans in the territory."""
        if self.is_of_territory or self.account is None:
            return f"{self.list_url}?territory={self.territory_id}"
        return self.account.get_absolute_url()

    @property
    def list_url(self) -> str:
        """The list of plans of its kind."""
        return reverse(f"plans:{'territoryplan' if self.is_of_territory else 'accountplan'}_list")

    def accounts(self) -> QuerySet:
        """Ids of the accounts that it is about, for use in a subquery."""
        if self.is_of_territory:
            inside = Account.objects.unscoped("accounts that a plan is about")
            return inside.filter(territory__edges_up__ancestor=self.territory_id).values("pk")
        account_id: Any = self.account_id
        return AccountEdge.ids_below(account_id, includes_below=self.include_child_accounts)

    @property
    def change_container_id(self) -> Any:
        return self.pk

    @property
    def record_kinds(self) -> tuple[str, ...]:
        """What it counts: its revenue first."""
        return KINDS_OF_BASIS[self.revenue_basis]

    def clean(self) -> None:
        super().clean()
        amounts = (partial(self._check_amount, field) for field in ("sales_target", "stretch_target"))
        check_all(self._check_period, *amounts, self._check_parent)

    def _check_period(self) -> None:
        if self.start_date and self.end_date and self.start_date >= self.end_date:
            raise ValidationError({"end_date": _("The end date must be after the start date.")})

    def _check_amount(self, field: str) -> None:
        amount = getattr(self, field)
        if amount is not None and amount < 0:
            raise ValidationError({field: _("A target cannot be negative.")})
        validate_minor_units(amount, self.currency, field)

    def _check_parent(self) -> None:
        if self.parent_plan_id and self.parent_plan_id == self.pk:
            raise ValidationError({"parent_plan": _("A plan cannot be its own parent.")})

    def take_custom_values(self, given: Mapping[str, Any]) -> None:
        """Put these values into the fields that the plan type adds; raises `ValidationError` by key."""
        self.custom_values = merged_values(
            self.plan_type.custom_fields.all(),
            current=self.custom_values,
            given=given,
            currency=self.currency,
        )

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.target_from_lines:  # a trigger keeps it so (`plans.triggers`); the log wants to know
            self.sales_target = self.sum_of_target_lines()
        super().save(*args, **kwargs)

    def sum_of_target_lines(self) -> Any:
        lines = self.target_lines.unscoped("the target of a plan is the sum of its lines")
        return lines.order_by().aggregate(sum=ExactSum("target", places=MoneyField.decimal_places))["sum"]

    def access_of(self, user: User) -> str | None:
        """What a participant may do (`Access`); None for who is none. Asks the loaded participants where there are."""
        loaded = getattr(self, "_prefetched_objects_cache", {}).get("participants")
        if loaded is not None:
            return next((part.access for part in loaded if part.user_id == user.pk), None)
        parts = AccountPlanParticipant._base_manager.filter(plan=self, user=user)
        return parts.values_list("access", flat=True).first()

    @property
    def is_live(self) -> bool:
        return self.status not in OVER

    @property
    def elapsed_percent(self) -> Any:
        """The part of the period that is over today, in percent."""
        share = policies.elapsed_share(start=self.start_date, end=self.end_date, today=company_today())
        return policies.as_percent(share)

    @property
    def days_left(self) -> int:
        """Days until the period ends, today not counted; negative once it is over."""
        return (self.end_date - company_today()).days

    @property
    def percent_complete(self) -> Any:
        """The weighted mean of the objectives' progress, in percent; None with nothing to do.

        Uses the prefetched objectives where there are some.
        """
        objectives = (
            self.objectives.all()
            if "objectives" in getattr(self, "_prefetched_objects_cache", {})
            else self.objectives.unscoped("progress of a plan that was loaded through the gate").with_work()
        )
        counted = [o for o in objectives if o.status not in policies.LEFT_OUT]
        return policies.as_percent(policies.weighted_mean((o.weight, o.progress) for o in counted))


class AccountPlanManager(PlanManager):
    def get_queryset(self) -> PlanQuerySet:
        return super().get_queryset().filter(account__isnull=False)


class AccountPlan(Plan):
    account: models.ForeignKey[Account, Account]
    account_id: UUID
    is_of_territory = False  # type: ignore[assignment]  # known by its kind, also where few columns were read
    objects = AccountPlanManager()

    class Meta:
        proxy = True


class TerritoryPlanManager(PlanManager):
    def get_queryset(self) -> PlanQuerySet:
        return super().get_queryset().filter(territory__isnull=False)


class TerritoryBusinessPlan(Plan):
    territory: models.ForeignKey[Territory, Territory]
    territory_id: UUID
    is_of_territory = True  # type: ignore[assignment]
    objects = TerritoryPlanManager()
    logged_as = "plans.territorybusinessplan"

    class Meta:
        proxy = True


class ByPlanQuerySet(TrackedScopedQuerySet):
    """Rows that follow their plan, at `plan_path`. Its type may leave out the `section` that they stand in."""

    plan_path = "plan"
    section = ""

    def filter_visible(self, user: User) -> ByPlanQuerySet:
        return self.filter(**{f"{self.plan_path}__in": Plan.objects.visible_to(user).values("pk")})

    def filter_editable(self, user: User) -> ByPlanQuerySet:
        return self.filter(**{f"{self.plan_path}__in": Plan.objects.editable_by(user).values("pk")})

    def in_shown_sections(self) -> Self:
        """Without those of plans whose type leaves their section out."""
        types = PlanType.objects.showing(self.section).values("pk")
        return self.filter(**{f"{self.plan_path}__plan_type__in": types})


class AccountPlanParticipant(BaseModel):
    """A colleague on the plan. Lives here and not with the stakeholders, as visibility rests on it."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="participants")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="plan_participations")
    role = models.CharField(max_length=30, choices=ColleagueRole.choices, default=ColleagueRole.TEAM_MEMBER)
    access = models.CharField(max_length=20, choices=Access.choices, default=Access.READ)

    log_related = ("user",)

    objects = ByPlanQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("plan", "user"),
                name="plan_participant_once",
                violation_error_message=_("This colleague takes part already."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"

    @property
    def change_container_id(self) -> Any:
        return self.plan_id


def _plans_shared_with(user: User) -> QuerySet:
    return AccountPlanParticipant._base_manager.filter(user=user).values("plan_id")


plans_shared_with = IdsFor(_plans_shared_with)
