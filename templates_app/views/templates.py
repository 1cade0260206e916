"""Action plan templates: the list, one template with its versions, copies and comparisons."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kam.core.forms import saved
from kam.core.lists import list_filter, page_of
from kam.core.pages import render_form
from kam.core.policy import object_required, permission_required
from kam.core.templatetags.kam import quantity
from templates_app import operations, policies, uses
from templates_app.filters import ActionPlanTemplateFilter
from templates_app.forms import ActionPlanTemplateForm
from templates_app.models import ActionPlanTemplate, ActionPlanTemplateItem, ActionPlanTemplateVersion
from templates_app.views.versions import items_of, timeline_of

PAGE = {"nav_section": "library"}


@permission_required("templates_app.view_library")
def template_list(request: HttpRequest) -> HttpResponse:
    filterset = list_filter(
        ActionPlanTemplateFilter,
        request,
        ActionPlanTemplate.objects.visible_to(request.user).with_state().select_related("category"),
        name="action_plan_templates",
        show=("category", "applies_to", "status"),
    )
    may_add = request.user.has_perm("templates_app.add_actionplantemplate")
    context = {"filter": filterset, "page_obj": page_of(request, filterset.qs), "may_add": may_add, **PAGE}
    return render(request, "templates_app/actionplantemplate_list.html", context)


def with_state(rows: Any) -> Any:
    return rows.with_state().select_related("category", "copied_from")


@object_required(ActionPlanTemplate, "templates_app.view_actionplantemplate", queryset=with_state)
def template_detail(request: HttpRequest, template: ActionPlanTemplate) -> HttpResponse:
    """Shows the published version; without one the draft, else the last."""
    versions = list(template.versions.select_related("published_by").order_by("-number"))
    by_status = {version.status: version for version in reversed(versions)}
    shown = by_status.get("published") or by_status.get("draft") or (versions[0] if versions else None)
    items = items_of(shown) if shown else []
    context = {
        "plan_template": template,
        "versions": versions,
        "shown": shown,
        "draft": by_status.get("draft"),
        "items": items,
        "timeline": timeline_of(items),
        "uses": uses.uses_of(template, request.user),
        "may_change": request.user.has_perm("templates_app.change_actionplantemplate", template),
        "may_delete": request.user.has_perm("templates_app.delete_actionplantemplate", template),
        **PAGE,
    }
    return render(request, "templates_app/actionplantemplate_detail.html", context)


@permission_required("templates_app.add_actionplantemplate")
def template_create(request: HttpRequest) -> HttpResponse:
    form = ActionPlanTemplateForm(request.POST or None, instance=ActionPlanTemplate(), user=request.user)
    if request.method == "POST" and saved(form, lambda: operations.create_template(form.instance)):
        messages.success(
            request, _("“%(name)s” is added. Now add what is to be done.") % {"name": form.instance}
        )
        return redirect(form.instance.versions.get())
    return render_form(request, "templates_app/actionplantemplate_form.html", {"form": form, **PAGE})


@object_required(ActionPlanTemplate, "templates_app.change_actionplantemplate")
def template_update(request: HttpRequest, template: ActionPlanTemplate) -> HttpResponse:
    form = ActionPlanTemplateForm(request.POST or None, instance=template, user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(name)s” is saved.") % {"name": template})
        return redirect(template)
    context = {"form": form, "plan_template": template, **PAGE}
    return render_form(request, "templates_app/actionplantemplate_form.html", context)


@object_required(ActionPlanTemplate, "templates_app.add_actionplantemplate")
def template_copy(request: HttpRequest, template: ActionPlanTemplate) -> HttpResponse:
    copy = ActionPlanTemplate(
        name=_("Copy of %(name)s") % {"name": template.name},
        category=template.category,
        description=template.description,
    )
    form = ActionPlanTemplateForm(request.POST or None, instance=copy, user=request.user)
    if request.method == "POST" and saved(form, lambda: operations.copy_template(template, form.instance)):
        messages.success(
            request, _("“%(name)s” is a copy of “%(source)s”.") % {"name": copy, "source": template}
        )
        return redirect(copy)
    context = {"form": form, "source": template, **PAGE}
    return render_form(request, "templates_app/actionplantemplate_form.html", context)


@object_required(ActionPlanTemplate, "templates_app.delete_actionplantemplate")
def template_delete(request: HttpRequest, template: ActionPlanTemplate) -> HttpResponse:
    blocked_by = [use.label for use in uses.uses_of(template, request.user)]
    fixed = template.versions.all().fixed()
    blocked_by += [
        _("It was published: %(version)s. Retire it instead.") % {"version": version} for version in fixed
    ]
    if request.method == "POST" and not blocked_by:
        name = str(template)
        template.delete()
        messages.success(request, _("“%(name)s” is deleted.") % {"name": name})
        return redirect("templates_app:library_home")
    context = {
        "object": template,
        "cancel_url": template.get_absolute_url(),
        "blocked_by": blocked_by,
        **PAGE,
    }
    return render(request, "templates_app/confirm_delete.html", context)


@require_POST
@object_required(ActionPlanTemplate, "templates_app.change_actionplantemplate")
def template_new_draft(request: HttpRequest, template: ActionPlanTemplate) -> HttpResponse:
    try:
        draft = operations.new_draft(template)
    except operations.DraftExists as error:
        messages.error(request, str(error))
        return redirect(error.draft)
    messages.success(request, _("%(version)s is ready to be edited.") % {"version": draft})
    return redirect(draft)


# --- Difference between two versions --------------------------------------------------------
@dataclass(frozen=True)
class Shown:
    """One item of a comparison: how it differs, in words."""

    name: str
    tone: str
    label: str
    fields: list[tuple[str, str, str]]


@object_required(ActionPlanTemplate, "templates_app.view_actionplantemplate")
def template_compare(request: HttpRequest, template: ActionPlanTemplate) -> HttpResponse:
    """Two versions side by side: the last two, or those that `before` and `after` name by number."""
    versions = {version.number: version for version in template.versions.order_by("number")}
    numbers = sorted(versions)
    after = asked_number(request, "after", numbers[-1] if numbers else 0)
    before = asked_number(request, "before", numbers[-2] if len(numbers) > 1 else after)
    if not {before, after} <= set(versions):
        raise Http404
    context = {
        "plan_template": template,
        "numbers": numbers,
        "before": versions[before],
        "after": versions[after],
        "rows": compared(versions[before], versions[after]),
        **PAGE,
    }
    return render(request, "templates_app/version_compare.html", context)


def asked_number(request: HttpRequest, name: str, default: int) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else default


def compared(before: ActionPlanTemplateVersion, after: ActionPlanTemplateVersion) -> list[Shown]:
    values = operations.values_by_version([before, after])
    old, new = values[before.pk], values[after.pk]
    found = policies.difference(old, new)
    names = {key: values["name"] for key, values in (old | new).items()}
    rows = [Shown(names[key], "ok", _("Added"), facts(new[key], names)) for key in found.added]
    rows += [Shown(names[key], "bad", _("Removed"), []) for key in found.removed]
    for key in new:
        changes = [
            (
                label_of(change.field),
                worded(change.field, change.before, names),
                worded(change.field, change.after, names),
            )
            for change in found.changed.get(key, [])
        ]
        if key in found.moved:
            changes.append((_("Place"), place_of(key, old), place_of(key, new)))
        if changes:
            rows.append(Shown(names[key], "info", _("Changed"), changes))
    return rows


def facts(values: dict[str, Any], names: dict[Any, str]) -> list[tuple[str, str, str]]:
    """What is worth saying of an item that is new."""
    return [
        (label_of(name), "", worded(name, value, names))
        for name, value in values.items()
        if name != "name" and value not in (None, "")
    ]


def place_of(key: Any, values: dict[Any, Any]) -> str:
    return str(list(values).index(key) + 1)


def label_of(name: str) -> str:
    return str(ActionPlanTemplateItem._meta.get_field(name).verbose_name).capitalize()  # type: ignore[union-attr]


def worded(name: str, value: Any, names: dict[Any, str]) -> str:
    if value is None or value == "":
        return "–"
    if name == "prerequisite":
        return names.get(value, "–")
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, Decimal):
        return quantity(value)
    choices = dict(ActionPlanTemplateItem._meta.get_field(name).flatchoices)  # type: ignore[union-attr]
    return str(choices.get(value, value))
