"""The work of a plan: action plans under its objectives, their items, and the task of each."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.models import Activity, ActivityType
from kam.core.clock import company_today
from kam.core.fields import QuantityField
from kam.core.models import BaseModel
from plans import policies
from plans.enums import ActionPlanStatus, ItemKind, Meaning, Priority, TaskStatus
from plans.models.objectives import Objective
from plans.models.plans import ByPlanQuerySet, Plan
from templates_app.models import ActionPlanTemplateItem, ActionPlanTemplateVersion
from templates_app.policies import has_ring

HEAVIEST = 1_000_000
MOST_LINKS = 20
is_web_address = URLValidator(schemes=("http", "https"))


def weight_field() -> QuantityField:
    limits = [MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(HEAVIEST))]
    return QuantityField(default=1, validators=limits, help_text=_("0: does not count."))


def check_period(start: date | None, due: date | None, errors: dict[str, Any]) -> None:
    if start and due and start > due:
        errors["due_date"] = _("It is due before it starts.")


def period_constraint(name: str) -> models.CheckConstraint:
    in_order = Q(start_date__isnull=True) | Q(due_date__isnull=True)
    return models.CheckConstraint(
        condition=in_order | Q(start_date__lte=models.F("due_date")),
        name=name,
        violation_error_message=_("It is due before it starts."),
    )


# --- Action plans ---------------------------------------------------------------------------
class ActionPlanQuerySet(ByPlanQuerySet):
    plan_path = "objective__plan"


class ActionPlan(BaseModel):
    """A way to reach an objective: from a version of a template, or made up for this plan."""

    objective = models.ForeignKey(Objective, models.CASCADE, related_name="action_plans")
    template_version = models.ForeignKey(
        ActionPlanTemplateVersion,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="action_plans",
        help_text=_("The version of the template it was made from."),
    )
    name = models.CharField(max_length=200)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="owned_action_plans")
    start_date = models.DateField(null=True, blank=True)
    due_date = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=20, choices=ActionPlanStatus.choices, default=ActionPlanStatus.OPEN)
    weight = weight_field()
    order = models.PositiveSmallIntegerField(default=0, blank=True)

    objects = ActionPlanQuerySet.as_manager()
    log_related = ("objective",)

    class Meta:
        ordering = ("order", "created_at", "id")
        verbose_name = _("action plan")
        constraints = (period_constraint("action_plan_due_after_start"),)

    def __str__(self) -> str:
        return self.name

    @property
    def plan(self) -> Plan:
        return self.objective.plan

    @property
    def change_container_id(self) -> Any:
        return self.objective.plan_id

    @property
    def is_overdue(self) -> bool:
        is_open = ActionPlanStatus(self.status).meaning == Meaning.OPEN
        return bool(is_open and self.due_date and self.due_date < company_today())

    def clean(self) -> None:
        super().clean()
        errors: dict[str, Any] = {}
        check_period(self.start_date, self.due_date, errors)
        before = getattr(self, "_loaded", {}).get("objective_id")
        if before and before != self.objective_id and not _same_plan(before, self.objective):
            errors["objective"] = _("The objective belongs to another plan.")
        if errors:
            raise ValidationError(errors)


def _same_plan(objective_id: Any, other: Objective) -> bool:
    before = Objective._base_manager.filter(pk=objective_id)
    return before.values_list("plan_id", flat=True).get() == other.plan_id


# --- Items ----------------------------------------------------------------------------------
class ItemQuerySet(ByPlanQuerySet):
    plan_path = "action_plan__objective__plan"


class ActionPlanItem(BaseModel):
    """A place in an action plan; the work itself is its task."""

    action_plan = models.ForeignKey(ActionPlan, models.CASCADE, related_name="items")
    template_item = models.ForeignKey(
        ActionPlanTemplateItem,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="action_plan_items",
    )
    order = models.PositiveSmallIntegerField(default=0, blank=True)
    is_required = models.BooleanField(_("required"), default=True)
    weight = weight_field()
    prerequisite = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="dependants",
        verbose_name=_("comes after"),
    )

    objects = ItemQuerySet.as_manager()
    log_related = ("action_plan__objective", "task")

    class Meta:
        ordering = ("order", "created_at", "id")
        verbose_name = _("action plan item")

    def __str__(self) -> str:
        task = self.known_task
        return task.name if task else str(_("Place without a task"))

    @property
    def known_task(self) -> AssessmentTask | None:
        """Its task, if it has one."""
        try:
            return self.task
        except AssessmentTask.DoesNotExist:
            return None

    @property
    def plan(self) -> Plan:
        return self.action_plan.objective.plan

    @property
    def change_container_id(self) -> Any:
        return self.action_plan.objective.plan_id

    def clean(self) -> None:
        super().clean()
        errors: dict[str, Any] = {}
        before = getattr(self, "_loaded", {}).get("action_plan_id")
        if before and before != self.action_plan_id:
            previous = ActionPlan._base_manager.select_related("objective").get(pk=before)
            if previous.objective.plan_id != self.action_plan.objective.plan_id:
                errors["action_plan"] = _("The action plan belongs to another plan.")
        if self.prerequisite_id and (problem := self._prerequisite_problem()):
            errors["prerequisite"] = problem
        if errors:
            raise ValidationError(errors)

    def _prerequisite_problem(self) -> Any:
        others = ActionPlanItem._base_manager.filter(action_plan=self.action_plan_id)
        waits_for = dict(others.values_list("pk", "prerequisite"))
        if self.prerequisite_id not in waits_for:
            return _("It belongs to another action plan.")
        if has_ring(waits_for | {self.pk: self.prerequisite_id}):
            return _("That one waits for this item already: they would wait for each other.")
        return None


# --- Tasks ----------------------------------------------------------------------------------
class TaskQuerySet(ByPlanQuerySet):
    plan_path = "item__action_plan__objective__plan"

    def with_place(self) -> TaskQuerySet:
        """With the way up to the plan, which rules and pages read."""
        return self.select_related("item__action_plan__objective__plan", "assignee")

    def to_do(self) -> TaskQuerySet:
        open_ones = [status for status in TaskStatus if status.meaning == Meaning.OPEN]
        return self.filter(status__in=open_ones)

    def overdue(self, *, today: date) -> TaskQuerySet:
        return self.to_do().filter(due_date__lt=today)

    def at_hand(self) -> TaskQuerySet:
        """Of plans and action plans that are worked on: nobody is reminded of what was dropped or put away."""
        over = [status for status in ActionPlanStatus if status.meaning == Meaning.DROPPED]
        live = Plan.objects.unscoped("narrows rows of the gate").live()
        return self.exclude(item__action_plan__status__in=over).filter(
            **{f"{self.plan_path}__in": live.values("pk")}
        )


def check_links(links: Any) -> None:
    """A list of web addresses."""
    if not isinstance(links, list) or not all(isinstance(link, str) for link in links):
        raise ValidationError(_("Enter a list of web addresses."))
    if len(links) > MOST_LINKS:
        raise ValidationError(_("At most %(most)s links.") % {"most": MOST_LINKS})
    for link in links:
        if len(link) > 2_000:
            raise ValidationError(_("This address is too long."))
        is_web_address(link)


class AssessmentTask(BaseModel):
    """The work: who does what by when, and what came of it."""

    item = models.OneToOneField(ActionPlanItem, models.CASCADE, related_name="task")
    kind = models.CharField(max_length=20, choices=ItemKind.choices, default=ItemKind.TASK)
    name = models.CharField(max_length=200)
    instructions = models.TextField(blank=True, max_length=20_000)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="assessment_tasks", verbose_name=_("for")
    )
    start_date = models.DateField(null=True, blank=True)
    due_date = models.DateField(null=True, blank=True)
    priority = models.CharField(max_length=10, choices=Priority.choices, default=Priority.NORMAL)
    status = models.CharField(max_length=20, choices=TaskStatus.choices, default=TaskStatus.OPEN)
    target_quantity = QuantityField(
        _("how many"),
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.001"))],
        help_text=_("Where it is done in several steps, such as 8 calls."),
    )
    quantity_done = QuantityField(
        _("done so far"), default=0, blank=True, validators=[MinValueValidator(Decimal(0))]
    )
    activity_type = models.ForeignKey(
        ActivityType, models.PROTECT, null=True, blank=True, related_name="assessment_tasks"
    )
    completed_at = models.DateTimeField(null=True, blank=True, editable=False)
    notes = models.TextField(blank=True, max_length=20_000)
    evidence_links = models.JSONField(
        default=list, blank=True, validators=[check_links], help_text=_("Web addresses that show the result.")
    )

    objects = TaskQuerySet.as_manager()
    log_related = ("item__action_plan__objective",)

    class Meta:
        ordering = ("due_date", "item__order", "created_at", "id")
        verbose_name = _("task")
        indexes = (
            models.Index(fields=("assignee", "status", "due_date"), name="task_my_work"),  # my tasks
        )
        constraints = (
            period_constraint("task_due_after_start"),
            models.CheckConstraint(
                condition=Q(status=TaskStatus.COMPLETED, completed_at__isnull=False)
                | Q(~Q(status=TaskStatus.COMPLETED), completed_at__isnull=True),
                name="task_completed_at",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def plan(self) -> Plan:
        return self.item.action_plan.objective.plan

    @property
    def change_container_id(self) -> Any:
        return self.item.action_plan.objective.plan_id

    @property
    def progress(self) -> Decimal | None:
        return policies.task_progress(
            status=self.status, quantity_done=self.quantity_done, target_quantity=self.target_quantity
        )

    @property
    def progress_percent(self) -> Decimal | None:
        return policies.as_percent(self.progress)

    @property
    def meaning(self) -> Meaning:
        return TaskStatus(self.status).meaning

    @property
    def is_overdue(self) -> bool:
        return bool(self.meaning == Meaning.OPEN and self.due_date and self.due_date < company_today())

    def clean(self) -> None:
        super().clean()
        errors: dict[str, Any] = {}
        check_period(self.start_date, self.due_date, errors)
        if self.kind == ItemKind.CALL_OBJECTIVE and not self.activity_type_id:
            errors["activity_type"] = _("Say what kind of call it is: logging one completes the task.")
        is_new_assignee = self._state.adding or self.assignee_id != self._loaded.get("assignee_id")
        if is_new_assignee and self.assignee_id and self.item_id and not self._is_seen_by_assignee():
            errors["assignee"] = _("They do not see this plan: let them take part in it first.")
        if errors:
            raise ValidationError(errors)

    def _is_seen_by_assignee(self) -> bool:
        return Plan.objects.visible_to(self.assignee).filter(pk=self.change_container_id).exists()


class TaskActivity(BaseModel):
    """The calls that were logged for a task. Lives here: the CRM knows no plans."""

    task = models.ForeignKey(AssessmentTask, models.CASCADE, related_name="calls")
    activity = models.OneToOneField(Activity, models.CASCADE, related_name="task_link")
    has_closed_task = models.BooleanField(
        default=False, help_text=_("Whether the task was completed by logging it.")
    )

    log_related = ("task__item__action_plan__objective", "activity")

    class QuerySet(ByPlanQuerySet):
        plan_path = "task__item__action_plan__objective__plan"

    objects = QuerySet.as_manager()

    class Meta:
        ordering = ("created_at", "id")
        verbose_name = _("call of a task")
        verbose_name_plural = _("calls of tasks")

    def __str__(self) -> str:
        return str(self.activity)

    @property
    def change_container_id(self) -> Any:
        return self.task.change_container_id
