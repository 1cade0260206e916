"""What stakeholders are to each other, to colleagues and to the work of the plan."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kam.core.models import BaseModel
from plans.models import AccountPlanParticipant, AssessmentTask, Plan
from stakeholders import policies
from stakeholders.enums import LinkKind
from stakeholders.models.stakeholders import AccountPlanStakeholder, PeopleQuerySet, check_section


class StakeholderLinkQuerySet(PeopleQuerySet):
    plan_path = "from_stakeholder__plan"

    def with_ends(self) -> StakeholderLinkQuerySet:
        return self.select_related(
            "from_stakeholder__plan",
            *(f"{end}_stakeholder__{who}" for end in ("from", "to") for who in ("contact", "organisation")),
        )


class StakeholderLink(BaseModel):
    """From one stakeholder to another of the same plan."""

    from_stakeholder = models.ForeignKey(
        AccountPlanStakeholder, models.CASCADE, related_name="links_from", verbose_name=_("from")
    )
    to_stakeholder = models.ForeignKey(
        AccountPlanStakeholder, models.CASCADE, related_name="links_to", verbose_name=_("to")
    )
    kind = models.CharField(max_length=20, choices=LinkKind.choices, default=LinkKind.REPORTS_TO)

    objects = StakeholderLinkQuerySet.as_manager()
    log_related = tuple(
        f"{end}_stakeholder__{who}" for end in ("from", "to") for who in ("contact", "organisation")
    )

    class Meta:
        ordering = ("created_at", "id")
        verbose_name = _("link of stakeholders")
        verbose_name_plural = _("links of stakeholders")
        constraints = (
            models.CheckConstraint(
                condition=~Q(from_stakeholder=F("to_stakeholder")),
                name="stakeholder_link_not_to_itself",
                violation_error_message=_("Nobody is linked to themselves."),
            ),
            models.UniqueConstraint(
                fields=("from_stakeholder", "kind", "to_stakeholder"),
                name="stakeholder_link_once",
                violation_error_message=_("The two are linked like this already."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.from_stakeholder} → {self.to_stakeholder}"

    @property
    def plan(self) -> Plan:
        return self.from_stakeholder.plan

    @property
    def change_container_id(self) -> Any:
        return self.from_stakeholder.plan_id

    def clean(self) -> None:
        super().clean()
        if not (self.from_stakeholder_id and self.to_stakeholder_id):
            return
        if problem := check_section(self):
            raise ValidationError({"from_stakeholder": problem})
        if problem := self._problem():
            raise ValidationError({"to_stakeholder": problem})

    def _problem(self) -> Any:
        start, end = self.from_stakeholder, self.to_stakeholder
        if start.pk == end.pk or start.is_same_party(end):
            return _("Nobody is linked to themselves.")
        if start.plan_id != end.plan_id:
            return _("The stakeholder is on another plan.")
        others = StakeholderLink._base_manager.filter(from_stakeholder__plan=start.plan_id).exclude(
            pk=self.pk
        )
        if self.kind == LinkKind.CONFLICTS_WITH:
            is_known = others.filter(kind=self.kind, from_stakeholder=end, to_stakeholder=start).exists()
            return _("The two are linked like this already.") if is_known else None
        if self.kind == LinkKind.REPORTS_TO:
            above: dict[Any, list[Any]] = {}
            lines = others.filter(kind=LinkKind.REPORTS_TO)
            for lower, upper in lines.values_list("from_stakeholder", "to_stakeholder"):
                above.setdefault(lower, []).append(upper)
            if policies.leads_to(end.pk, start.pk, above):
                return _("That one reports to this one already, directly or over others.")
        return None


class OfStakeholderQuerySet(PeopleQuerySet):
    plan_path = "stakeholder__plan"

    def with_stakeholder(self, *others: str) -> OfStakeholderQuerySet:
        """With the plan and what the stakeholder's name is read from."""
        places = ("stakeholder__plan", "stakeholder__contact", "stakeholder__organisation")
        return self.select_related(*places, *others)


class OfStakeholder(BaseModel):
    """Base of what hangs on one stakeholder."""

    stakeholder: models.ForeignKey[AccountPlanStakeholder, AccountPlanStakeholder]

    objects = OfStakeholderQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def plan(self) -> Plan:
        return self.stakeholder.plan

    @property
    def change_container_id(self) -> Any:
        return self.stakeholder.plan_id

    def clean(self) -> None:
        super().clean()
        if self.stakeholder_id and (problem := check_section(self)):
            raise ValidationError({"stakeholder": problem})


class ParticipantStakeholder(OfStakeholder):
    """Who of us looks after whom of them."""

    participant = models.ForeignKey(
        AccountPlanParticipant, models.CASCADE, related_name="looked_after", verbose_name=_("colleague")
    )
    stakeholder = models.ForeignKey(AccountPlanStakeholder, models.CASCADE, related_name="participant_links")

    log_related = ("participant__user", "stakeholder__contact", "stakeholder__organisation")

    class Meta:
        ordering = ("created_at", "id")
        verbose_name = _("colleague of a stakeholder")
        verbose_name_plural = _("colleagues of stakeholders")
        constraints = (
            models.UniqueConstraint(
                fields=("participant", "stakeholder"),
                name="participant_stakeholder_once",
                violation_error_message=_("This colleague looks after them already."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.participant.user} – {self.stakeholder}"

    def clean(self) -> None:
        super().clean()
        if not (self.participant_id and self.stakeholder_id):
            return
        if self.participant.plan_id != self.stakeholder.plan_id:
            raise ValidationError({"participant": _("The colleague takes part in another plan.")})


class StakeholderAction(OfStakeholder):
    """A task of the plan that is aimed at a stakeholder."""

    stakeholder = models.ForeignKey(AccountPlanStakeholder, models.CASCADE, related_name="actions")
    task = models.ForeignKey(AssessmentTask, models.CASCADE, related_name="stakeholder_actions")

    log_related = ("task", "stakeholder__contact", "stakeholder__organisation")

    class Meta:
        ordering = ("created_at", "id")
        verbose_name = _("action on a stakeholder")
        verbose_name_plural = _("actions on stakeholders")
        constraints = (
            models.UniqueConstraint(
                fields=("stakeholder", "task"),
                name="stakeholder_action_once",
                violation_error_message=_("The task is aimed at them already."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.task} – {self.stakeholder}"

    def clean(self) -> None:
        super().clean()
        if not (self.task_id and self.stakeholder_id):
            return
        if self.task.change_container_id != self.stakeholder.plan_id:
            raise ValidationError({"task": _("The task belongs to another plan.")})
