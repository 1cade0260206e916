"""A person or an organisation on a plan.

Who is put on a plan is part of it: its readers see the name, also where they do not see the contact's own
page. That is why a contact comes from the tree of the plan's account (or from the plan's territory): names
of people stay with those who work with their group. People elsewhere are named as partners
(`PartnerRole`), whose contact is shown only to who sees it anyhow; an organisation may be any.
"""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from crm.enums import ActivityStatus, PickList, RoleMeaning
from crm.models import Account, AccountEdge, Activity, Contact, PickListValue
from kam.core.models import BaseModel
from plans.models import ByPlanQuerySet, Plan
from stakeholders import policies
from stakeholders.enums import Influence, RelationshipLevel, Support
from templates_app.enums import PlanSection

LONGEST_TEXT = 5_000


def check_role(row: Any, pick_list: str) -> Any:
    """What is wrong with a newly chosen `role`, if anything; old rows keep a retired one."""
    if not row.role_id or "role" not in {field.name for field in row.changed_fields()}:
        return None
    if row.role.pick_list != pick_list:
        return _("“%(name)s” is not one of its values.") % {"name": row.role}
    return _("“%(name)s” is no longer used.") % {"name": row.role} if row.role.is_retired else None


def check_section(row: Any) -> Any:
    """What is wrong with a new row of this plan, if anything; old rows wait until the section is shown again."""
    if not row._state.adding or row.plan.plan_type.shows(PlanSection.STAKEHOLDERS):
        return None
    return _("Plans of this type leave stakeholders out.")


class PeopleQuerySet(ByPlanQuerySet):
    section = PlanSection.STAKEHOLDERS


class StakeholderQuerySet(PeopleQuerySet):
    def with_names(self) -> Self:
        """With what their names, roles and owners are read from."""
        return self.select_related("plan", "contact__account", "organisation", "role", "owner")

    def with_last_contact(self) -> Self:
        """Annotate `last_contact`: the day of the latest done activity that counts as a contact.

        A fact about the plan, like its KPIs: it counts all activities, also those its reader does not see.
        """
        done = Activity.objects.unscoped("the day of the last contact is the same for all readers of a plan")
        done = done.filter(status=ActivityStatus.DONE, type__counts_for_cadence=True).order_by()
        of_person = latest_with(done, "contact", "contacts")
        of_body = latest_with(done, "organisation", "account")
        return self.annotate(last_contact=Coalesce(of_person, of_body))

    def in_order(self) -> Self:
        """Who counts most first."""
        return self.order_by("-influence", "created_at", "id")


def latest_with(done: Any, field: str, path: str) -> Subquery:
    """The day of the latest of these activities with the contact or the organisation."""
    with_it = done.filter(**{path: OuterRef(f"{field}_id")}).values(path)
    return Subquery(with_it.annotate(latest=Max("done_on")).values("latest"))


class AccountPlanStakeholder(BaseModel):
    """A contact, or an organisation, and the part it plays in a plan. With two roles it stands there twice."""

    plan = models.ForeignKey(Plan, models.CASCADE, related_name="stakeholders")
    contact = models.ForeignKey(
        Contact,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="stakeholders",
        help_text=_("Somebody at the account, or at another company of its group."),
    )
    organisation = models.ForeignKey(
        Account,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="stakeholders",
        help_text=_("Instead of a contact: a company or a body as a whole."),
    )
    role = models.ForeignKey(
        PickListValue,
        models.PROTECT,
        related_name="+",
        limit_choices_to={"pick_list": PickList.STAKEHOLDER_ROLE},
    )
    influence = models.PositiveSmallIntegerField(
        choices=Influence.choices, default=Influence.MEDIUM, help_text=_("In what this plan is about.")
    )
    support = models.SmallIntegerField(
        choices=Support.choices, null=True, blank=True, help_text=_("Left empty: nobody knows yet.")
    )
    relationship_now = models.CharField(
        max_length=20, choices=RelationshipLevel.choices, default=RelationshipLevel.UNKNOWN
    )
    relationship_desired = models.CharField(
        max_length=20, choices=RelationshipLevel.choices, blank=True, help_text=_("Left empty: it may stay.")
    )
    development = models.TextField(
        _("how we develop it"), blank=True, max_length=LONGEST_TEXT, help_text=_("From now to desired.")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="owned_stakeholders",
        help_text=_("Who of us answers for the relationship."),
    )
    notes = models.TextField(blank=True, max_length=LONGEST_TEXT)

    sensitive_fields = frozenset({"support", "development", "notes"})
    log_related = ("contact", "organisation")

    objects = StakeholderQuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")
        verbose_name = _("stakeholder")
        constraints = (
            models.CheckConstraint(
                condition=Q(contact__isnull=True) ^ Q(organisation__isnull=True),
                name="stakeholder_contact_or_organisation",
                violation_error_message=_("Name a contact or an organisation, not both."),
            ),
            models.UniqueConstraint(
                fields=("plan", "contact", "role"),
                name="stakeholder_contact_role_once",
                violation_error_message=_("This contact has this role on the plan already."),
            ),
            models.UniqueConstraint(
                fields=("plan", "organisation", "role"),
                name="stakeholder_organisation_role_once",
                violation_error_message=_("This organisation has this role on the plan already."),
            ),
            models.CheckConstraint(
                condition=Q(influence__gte=1, influence__lte=5), name="stakeholder_influence_1_to_5"
            ),
            models.CheckConstraint(
                condition=Q(support__isnull=True) | Q(support__gte=-2, support__lte=2),
                name="stakeholder_support_in_range",
            ),
        )

    def __str__(self) -> str:
        return str(self.contact or self.organisation)

    @property
    def change_container_id(self) -> Any:
        return self.plan_id

    @property
    def is_organisation(self) -> bool:
        return self.organisation_id is not None

    @property
    def job_title(self) -> str:
        return self.contact.job_title if self.contact else ""

    @property
    def decides(self) -> bool:
        return self.role.meaning == RoleMeaning.DECIDES

    @property
    def is_key(self) -> bool:
        """Whether the plan stands or falls with them."""
        return policies.is_key(self.influence, decides=self.decides)

    def is_same_party(self, other: AccountPlanStakeholder) -> bool:
        """The same person or organisation, perhaps in another role."""
        mine, theirs = (self.contact_id, self.organisation_id), (other.contact_id, other.organisation_id)
        return mine == theirs

    @property
    def is_level_reached(self) -> bool:
        return policies.is_level_reached(self.relationship_now, self.relationship_desired)

    def clean(self) -> None:
        super().clean()
        changed = {field.name for field in self.changed_fields()}
        errors: dict[str, Any] = {}
        if (self.contact_id is None) == (self.organisation_id is None):
            text = _("Name a contact or an organisation, not both.")
            errors["contact"] = ValidationError(text, params={"needs": {"organisation"}})
        elif self.contact_id and self.plan_id and "contact" in changed and not self._is_around_plan():
            errors["contact"] = _("The contact belongs to an account that this plan is not about.")
        if not self._state.adding and (others := {"contact", "organisation"} & changed):
            errors |= dict.fromkeys(others, _("What is noted is about them: add the other one instead."))
        if not self._state.adding and "plan" in changed:
            errors["plan"] = _("A stakeholder stays on its plan.")
        elif self.plan_id and (problem := check_section(self)):
            errors["plan"] = problem
        if problem := check_role(self, PickList.STAKEHOLDER_ROLE):
            errors["role"] = problem
        if errors:
            raise ValidationError(errors)

    def _is_around_plan(self) -> bool:
        return accounts_around(self.plan).filter(pk=self.contact.account_id).exists()


def accounts_around(plan: Plan) -> models.QuerySet[Account]:
    """The accounts whose people may be stakeholders: of the whole tree, up to the head of the group."""
    accounts = Account.objects.unscoped("accounts that a plan is about")
    if plan.is_of_territory:
        return accounts.filter(pk__in=plan.accounts())
    above = AccountEdge.objects.filter(descendant=plan.account_id).values("ancestor_id")
    return accounts.filter(pk__in=AccountEdge.objects.filter(ancestor__in=above).values("descendant_id"))
