"""What is missing among the people of a plan, with the link that mends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.models import Account
from kam.core.clock import company_today
from kam.core.policy import object_required
from kam.core.templatetags.kam import day
from kam.users.models import User
from plans.models import Plan
from stakeholders.enums import RelationshipLevel
from stakeholders.gaps import Gap, GapKind, gaps_of
from stakeholders.models import AccountPlanStakeholder
from stakeholders.views.frame import frame_of, with_head

LOOKS = {
    GapKind.MISSING_ROLE: ("warn", "user-circle"),
    GapKind.NOBODY_OF_US: ("warn", "users"),
    GapKind.NO_CONTACT: ("bad", "phone"),
    GapKind.SINGLE_THREAD: ("warn", "user-circle"),
    GapKind.LEVEL: ("info", "trending-up"),
}


@dataclass(frozen=True)
class GapLine:
    """A gap in words, and where it is mended (nowhere, for who may not)."""

    tone: str
    icon: str
    what: str
    text: str
    person: AccountPlanStakeholder | None
    url: str
    label: str


def lines_of(gaps: Sequence[Gap], plan: Plan, user: User, *, may_change: bool) -> list[GapLine]:
    accounts = {
        gap.stakeholder.contact.account_id for gap in gaps if gap.stakeholder and gap.stakeholder.contact
    }
    accounts |= {gap.stakeholder.organisation_id for gap in gaps if gap.stakeholder}
    open_accounts = set(Account.objects.visible_to(user).filter(pk__in=accounts).values_list("pk", flat=True))
    return [_line(gap, plan, user, open_accounts, may_change=may_change) for gap in gaps]


def _line(gap: Gap, plan: Plan, user: User, open_accounts: set[Any], *, may_change: bool) -> GapLine:
    tone, icon = LOOKS[gap.kind]
    row = gap.stakeholder
    url = label = ""
    if row is None:
        text = _("The plan type expects a “%(role)s”, and nobody on the plan is one.") % {"role": gap.role}
        if may_change:
            url = f"{reverse('stakeholders:stakeholder_create', args=[plan.pk])}?role={gap.role.pk}"
            label = _("Name somebody")
        return GapLine(tone, icon, str(gap.role), text, None, url, label)
    if gap.kind == GapKind.NO_CONTACT:
        last = row.last_contact  # type: ignore[attr-defined]
        text = _("Last contact on %(day)s.") % {"day": day(last)} if last else _("No contact is known.")
        account_id = row.contact.account_id if row.contact else row.organisation_id
        if account_id in open_accounts and user.has_perm("crm.add_activity"):
            url, label = reverse("crm:activity_plan", args=[account_id]), _("Plan a call")
    elif gap.kind == GapKind.SINGLE_THREAD:
        text = _("Nobody else here trusts us more than a vendor: if they leave, we start again.")
        if may_change:
            url, label = reverse("stakeholders:stakeholder_create", args=[plan.pk]), _("Name somebody")
    elif gap.kind == GapKind.LEVEL:
        wanted = RelationshipLevel(row.relationship_desired)
        now = RelationshipLevel(row.relationship_now)
        text = _("We are “%(now)s” to them and want to be “%(wanted)s”.") % {
            "now": now.label,
            "wanted": wanted.label,
        }
        if may_change:
            url, label = reverse("stakeholders:action_create", args=[row.pk]), _("Make an action")
    else:
        text = _("Nobody answers for the relationship, and no colleague looks after them.")
        if may_change:
            url, label = reverse("stakeholders:stakeholder_update", args=[row.pk]), _("Name somebody of us")
    return GapLine(tone, icon, str(gap.kind.label), text, row, url, label)


@object_required(Plan, "plans.view_accountplan", queryset=with_head)
def stakeholder_gaps(request: HttpRequest, plan: Plan) -> HttpResponse:
    frame = frame_of(request, plan, "gaps")
    gaps = gaps_of(plan, today=company_today())
    people = AccountPlanStakeholder.objects.visible_to(request.user).filter(plan=plan)
    context = frame | {
        "gaps": lines_of(gaps, plan, request.user, may_change=frame["may_change"]),
        "is_empty": not gaps and not people.exists(),
    }
    return render(request, "stakeholders/stakeholder_gaps.html", context)
