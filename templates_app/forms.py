"""What people type about goals and action plan templates. Forms validate; operations save."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.enums import PickList
from crm.models import PickListValue
from kam.core.forms import VersionedModelForm
from templates_app import operations
from templates_app.importing import MAX_SIZE
from templates_app.models import (
    ActionPlanTemplate,
    ActionPlanTemplateItem,
    CustomField,
    GoalDefinition,
    PlanType,
)


def offer_categories(form: forms.ModelForm) -> None:
    """Categories in use, and the retired one that the row already has."""
    rows = PickListValue.objects.visible_to(form.user).filter(pick_list=PickList.TEMPLATE_CATEGORY)  # type: ignore[attr-defined]
    rows = rows.filter(Q(is_retired=False) | Q(pk=form.instance.category_id))
    form.fields["category"].queryset = rows.order_by("order", "name")  # type: ignore[attr-defined]


class GoalDefinitionForm(VersionedModelForm):
    class Meta:
        model = GoalDefinition
        fields = (
            "name",
            "category",
            "applies_to",
            "status",
            "measure_kind",
            "default_target",
            "unit",
            "default_weight",
            "description",
        )
        widgets = {"description": forms.Textarea(attrs={"rows": 5, "data-wide": True})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_categories(self)
        for name in ("default_target", "default_weight"):
            self.fields[name].widget.attrs["step"] = "any"

    def save(self, commit: bool = True) -> GoalDefinition:
        return operations.save_goal(self.instance)


class GoalTemplateForm(forms.Form):
    """One more action plan template for a goal."""

    template = forms.ModelChoiceField(
        ActionPlanTemplate.objects.none(), label=gettext_lazy("Action plan template")
    )

    def __init__(self, *args: Any, goal: GoalDefinition, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = ActionPlanTemplate.objects.visible_to(user).exclude(goal_links__goal_definition=goal)
        self.fields["template"].queryset = rows.order_by("name")  # type: ignore[attr-defined]


class ActionPlanTemplateForm(VersionedModelForm):
    """Name, category and description; what is to be done stands in the versions."""

    class Meta:
        model = ActionPlanTemplate
        fields = ("name", "category", "description")
        widgets = {"description": forms.Textarea(attrs={"rows": 5, "data-wide": True})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_categories(self)


class ItemForm(VersionedModelForm):
    class Meta:
        model = ActionPlanTemplateItem
        fields = (
            "name",
            "kind",
            "activity_type",
            "start_offset",
            "due_offset",
            "assignee_role",
            "priority",
            "weight",
            "target_quantity",
            "prerequisite",
            "is_required",
            "instructions",
        )
        help_texts = {
            "start_offset": gettext_lazy("Counted from the start of the action plan."),
            "due_offset": "",
            "activity_type": gettext_lazy("Of a call objective: logging such a call completes it."),
        }
        widgets = {
            "name": forms.TextInput(attrs={"data-wide": True}),
            "instructions": forms.Textarea(attrs={"rows": 4, "data-wide": True}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = self.instance.template_version.items.exclude(pk=self.instance.pk).order_by(
            "order", "created_at"
        )
        self.fields["prerequisite"].queryset = others  # type: ignore[attr-defined]
        self.fields["prerequisite"].empty_label = _("Nothing")  # type: ignore[attr-defined]
        for name in ("weight", "target_quantity"):
            self.fields[name].widget.attrs["step"] = "any"

    def save(self, commit: bool = True) -> ActionPlanTemplateItem:
        if self.instance._state.adding:
            return operations.add_item(self.instance)
        self.instance.save()
        return self.instance


class LibraryFileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Library file"),
        help_text=gettext_lazy("A file that “Export” made, here or in another company."),
        widget=forms.ClearableFileInput(attrs={"accept": ".json,application/json"}),
    )
    only_check = forms.BooleanField(
        label=gettext_lazy("Only check it"), required=False, help_text=gettext_lazy("Says what would happen.")
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_SIZE:
            raise forms.ValidationError(_("The file is larger than 10 MB."))
        return file


# --- Plan types -----------------------------------------------------------------------------
class PlanTypeForm(VersionedModelForm):
    """The name, what a new plan starts with, whom it expects; sections, fields and goals have lists of their own."""

    class Meta:
        model = PlanType
        fields = (
            "name",
            "plural_name",
            "default_revenue_basis",
            "default_review_frequency",
            "description",
            "expected_roles",
            "is_retired",
        )
        labels = {"is_retired": gettext_lazy("Retired: no new plan can be made of it")}
        help_texts = {"name": gettext_lazy("What your business calls the plan, such as “Key Account Plan”.")}
        widgets = {
            "description": forms.Textarea(attrs={"rows": 3, "data-wide": True}),
            "expected_roles": forms.CheckboxSelectMultiple,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = PickListValue.objects.visible_to(self.user).filter(pick_list=PickList.STAKEHOLDER_ROLE)
        chosen = [role.pk for role in self.initial.get("expected_roles", ())]
        roles = roles.filter(Q(is_retired=False) | Q(pk__in=chosen))
        self.fields["expected_roles"].queryset = roles.order_by("order", "name")  # type: ignore[attr-defined]

    def save(self, commit: bool = True) -> PlanType:
        return operations.save_plan_type(self.instance, expected_roles=self.cleaned_data["expected_roles"])


class PlanTypeGoalForm(forms.Form):
    """One more goal that plans of a type are offered first."""

    goal = forms.ModelChoiceField(
        GoalDefinition.objects.none(), label=gettext_lazy("Goal"), empty_label=gettext_lazy("Choose one")
    )

    def __init__(self, *args: Any, plan_type: PlanType, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = GoalDefinition.objects.visible_to(user).offered().exclude(plan_type_links__plan_type=plan_type)
        self.fields["goal"].queryset = rows.order_by("name")  # type: ignore[attr-defined]


class LinesField(forms.CharField):
    """A list of texts, one a line."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = value if isinstance(value, list) else (super().to_python(value) or "").splitlines()
        return [line.strip() for line in lines if line.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(initial or []) != self.to_python(data)


class CustomFieldForm(VersionedModelForm):
    """Key and kind are chosen once: values rest on them."""

    choices = LinesField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Of a choice: one a line. What plans have already, they keep."),
    )

    class Meta:
        model = CustomField
        fields = ("label", "kind", "key", "help_text", "choices", "is_required", "is_retired")
        help_texts = {
            "key": gettext_lazy("Its name in the API and in filters. Left empty: made from the label."),
            "help_text": gettext_lazy("Shown below the field."),
        }
        labels = {"is_required": gettext_lazy("Must be filled in"), "is_retired": gettext_lazy("Retired")}
        widgets = {"help_text": forms.TextInput(attrs={"data-wide": True})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            del self.fields["is_retired"]
            self.fields["key"].required = False
        else:
            del self.fields["key"], self.fields["kind"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "key" in self.fields and "key" not in self.errors and not cleaned.get("key"):
            cleaned["key"] = self._key_from(cleaned.get("label") or "")
        return cleaned

    def _key_from(self, label: str) -> str:
        """The label in letters that an address takes; with a number where another field has it."""
        base = (
            re.sub("_+", "_", slugify(label).replace("-", "_")).lstrip("_0123456789")[:36].strip("_")
            or "field"
        )
        taken = set(
            CustomField.objects.filter(plan_type=self.instance.plan_type).values_list("key", flat=True)
        )
        numbered = (f"{base}_{number}" for number in range(2, len(taken) + 3))
        return next(key for key in (base, *numbered) if key not in taken)

    def save(self, commit: bool = True) -> CustomField:
        if self.instance._state.adding:
            return operations.add_custom_field(self.instance)
        self.instance.save()
        return self.instance
