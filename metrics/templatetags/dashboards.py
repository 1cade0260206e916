"""The pages for who looks after many plans and accounts, as tabs of one area."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.translation import gettext as _

register = template.Library()


@register.inclusion_tag("components/tabs.html", takes_context=True)
def dashboard_tabs(context: Context, active: str) -> dict[str, Any]:
    user = context["request"].user
    pages = [
        ("calls_due", _("Calls due"), ""),
        ("plan_coverage", _("Plan coverage"), ""),
        ("completion", _("Completion"), "?current=true"),
        ("activity", _("Activity"), ""),
    ]
    if user.has_perm("crm.view_commercial"):
        pages.insert(0, ("portfolio", _("Portfolio"), "?current=true"))
    return {
        "tabs": [
            {"label": label, "url": f"{reverse(f'metrics:{name}')}{query}", "active": name == active}
            for name, label, query in pages
        ],
        "label": _("Dashboards"),
    }
