"""What every page of the people of a plan shows, and who they are."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from plans.models import Plan
from plans.operations import log_confidential_look
from stakeholders.gaps import REASON, looked_after_on
from stakeholders.models import AccountPlanStakeholder, StakeholderLink
from templates_app.enums import PlanSection


def with_head(plans: QuerySet) -> QuerySet:
    return plans.showing(PlanSection.STAKEHOLDERS).select_related(
        "account", "territory", "plan_type", "owner"
    )


def frame_of(request: HttpRequest, plan: Plan, view: str) -> dict[str, Any]:
    """What every page of the tab shows: its head, its views, and what the reader may do."""
    user = request.user
    log_confidential_look(plan=plan, user=user)
    sees_stance = user.has_perm("plans.view_sensitive", plan)
    pages = [
        ("map", _("Map"), "stakeholder_map"),
        ("list", _("List"), "stakeholder_list"),
        ("organisation", _("Organisation"), "stakeholder_organisation"),
        ("gaps", _("Gaps"), "stakeholder_gaps"),
        ("partners", _("Partners"), "partner_list"),
    ]
    return {
        "plan": plan,
        "plan_tab": "stakeholders",
        "nav_section": "plans",
        "view": view,
        "views": [
            {"label": label, "url": reverse(f"stakeholders:{name}", args=[plan.pk]), "active": key == view}
            for key, label, name in pages
            if key != "map" or sees_stance
        ],
        "sees_stance": sees_stance,
        "may_change": user.has_perm("stakeholders.add_accountplanstakeholder", plan),
    }


def people_of(plan: Plan, *, with_contact: bool = False) -> list[AccountPlanStakeholder]:
    """Each knows whether somebody of us looks after them; two statements."""
    rows = AccountPlanStakeholder.objects.unscoped(REASON).filter(plan=plan).with_names().in_order()
    looked_after = looked_after_on(plan)
    people = list(rows.with_last_contact() if with_contact else rows)
    for row in people:
        row.is_looked_after = row.owner_id is not None or row.pk in looked_after  # type: ignore[attr-defined]
    return people


def links_of(plan: Plan) -> list[StakeholderLink]:
    return list(StakeholderLink.objects.unscoped(REASON).filter(from_stakeholder__plan=plan))
