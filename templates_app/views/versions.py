"""Versions of an action plan template: their items, their time line, and the steps from draft to retired."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from kam.core.policy import object_required
from templates_app import operations, uses
from templates_app.charts import TimelineBar, timeline_chart
from templates_app.models import ActionPlanTemplateItem, ActionPlanTemplateVersion, VersionIsFixed

PAGE = {"nav_section": "library"}


def with_template(rows: Any) -> Any:
    return rows.select_related("template__category", "published_by")


def items_of(version: ActionPlanTemplateVersion) -> list[ActionPlanTemplateItem]:
    rows = version.items.select_related("activity_type", "prerequisite")
    return list(rows.order_by("order", "created_at", "id"))


def timeline_of(items: list[ActionPlanTemplateItem]) -> str:
    """Empty where there is nothing to draw."""
    if not items:
        return ""
    places = {item.pk: place for place, item in enumerate(items)}
    bars = [
        TimelineBar(
            item.name, item.start_offset, item.due_offset, item.is_required, places.get(item.prerequisite_id)
        )
        for item in items
    ]
    return timeline_chart(chart_id="timeline", bars=bars, title=_("Time line of the action plan"))


def may_edit(request: HttpRequest, version: ActionPlanTemplateVersion) -> bool:
    return version.is_draft and request.user.has_perm(
        "templates_app.change_actionplantemplateversion", version
    )


@object_required(
    ActionPlanTemplateVersion, "templates_app.view_actionplantemplateversion", queryset=with_template
)
def version_detail(request: HttpRequest, version: ActionPlanTemplateVersion) -> HttpResponse:
    items = items_of(version)
    user = request.user
    context = {
        "version": version,
        "plan_template": version.template,
        "others": version.template.versions.exclude(pk=version.pk).order_by("-number"),
        "items": items,
        "timeline": timeline_of(items),
        "uses": uses.uses_of(version, user),
        "may_edit": may_edit(request, version),
        "may_change": user.has_perm("templates_app.change_actionplantemplateversion", version),
        **PAGE,
    }
    return render(request, "templates_app/version_detail.html", context)


@object_required(
    ActionPlanTemplateVersion, "templates_app.change_actionplantemplateversion", queryset=with_template
)
def version_publish(request: HttpRequest, version: ActionPlanTemplateVersion) -> HttpResponse:
    """GET asks, with what stands in the way; POST does it."""
    problems = operations.publishing_problems(version)
    if request.method == "POST":
        try:
            version = operations.publish_version(version, actor=request.user, at=timezone.now())
        except operations.NotPublishable as error:
            problems = error.problems
        else:
            messages.success(request, _("%(version)s is published.") % {"version": version})
            return redirect(version.template)
    context = {
        "version": version,
        "problems": problems,
        "count": version.items.count(),
        "previous": version.template.versions.filter(status="published").first(),
        **PAGE,
    }
    status = 409 if request.method == "POST" else 200
    return render(request, "templates_app/version_publish.html", context, status=status)


@object_required(
    ActionPlanTemplateVersion, "templates_app.change_actionplantemplateversion", queryset=with_template
)
def version_retire(request: HttpRequest, version: ActionPlanTemplateVersion) -> HttpResponse:
    if request.method == "POST":
        try:
            operations.retire_version(version)
        except operations.NotPublished as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("%(version)s is retired.") % {"version": version})
        return redirect(version.template)
    return render(request, "templates_app/version_retire.html", {"version": version, **PAGE})


@object_required(
    ActionPlanTemplateVersion, "templates_app.delete_actionplantemplateversion", queryset=with_template
)
def version_delete(request: HttpRequest, version: ActionPlanTemplateVersion) -> HttpResponse:
    """Only a draft goes."""
    if request.method == "POST":
        template, name = version.template, str(version)
        try:
            version.delete()
        except VersionIsFixed as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("%(version)s is deleted.") % {"version": name})
        return redirect(template)
    context = {
        "object": version,
        "cancel_url": version.get_absolute_url(),
        "consequences": [{"label": _("items"), "count": version.items.count()}],
        "blocked_by": [] if version.is_draft else [_("Plans may have been made from it: it is published.")],
        **PAGE,
    }
    return render(request, "templates_app/confirm_delete.html", context)
