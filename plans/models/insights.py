"""What medical colleagues learn from the people they talk to. It follows the account, and may serve the
plan of a territory: who takes part in that sees it, too."""

from __future__ import annotations

from datetime import date
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Count, Q
from django.db.models.functions import TruncMonth
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from crm import policies
from crm.enums import PickList
from crm.models import Account, Contact, PickListValue, Product, TerritoryEdge
from crm.models.accounts import reached_by
from kam.core.addresses import record_url
from kam.core.clock import company_today
from kam.core.models import BaseModel, TrackedScopedQuerySet
from kam.users.models import Role, User
from plans.models.plans import TerritoryBusinessPlan

LONGEST_INSIGHT = 5_000


class MedicalInsightQuerySet(TrackedScopedQuerySet):
    def filter_visible(self, user: User) -> Self:
        """By account, for who sees medical matters: medical colleagues of its territory, managers above.
        Whatever their role, who takes part in the territory's plan that it serves."""
        if user.role == Role.INTEGRATION:
            return self.none()
        if user.role in {Role.ADMIN, Role.EXECUTIVE}:
            return self
        plans = TerritoryBusinessPlan.objects.unscoped("those the user takes part in").taking_part(user)
        seen = Q(territory_business_plan_id__any_of=plans.values("pk"))
        if policies.sees_medical(user.role):
            seen |= Q(author=user) | reached_by(user, "account__")
        return self.filter(seen)

    def filter_editable(self, user: User) -> Self:
        if user.role == Role.ADMIN:
            return self
        return self.filter(author=user) if user.role == Role.MSL else self.none()

    def serving(self, plan: TerritoryBusinessPlan) -> Self:
        """Those noted for the plan, and those of its accounts in its period."""
        of_its_accounts = Q(
            account__territory_id__any_of=TerritoryEdge.objects.filter(ancestor=plan.territory_id).values(
                "descendant_id"
            ),
            date__gte=plan.start_date,
            date__lte=plan.end_date,
        )
        return self.filter(Q(territory_business_plan=plan) | of_its_accounts)

    def counts_by_month(self) -> list[tuple[date, UUID, int]]:
        """The first day of each month, the topic, and how many there are: where there are any."""
        bare = self.order_by().select_related(None).prefetch_related(None)
        months = bare.annotate(month=TruncMonth("date")).values("month", "topic_id")
        rows = months.annotate(count=Count("pk")).order_by("month", "topic__order", "topic__name")
        return [(row["month"], row["topic_id"], row["count"]) for row in rows]


class MedicalInsight(BaseModel):
    """One thing that somebody at an account said, asked or showed."""

    topic = models.ForeignKey(
        PickListValue,
        models.PROTECT,
        related_name="+",
        limit_choices_to={"pick_list": PickList.INSIGHT_TOPIC},
    )
    text = models.TextField(_("insight"), max_length=LONGEST_INSIGHT)
    date = models.DateField(help_text=_("The day you learned it."))
    account = models.ForeignKey(
        Account,
        models.CASCADE,
        related_name="medical_insights",
        help_text=_("Where it was said; that of the contact, if one is named."),
    )
    contact = models.ForeignKey(
        Contact, models.SET_NULL, null=True, blank=True, related_name="medical_insights"
    )
    product = models.ForeignKey(
        Product, models.PROTECT, null=True, blank=True, related_name="+", help_text=_("Also a competitor's.")
    )
    territory_business_plan = models.ForeignKey(
        TerritoryBusinessPlan,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="medical_insights",
        verbose_name=_("territory plan"),
        help_text=_("The plan of a territory that it serves."),
    )
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="medical_insights")

    objects = MedicalInsightQuerySet.as_manager()

    class Meta:
        ordering = ("-date", "-created_at", "id")
        verbose_name = _("medical insight")
        indexes = (
            # The list as it stands, page by page, and the latest of an account.
            models.Index(fields=("-date", "-created_at", "id"), name="insight_default_order"),
            models.Index(fields=("account", "-date"), name="insight_account_date"),
        )
        constraints = (
            models.CheckConstraint(
                condition=~Q(text=""),
                name="insight_says_something",
                violation_error_message=_("Say what you learned."),
            ),
        )

    def __str__(self) -> str:
        return Truncator(" ".join(self.text.split())).chars(60)

    def get_absolute_url(self) -> str:
        return record_url("plans:medicalinsight_detail", self.pk)

    def clean_fields(self, exclude: Any = None) -> None:
        self.take_account_from_contact()
        super().clean_fields(exclude=exclude)

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.take_account_from_contact()
        super().save(*args, **kwargs)

    def take_account_from_contact(self) -> None:
        """The account of a new contact, unless somebody says another one (`clean` then refuses)."""
        if self.contact_id is None:
            return
        changed = {field.name for field in self.changed_fields()}
        is_moved = not self._state.adding and "contact" in changed and "account" not in changed
        if self.account_id is None or is_moved:
            self.account_id = self.contact.account_id

    def clean(self) -> None:
        super().clean()
        changed = {field.name for field in self.changed_fields()}
        errors: dict[str, Any] = {}
        if self.topic_id and "topic" in changed and (problem := self._topic_problem()):
            errors["topic"] = problem
        if self.date and "date" in changed and self.date > company_today():
            errors["date"] = _("That day is still to come.")
        if (
            self.contact_id
            and {"contact", "account"} & changed
            and self.contact.account_id != self.account_id
        ):
            errors["contact"] = _("The contact belongs to another account.")
        elif {"territory_business_plan", "account"} & changed and not self._is_of_plan():
            errors["territory_business_plan"] = _("The account lies outside the territory of this plan.")
        if errors:
            raise ValidationError(errors)

    def _is_of_plan(self) -> bool:
        plan = self.territory_business_plan
        return (
            plan is None
            or self.account_id is None
            or TerritoryEdge.objects.filter(
                ancestor=plan.territory_id, descendant=self.account.territory_id
            ).exists()
        )

    def _topic_problem(self) -> Any:
        if self.topic.pick_list != PickList.INSIGHT_TOPIC:
            return _("“%(name)s” is not one of its values.") % {"name": self.topic}
        return _("“%(name)s” is no longer used.") % {"name": self.topic} if self.topic.is_retired else None
