"""What people type about the work of a plan. Forms validate; operations save."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from crm.models import Account, ActivityType
from kam.core.clock import company_today
from kam.core.fields import NumberField
from kam.core.forms import SearchChoiceField, VersionedModelForm
from kam.core.writing import check_row
from kam.users.forms import UserChoiceField
from kam.users.models import User
from plans import operations, policies
from plans.enums import ActionPlanStatus, ItemKind, Meaning, TaskStatus
from plans.models import ActionPlan, ActionPlanItem, AssessmentTask, Objective
from plans.operations.action_plans import add_action_plan, save_action_plan
from plans.operations.work import check_status

MOST_DAYS = 3_650


class LinesField(forms.CharField):
    """A list of texts, one in each line."""

    widget = forms.Textarea(attrs={"rows": 2})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        lines = value if isinstance(value, list) else super().to_python(value).splitlines()
        return [line.strip() for line in lines if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(initial or []) != self.to_python(data or "")


def steps_to(task: AssessmentTask, *, may_change: bool) -> list[tuple[str, str]]:
    """The statuses a task can be brought to from where it is, by this reader."""
    targets = {policies.TASK_STEPS[step][1] for step in allowed_steps(task, may_change=may_change)}
    if task.kind == ItemKind.CALL_OBJECTIVE:
        targets.discard(TaskStatus.COMPLETED)  # a call is logged, which asks when it was
    return [(status.value, status.label) for status in TaskStatus if status in targets | {task.status}]


def allowed_steps(task: AssessmentTask, *, may_change: bool) -> list[str]:
    """Whose task it is does it or takes it back; to drop it is for those who edit the plan."""
    steps = policies.possible_task_steps(task.status, is_required=task.item.is_required)
    if may_change:
        return steps
    return [step for step in steps if TaskStatus(policies.TASK_STEPS[step][1]).meaning != Meaning.DROPPED]


@contextmanager
def steps_named() -> Iterator[None]:
    """A step that the task does not allow is an error of the field that asks for it."""
    try:
        yield
    except operations.TaskStepNotAllowedError as error:
        raise ValidationError({"status": str(error)}) from error


class WorkForm(VersionedModelForm):
    """A form of a task that exists, saved by the operation that knows its steps."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("quantity_done", "target_quantity"):
            if name in self.fields:
                self.fields[name].widget.attrs["step"] = "any"

    def check_operation(self) -> None:
        with steps_named():
            check_status(self.instance)

    def save(self, commit: bool = True) -> AssessmentTask:
        with steps_named():
            return operations.save_task(self.instance)


class TaskRowForm(WorkForm):
    """What changes often, edited in the row."""

    assignee = UserChoiceField(label=_("For"))

    class Meta:
        model = AssessmentTask
        fields = ("status", "assignee", "due_date", "quantity_done")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["status"].choices = steps_to(self.instance, may_change=True)  # type: ignore[attr-defined]
        if not self.instance.target_quantity or self.instance.kind == ItemKind.CALL_OBJECTIVE:
            del self.fields["quantity_done"]


class OwnTaskForm(WorkForm):
    """What somebody says of a task of their own who does not edit the plan."""

    evidence_links = LinesField(
        required=False, help_text=_("Web addresses that show the result, one a line.")
    )

    class Meta:
        model = AssessmentTask
        fields = ("status", "quantity_done", "notes", "evidence_links")
        widgets = {"notes": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["status"].choices = steps_to(self.instance, may_change=False)  # type: ignore[attr-defined]
        if not self.instance.target_quantity or self.instance.kind == ItemKind.CALL_OBJECTIVE:
            del self.fields["quantity_done"]


class TaskForm(WorkForm):
    """Everything about a task, with its place in the action plan."""

    assignee = UserChoiceField(label=_("For"))
    evidence_links = LinesField(
        required=False, help_text=_("Web addresses that show the result, one a line.")
    )
    is_required = forms.BooleanField(label=_("Required"), required=False)
    weight = NumberField(min_value=0, decimal_places=3, help_text=_("0: does not count."))
    prerequisite = forms.ModelChoiceField(
        ActionPlanItem.objects.none(), label=_("Comes after"), required=False, empty_label=_("Nothing")
    )

    class Meta:
        model = AssessmentTask
        fields = (
            *("name", "kind", "activity_type", "assignee", "priority", "start_date", "due_date", "status"),
            *("target_quantity", "quantity_done", "instructions", "notes", "evidence_links"),
        )
        widgets = {
            "name": forms.TextInput(attrs={"data-wide": True}),
            "instructions": forms.Textarea(attrs={"rows": 3}),
            "notes": forms.Textarea(attrs={"rows": 3}),
        }
        labels = {"activity_type": _("Kind of call")}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        task, item = self.instance, self.instance.item
        types = ActivityType.objects.visible_to(user)
        self.fields["activity_type"].queryset = types  # type: ignore[attr-defined]
        self.fields["activity_type"].empty_label = _("None")  # type: ignore[attr-defined]
        self.fields["status"].choices = steps_to(task, may_change=True)  # type: ignore[attr-defined]
        others = ActionPlanItem.objects.visible_to(user).filter(action_plan=item.action_plan_id)
        others = others.exclude(pk=item.pk).select_related("task")
        self.fields["prerequisite"].queryset = others  # type: ignore[attr-defined]
        self.initial |= {
            "is_required": item.is_required,
            "weight": item.weight,
            "prerequisite": item.prerequisite_id,
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        item = self.instance.item
        for name in ("is_required", "weight", "prerequisite"):
            if name in cleaned:
                setattr(item, name, cleaned[name])
        try:
            check_row(item)
        except ValidationError as error:
            self._update_errors(error)
        return cleaned

    def save(self, commit: bool = True) -> AssessmentTask:
        self.instance.item.save()
        return super().save()


class QuickTaskForm(VersionedModelForm):
    """One line: what, who, by when."""

    assignee = UserChoiceField(label=_("For"))

    class Meta:
        model = AssessmentTask
        fields = ("name", "assignee", "due_date")
        labels = {"name": _("New task"), "due_date": _("Due")}

    @classmethod
    def below(cls, action_plan: ActionPlan, user: User, data: Any = None) -> QuickTaskForm:
        """For the reader, until somebody says otherwise."""
        return cls(
            data,
            instance=AssessmentTask(item=ActionPlanItem(action_plan=action_plan)),
            user=user,
            initial={"assignee": user},
            auto_id=f"add-{action_plan.pk}-%s",
        )

    def save(self, commit: bool = True) -> AssessmentTask:
        return operations.add_task(self.instance)


class QuickActionPlanForm(VersionedModelForm):
    owner = UserChoiceField()

    class Meta:
        model = ActionPlan
        fields = ("name", "owner", "due_date")
        labels = {"name": _("New action plan"), "due_date": _("Due")}

    @classmethod
    def below(cls, objective: Objective, user: User, data: Any = None) -> QuickActionPlanForm:
        return cls(
            data,
            instance=ActionPlan(objective=objective),
            user=user,
            initial={"owner": user},
            auto_id=f"add-{objective.pk}-%s",
        )

    def save(self, commit: bool = True) -> ActionPlan:
        return add_action_plan(self.instance)


class ActionPlanForm(VersionedModelForm):
    owner = UserChoiceField()
    is_cancelled = forms.BooleanField(
        label=_("Cancelled"), required=False, help_text=_("Its tasks do not count any more.")
    )

    class Meta:
        model = ActionPlan
        fields = ("name", "owner", "start_date", "due_date", "weight")
        widgets = {"name": forms.TextInput(attrs={"data-wide": True})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["weight"].widget.attrs["step"] = "any"
        self.initial["is_cancelled"] = self.instance.status == ActionPlanStatus.CANCELLED

    def save(self, commit: bool = True) -> ActionPlan:
        return save_action_plan(self.instance, is_cancelled=self.cleaned_data["is_cancelled"])


class CompletionForm(forms.Form):
    """When it was done, and what came of it. A call objective logs the call."""

    done_on = forms.DateField(label=_("Done on"), widget=forms.DateInput(attrs={"type": "date"}))
    quantity = NumberField(label=_("How many"), min_value=Decimal("0.001"), max_digits=12, decimal_places=3)
    is_last = forms.BooleanField(label=_("This completes the task"), required=False)
    account = SearchChoiceField(
        Account.objects.none(), label=_("Account"), options_url=reverse_lazy("crm:account_options")
    )
    notes = forms.CharField(
        label=_("Notes"), required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 4})
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, task: AssessmentTask, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if task.kind == ItemKind.CALL_OBJECTIVE and task.plan.is_of_territory:
            inside = Account.objects.visible_to(user).filter(pk__in=task.plan.accounts())
            self.fields["account"].queryset = inside  # type: ignore[attr-defined]
        else:
            del self.fields["account"]
        self.fields["quantity"].widget.attrs["step"] = "any"
        missing = (task.target_quantity or Decimal(1)) - task.quantity_done
        self.initial |= {
            "done_on": company_today(),
            "quantity": 1,
            "is_last": missing <= 1,
            "version": task.version,
        }
        if not task.target_quantity:
            del self.fields["is_last"]
        if task.kind != ItemKind.CALL_OBJECTIVE and not task.target_quantity:
            del self.fields["quantity"]

    def clean_done_on(self) -> Any:
        day = self.cleaned_data["done_on"]
        if day > company_today():
            raise ValidationError(_("This day is still to come."))
        return day


class BulkForm(forms.Form):
    """The same change to many tasks: what stays empty stays as it is."""

    status = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", _("As it is")), *TaskStatus.choices]
    )
    assignee = UserChoiceField(label=_("For"), required=False)
    due_date = forms.DateField(label=_("Due"), required=False)
    shift_days = forms.IntegerField(
        label=_("Move dates by days"), required=False, min_value=-MOST_DAYS, max_value=MOST_DAYS
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not any(cleaned.values()):
            raise ValidationError(_("Say what to change."))
        if cleaned.get("due_date") and cleaned.get("shift_days"):
            self.add_error("shift_days", _("Give either a new date or days to move by."))
        return cleaned


class TaskPlaceForm(forms.Form):
    """Into which action plan of the same plan."""

    action_plan = forms.ModelChoiceField(ActionPlan.objects.none(), label=_("Action plan"), empty_label=None)

    def __init__(self, *args: Any, task: AssessmentTask, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = ActionPlan.objects.visible_to(user).filter(objective__plan=task.change_container_id)
        rows = rows.select_related("objective")
        if not self.is_bound:  # a drag may end where it began
            rows = rows.exclude(pk=task.item.action_plan_id)
        field = self.fields["action_plan"]
        field.queryset = rows.order_by("objective__order", "order", "pk")  # type: ignore[attr-defined]
        field.label_from_instance = lambda row: f"{row.objective} › {row}"  # type: ignore[attr-defined]


class ActionPlanPlaceForm(forms.Form):
    objective = forms.ModelChoiceField(Objective.objects.none(), label=_("Objective"), empty_label=None)

    def __init__(self, *args: Any, action_plan: ActionPlan, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Objective.objects.visible_to(user).filter(plan=action_plan.change_container_id)
        field = self.fields["objective"]
        field.queryset = rows.exclude(pk=action_plan.objective_id)  # type: ignore[attr-defined]
