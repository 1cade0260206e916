"""The items of a draft: add, edit, delete, put in order."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kam.core.forms import saved
from kam.core.pages import render_form
from kam.core.policy import object_required
from templates_app import operations
from templates_app.forms import ItemForm
from templates_app.models import ActionPlanTemplateItem, ActionPlanTemplateVersion, VersionIsFixed
from templates_app.views.goals import asked_move, asked_order

PAGE = {"nav_section": "library"}
View = Callable[..., HttpResponse]


def of_draft(view: View) -> View:
    """On a version that was published meanwhile, the page says so and shows it."""

    @wraps(view)
    def checked(request: HttpRequest, row: Any, *args: Any) -> HttpResponse:
        version = row if isinstance(row, ActionPlanTemplateVersion) else row.template_version
        try:
            if version.is_draft:
                return view(request, row, *args)
            raise VersionIsFixed
        except VersionIsFixed as error:
            messages.error(request, str(error))
            return redirect(version)

    return checked


def with_template(rows: Any) -> Any:
    return rows.select_related("template")


def with_version(rows: Any) -> Any:
    return rows.select_related("template_version__template")


@object_required(
    ActionPlanTemplateVersion, "templates_app.change_actionplantemplateversion", queryset=with_template
)
@of_draft
def item_create(request: HttpRequest, version: ActionPlanTemplateVersion) -> HttpResponse:
    item = ActionPlanTemplateItem(template_version=version)
    form = ItemForm(request.POST or None, instance=item, user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(item)s” is added.") % {"item": form.instance})
        return redirect(version)
    return render_form(request, "templates_app/item_form.html", {"form": form, "version": version, **PAGE})


@object_required(ActionPlanTemplateItem, "templates_app.change_actionplantemplateitem", queryset=with_version)
@of_draft
def item_update(request: HttpRequest, item: ActionPlanTemplateItem) -> HttpResponse:
    form = ItemForm(request.POST or None, instance=item, user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(item)s” is saved.") % {"item": item})
        return redirect(item.template_version)
    context = {"form": form, "item": item, "version": item.template_version, **PAGE}
    return render_form(request, "templates_app/item_form.html", context)


@object_required(ActionPlanTemplateItem, "templates_app.delete_actionplantemplateitem", queryset=with_version)
@of_draft
def item_delete(request: HttpRequest, item: ActionPlanTemplateItem) -> HttpResponse:
    version = item.template_version
    if request.method == "POST":
        name = str(item)
        item.delete()
        messages.success(request, _("“%(item)s” is deleted.") % {"item": name})
        return redirect(version)
    waiting = item.dependants.count()
    context = {
        "object": item,
        "cancel_url": version.get_absolute_url(),
        "consequences": [{"label": _("links from items that come after it"), "count": waiting}]
        if waiting
        else [],
        **PAGE,
    }
    return render(request, "templates_app/confirm_delete.html", context)


@require_POST
@object_required(
    ActionPlanTemplateVersion, "templates_app.change_actionplantemplateversion", queryset=with_template
)
@of_draft
def items_reorder(request: HttpRequest, version: ActionPlanTemplateVersion) -> HttpResponse:
    """By drag (all ids in their new order) or by a button (`move` = “id:up”)."""
    try:
        if move := asked_move(request):
            item = get_object_or_404(version.items.all(), pk=move[0])
            operations.move_item(item, up=move[1])
        else:
            operations.reorder_items(version, asked_order(request))
    except ValidationError as error:
        messages.error(request, error.messages[0])
    return redirect(version)
