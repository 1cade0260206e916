from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from crm import policies
from crm.enums import ActivityStatus, CallFrequency, PickList
from crm.models.catalog import PickListValue
from crm.models.territories import Territory, territories_of
from kam.core.addresses import record_url
from kam.core.clock import company_today
from kam.core.fields import WebAddressField
from kam.core.models import SourcedModel, TrackedScopedQuerySet, TreeEdge
from kam.core.money import CurrencyField
from kam.users.models import Role, User
from kam.users.subqueries import IdsFor


def reached_by(user: User, path: str = "") -> Q:
    """Accounts, at `path`, that a user of the field owns or has in a territory."""
    return Q(**{f"{path}owner": user}) | Q(**{f"{path}territory_id__any_of": territories_of(user)})


class AccountQuerySet(TrackedScopedQuerySet):
    def filter_visible(self, user: User) -> AccountQuerySet:
        """Own ones and those of the user's territories; a system sees its own source."""
        if user.role in {Role.ADMIN, Role.EXECUTIVE}:
            return self
        if user.role == Role.INTEGRATION:
            return self.filter(source=user.source) if user.source else self.none()
        return self.filter(reached_by(user))

    def filter_editable(self, user: User) -> AccountQuerySet:
        if user.role in {Role.ADMIN, Role.INTEGRATION, Role.MANAGER}:
            return self
        return self.filter(owner=user) if user.role in {Role.KAM, Role.MSL} else self.none()

    def below(self, account: Account) -> AccountQuerySet:
        """The account and everything below it in its tree."""
        return self.filter(edges_up__ancestor=account)

    def with_last_activity(self) -> AccountQuerySet:
        """Annotate `last_activity_on`: the latest done activity that counts for cadence."""
        activity = self.model._meta.get_field("activities").related_model
        latest = (
            activity._base_manager.filter(
                account=OuterRef("pk"), status=ActivityStatus.DONE, type__counts_for_cadence=True
            )
            .order_by("-done_on")
            .values("done_on")[:1]
        )
        return self.annotate(last_activity_on=Subquery(latest))


class Account(SourcedModel):
    """A customer or prospect; groups of companies are trees."""

    name = models.CharField(max_length=200)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    territory = models.ForeignKey(Territory, models.PROTECT, null=True, blank=True, related_name="accounts")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="owned_accounts"
    )
    industry = models.ForeignKey(
        PickListValue,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"pick_list": PickList.INDUSTRY},
    )
    account_type = models.ForeignKey(
        PickListValue,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"pick_list": PickList.ACCOUNT_TYPE},
    )
    current_segment = models.ForeignKey(
        PickListValue,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"pick_list": PickList.SEGMENT},
    )
    target_segment = models.ForeignKey(
        PickListValue,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"pick_list": PickList.SEGMENT},
    )
    website = WebAddressField(blank=True)
    address = models.TextField(blank=True, max_length=1_000)
    currency = CurrencyField(blank=True, help_text=_("The currency this account buys in."))
    business_overview = models.TextField(blank=True, max_length=20_000)
    call_frequency = models.CharField(
        max_length=20, choices=CallFrequency.choices, default=CallFrequency.NONE
    )

    objects = AccountQuerySet.as_manager()

    class Meta(SourcedModel.Meta):
        ordering = ("name", "id")
        indexes = (
            models.Index(fields=("name", "id"), name="account_name"),
            models.Index(fields=("territory", "name"), name="account_territory"),
        )

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return record_url("crm:account_detail", self.pk)

    @property
    def change_container_id(self) -> Any:
        return self.pk

    def clean(self) -> None:
        super().clean()
        errors: dict[str, Any] = {}
        for name in ("industry", "account_type", "current_segment", "target_segment"):
            value, expected = getattr(self, name), self._meta.get_field(name).remote_field.limit_choices_to
            if value is not None and value.pick_list != expected["pick_list"]:
                errors[name] = _("“%(name)s” is not one of its values.") % {"name": value}
        if (
            self.parent_id
            and AccountEdge.objects.filter(ancestor=self.pk, descendant=self.parent_id).exists()
        ):
            errors["parent"] = _("An account cannot lie below itself.")
        if errors:
            raise ValidationError(errors)

    @property
    def next_activity_due_on(self) -> date | None:
        """When the next call is due; needs `with_last_activity()`."""
        since = company_today(self.created_at)
        return policies.next_call_due(
            last_call=self.last_activity_on, frequency=self.call_frequency, since=since
        )  # type: ignore[attr-defined]


class AccountEdge(TreeEdge):
    """Kept by triggers; see `kam.core.trees`."""

    ancestor = models.ForeignKey(Account, models.DO_NOTHING, related_name="edges_down", db_index=False)
    descendant = models.ForeignKey(Account, models.DO_NOTHING, related_name="edges_up")

    def __str__(self) -> str:
        return f"{self.ancestor_id} > {self.descendant_id}"

    @classmethod
    def ids_below(cls, account_id: UUID, *, includes_below: bool = True) -> models.QuerySet:
        """Ids of an account and of those below it, or of it alone, for use in a subquery."""
        below = cls.objects.filter(ancestor=account_id)
        return (below if includes_below else below.filter(depth=0)).values("descendant_id")


def _accounts_of(user: User) -> models.QuerySet:
    """Ids of the accounts that a user of the field sees."""
    return Account.objects.visible_to(user).values("pk")


accounts_of = IdsFor(_accounts_of)


class ByAccountQuerySet(TrackedScopedQuerySet):
    """Rows that follow the visibility of their `account`."""

    def filter_visible(self, user: User) -> ByAccountQuerySet:
        if user.role in {Role.ADMIN, Role.EXECUTIVE}:
            return self
        if user.role == Role.INTEGRATION:
            return self.filter(source=user.source) if user.source else self.none()
        return self.filter(account_id__in=accounts_of(user))

    def filter_editable(self, user: User) -> ByAccountQuerySet:
        if user.role in {Role.ADMIN, Role.INTEGRATION, Role.MANAGER}:
            return self
        return self.filter(account__owner=user) if user.role in {Role.KAM, Role.MSL} else self.none()


class OwnedByAccountQuerySet(ByAccountQuerySet):
    """Rows with an owner of their own: who owns a row sees and edits it, whoever has the account."""

    def read_in_order(self) -> OwnedByAccountQuerySet:
        """Say, before `visible_to`, that of very many rows the first in the order of an index are wanted.

        It changes how the database goes about it, never which rows there are.
        """
        clone = self._chain()  # type: ignore[attr-defined]
        clone.query.is_read_in_order = True
        return clone

    def filter_visible(self, user: User) -> OwnedByAccountQuerySet:
        if user.role in {Role.ADMIN, Role.EXECUTIVE, Role.INTEGRATION}:
            return super().filter_visible(user)
        # Who sees a good part of all has the account of each row looked at, as far as the list is read.
        # Who sees few accounts has their rows found by index, or, along an index, looked up among the few.
        if user.role == Role.MANAGER:
            return self.filter(Q(owner=user) | reached_by(user, "account__"))
        accounts = Account.objects.visible_to(user)
        if getattr(self.query, "is_read_in_order", False):
            return self.filter(Q(owner=user) | Exists(accounts.filter(pk=OuterRef("account_id"))))
        return self.filter(Q(owner=user) | Q(account_id__any_of=accounts_of(user)))

    def filter_editable(self, user: User) -> OwnedByAccountQuerySet:
        if user.role in {Role.ADMIN, Role.INTEGRATION, Role.MANAGER}:
            return self
        if user.role not in {Role.KAM, Role.MSL}:
            return self.none()
        return self.filter(Q(owner=user) | Q(owner=None, account__owner=user))


class Contact(SourcedModel):
    """A person at an account."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=200)
    job_title = models.CharField(max_length=200, blank=True)
    department = models.CharField(max_length=200, blank=True)
    specialty = models.CharField(max_length=200, blank=True, help_text=_("Of a health-care professional."))
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=50, blank=True)
    reports_to = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="reports")

    objects = ByAccountQuerySet.as_manager()

    class Meta(SourcedModel.Meta):
        ordering = ("name", "id")
        indexes = (models.Index(F("account"), F("name"), name="contact_account"),)

    def __str__(self) -> str:
        return self.name

    @property
    def change_container_id(self) -> Any:
        return self.account_id
