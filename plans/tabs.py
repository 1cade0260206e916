"""The pages of one plan, as tabs: each app adds those it owns (in `AppConfig.ready`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kam.users.models import User
from plans.models import Plan
from templates_app.enums import PlanSection


@dataclass(frozen=True)
class PlanTab:
    """`url_name` takes the plan's id; `permission` is asked about the plan, `section` of the plan type.

    Pages of a territory business plan are those that say so: the others speak of one account.
    """

    name: str
    label: str | Promise
    url_name: str
    order: int
    permission: str = "plans.view_accountplan"
    section: str = ""
    for_accounts: bool = True
    for_territories: bool = False

    def fits(self, plan: Plan) -> bool:
        return self.for_territories if plan.is_of_territory else self.for_accounts


_tabs: dict[str, PlanTab] = {}


def register_tab(tab: PlanTab) -> None:
    _tabs[tab.name] = tab


def tabs_of_plan(plan: Plan, user: User, *, active: str) -> list[dict[str, Any]]:
    """What `components/tabs.html` takes; nothing where there is only the plan's first page."""
    shown = [
        {"label": tab.label, "url": reverse(tab.url_name, args=[plan.pk]), "active": tab.name == active}
        for tab in sorted(_tabs.values(), key=lambda tab: tab.order)
        if tab.fits(plan)
        and user.has_perm(tab.permission, plan)
        and (not tab.section or plan.plan_type.shows(tab.section))
    ]
    return shown if len(shown) > 1 else []


register_tab(PlanTab("overview", _("Overview"), "plans:accountplan_detail", 0, for_territories=True))
register_tab(PlanTab("work", _("Work"), "plans:work_tree", 10, for_territories=True))
register_tab(
    PlanTab("targets", _("Targets"), "plans:target_grid", 15, "plans.view_numbers", for_territories=True)
)
register_tab(
    PlanTab(
        "products",
        _("Products"),
        "plans:plan_products",
        15,
        section=PlanSection.PRODUCTS,
        for_territories=True,
    )
)
register_tab(
    PlanTab(
        "reviews",
        _("Reviews"),
        "plans:planreview_list",
        12,
        section=PlanSection.REVIEWS,
        for_territories=True,
    )
)
