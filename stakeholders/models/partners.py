"""Another company that matters to the plan."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.enums import PickList
from crm.models import Account, AccountEdge, Contact, PickListValue
from kam.core.models import BaseModel
from plans.models import Plan
from stakeholders.models.stakeholders import LONGEST_TEXT, PeopleQuerySet, check_role, check_section

ONE_COMPANY = _("Name an account, or a company that is none, not both.")


class PartnerRole(BaseModel):
    """A consultant, an introducer, a buying group: an account of ours, or a company that the CRM does not know."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="partner_roles")
    account = models.ForeignKey(Account, models.PROTECT, null=True, blank=True, related_name="partner_roles")
    name = models.CharField(
        _("company"), max_length=200, blank=True, help_text=_("Of a company that is not among the accounts.")
    )
    role = models.ForeignKey(
        PickListValue,
        models.PROTECT,
        related_name="+",
        limit_choices_to={"pick_list": PickList.PARTNER_ROLE},
    )
    contact = models.ForeignKey(
        Contact,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="partner_roles",
        help_text=_("Whom we talk to at that account."),
    )
    notes = models.TextField(blank=True, max_length=LONGEST_TEXT)

    sensitive_fields = frozenset({"notes"})
    log_related = ("account",)

    objects = PeopleQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")
        verbose_name = _("partner")
        constraints = (
            models.CheckConstraint(
                condition=Q(account__isnull=False, name="") | (Q(account__isnull=True) & ~Q(name="")),
                name="partner_account_or_name",
                violation_error_message=ONE_COMPANY,
            ),
            models.UniqueConstraint(
                fields=("plan", "account", "role"),
                name="partner_account_role_once",
                violation_error_message=_("This account has this role on the plan already."),
            ),
            models.UniqueConstraint(
                fields=("plan", "name", "role"),
                condition=~Q(name=""),
                name="partner_name_role_once",
                violation_error_message=_("This company has this role on the plan already."),
            ),
        )

    def __str__(self) -> str:
        return str(self.account) if self.account_id else self.name

    @property
    def change_container_id(self) -> Any:
        return self.plan_id

    def clean(self) -> None:
        super().clean()
        changed = {field.name for field in self.changed_fields()}
        errors: dict[str, Any] = {}
        if (self.account_id is None) == (self.name == ""):
            errors["name"] = ValidationError(ONE_COMPANY, params={"needs": {"account"}})
        if self.contact_id and {"contact", "account"} & changed and not self._employs_contact():
            errors["contact"] = _("The contact belongs to another account.")
        if not self._state.adding and "plan" in changed:
            errors["plan"] = _("A partner stays on its plan.")
        elif self.plan_id and (problem := check_section(self)):
            errors["plan"] = problem
        if problem := check_role(self, PickList.PARTNER_ROLE):
            errors["role"] = problem
        if errors:
            raise ValidationError(errors)

    def _employs_contact(self) -> bool:
        """At the account, or at one below it."""
        if self.account_id is None:
            return False
        edges = AccountEdge.objects.filter(ancestor=self.account_id)
        return edges.filter(descendant=self.contact.account_id).exists()
