"""Home: what is mine, what needs attention, what comes next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, F, OuterRef, Prefetch, Q, QuerySet, Subquery, Window
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.enums import ActivityStatus
from crm.models import Account, Activity, Opportunity
from crm.models.cadence import due_by
from kam.core.addresses import record_url
from kam.core.clock import company_today
from kam.core.formatting import format_money_short, format_percent
from kam.core.panels import render_panel
from kam.core.policy import signed_in, with_rights
from kam.users.models import Role, User
from metrics import operations
from metrics.policies import outlook_tone
from metrics.portfolio import Totals, portfolio_totals
from metrics.rules import plans_with_numbers
from metrics.views.first_steps import first_steps
from plans.enums import ObjectiveStatus, PlanStatus
from plans.models import Objective, Plan, PlanReview
from plans.policies import REVIEW_SOON

SHOWN_PLANS = 12
SHOWN_ITEMS = 4
SHOWN_ACTIVITIES = 8
ENDS_SOON = timedelta(days=30)
OF_A_CONCERN = (
    "name",
    "account_id",
    "status",
    "start_date",
    "end_date",
    "kpi__sales_target",
    "kpi__won_revenue",
    "kpi__pipeline",
    "kpi__weighted_pipeline",
    "kpi__total_expected_revenue",
    "kpi__forecast_target_variance",
)
OPEN_OBJECTIVES = (ObjectiveStatus.NOT_STARTED, ObjectiveStatus.IN_PROGRESS)


@dataclass(frozen=True)
class Item:
    text: str
    note: str
    url: str


@dataclass(frozen=True)
class Concern:
    """One kind of thing that needs attention, with the first few."""

    label: str
    icon: str
    tone: str
    items: list[Item]
    count: int
    url: str = ""  # where all of them stand

    @property
    def more(self) -> int:
        return self.count - len(self.items)


@signed_in
def home(request: HttpRequest) -> HttpResponse:
    user, today = request.user, company_today()
    leads = user.role in {Role.MANAGER, Role.EXECUTIVE}
    mine = my_plans(user)
    planned = my_activities(user, today=today)
    concerns = concerns_of(user, planned, today=today)
    context = {
        "greeting": greeting(timezone.localtime().hour),
        "today": today,
        "plans": mine[:SHOWN_PLANS],
        "has_more_plans": len(mine) > SHOWN_PLANS,
        "concerns": concerns,
        "waiting": sum(concern.count for concern in concerns),
        "planned": planned,
        "tasks_panel": render_panel(request, "plans:my_tasks_panel"),
        "may_add_activity": user.has_perm("crm.add_activity"),
        "may_add_plan": user.has_perm("plans.add_accountplan"),
        "is_lagging": operations.is_lagging(),
        "first_steps": first_steps(user),
        "team_plans": team_plans(user, today=today) if leads else None,
        # Adding up a whole company's records takes a while: only for who asks.
        "totals": portfolio(user, today=today) if leads and "portfolio" in request.GET else None,
        "nav_section": "home",
    }
    return render(request, "metrics/home.html", context)


def greeting(hour: int) -> str:
    return _("Good morning") if hour < 12 else _("Good afternoon") if hour < 18 else _("Good evening")


def with_progress(plans: QuerySet) -> QuerySet:
    objectives = Objective.objects.unscoped("progress of plans that were loaded through the gate")
    return plans.prefetch_related(Prefetch("objectives", objectives.with_work()))


def my_plans(user: User) -> list[Plan]:
    """Live plans that the user owns or takes part in, those that end first at the top."""
    plans = Plan.objects.visible_to(user).taking_part(user).live()
    rows = (
        with_progress(plans)
        .select_related("account", "territory", "owner", "kpi")
        .order_by("end_date", "name")
    )
    return list(rows[: SHOWN_PLANS + 1])


def team_plans(user: User, *, today: date) -> list[Plan]:
    """Current plans of others in the user's scope, the farthest behind first."""
    plans = Plan.objects.visible_to(user).current(today=today).exclude(owner=user)
    plans = plans.filter(kpi__isnull=False)  # so that they are read in the order of their numbers' index
    behind_first = F("kpi__company_forecast_target_variance").asc(nulls_last=True)
    rows = with_progress(plans).select_related("account", "territory", "owner", "kpi")
    return list(rows.order_by(behind_first, "name")[:SHOWN_PLANS])


def portfolio(user: User, *, today: date) -> Totals:
    """What the current plans in the user's scope add up to, each record once."""
    return portfolio_totals(plans=plans_with_numbers(user).current(today=today), user=user)


def my_activities(user: User, *, today: date) -> list[Any]:
    """The first, each with how many in all are late."""
    rows = Activity.objects.visible_to(user).filter(owner=user, status=ActivityStatus.PLANNED)
    rows = rows.annotate(late_count=Window(Count("pk", filter=Q(planned_for__lt=today))))
    rows = rows.select_related("account", "type", "owner").order_by("planned_for", "pk")
    return with_rights(rows[:SHOWN_ACTIVITIES], user, "crm.change_activity")


def concerns_of(user: User, planned: list[Any], *, today: date) -> list[Concern]:
    found = [
        overdue_activities(planned),
        due_contacts(user, today=today),
        slipped_opportunities(user, today=today),
        overdue_objectives(user, today=today),
        *plan_concerns(user, today=today),
    ]
    return [concern for concern in found if concern.count]


def concern(label: str, icon: str, tone: str, items: Iterable[Item]) -> Concern:
    listed = list(items)
    return Concern(label, icon, tone, listed[:SHOWN_ITEMS], len(listed))


def first_of(rows: QuerySet) -> tuple[list[Any], int]:
    """As many as are shown, and how many there are; by their ids, which an index may tell alone."""
    found = dict(rows.annotate(in_all=Window(Count("pk"))).values_list("pk", "in_all")[:SHOWN_ITEMS])
    shown = rows.filter(pk__in=found) if found else []
    return list(shown), next(iter(found.values()), 0)


def overdue_activities(planned: list[Any]) -> Concern:
    """Only how many: they stand first in the list of activities on the same page."""
    count = planned[0].late_count if planned else 0
    return Concern(_("Overdue activities"), "calendar-due", "bad", [], count, "#activities")


def days_late(day: Any, today: date) -> str:
    days = (today - day).days
    return ngettext("%(days)s day late", "%(days)s days late", days) % {"days": days}


def due_contacts(user: User, *, today: date) -> Concern:
    """Accounts whose call cadence says that a contact is due."""
    rows = due_by(Account.objects.visible_to(user).filter(owner=user), today)
    due = list(rows.annotate(in_all=Window(Count("pk"))).only("name")[:SHOWN_ITEMS])
    count = due[0].in_all if due else 0
    items = [
        Item(
            account.name,
            _("due %(day)s") % {"day": date_format(account.next_due_on)},
            account.get_absolute_url(),
        )
        for account in due
    ]
    url = f"{reverse('metrics:calls_due')}?owner={user.pk}"
    return Concern(_("Contacts due"), "phone", "warn", items, count, url)


def slipped_opportunities(user: User, *, today: date) -> Concern:
    rows = Opportunity.objects.visible_to(user).filter(owner=user).slipped(today=today)
    slipped, count = first_of(rows.select_related("account").order_by("close_date", "pk"))
    items = [
        Item(
            opportunity.name,
            f"{opportunity.account} · {format_money_short(opportunity.amount, opportunity.currency)} · "
            + _("should have closed %(day)s") % {"day": date_format(opportunity.close_date)},
            opportunity.get_absolute_url(),
        )
        for opportunity in slipped
    ]
    url = f"{reverse('crm:opportunity_list')}?slipped=true&owner={user.pk}"
    return Concern(_("Slipped opportunities"), "clock", "warn", items, count, url)


def overdue_objectives(user: User, *, today: date) -> Concern:
    rows = Objective.objects.visible_to(user).filter(
        owner=user, status__in=OPEN_OBJECTIVES, target_date__lt=today
    )
    rows = rows.exclude(plan__status__in=[PlanStatus.COMPLETED, PlanStatus.ARCHIVED, PlanStatus.CANCELLED])
    late, count = first_of(rows.select_related("plan").order_by("target_date", "pk"))
    items = [
        Item(
            objective.name,
            f"{objective.plan} · {days_late(objective.target_date, today)}",
            f"{objective.plan.get_absolute_url()}#objectives",
        )
        for objective in late
    ]
    return Concern(_("Overdue objectives"), "flag", "bad", items, count)


def plan_concerns(user: User, *, today: date) -> list[Concern]:
    """Of the plans the user owns: behind their target, to be reviewed, about to end, never activated."""
    own = Plan.objects.visible_to(user).filter(owner=user).live().select_related("kpi")
    own = own.only(*OF_A_CONCERN).order_by("end_date", "name").annotate(**next_review())
    active = [plan for plan in own if plan.status == PlanStatus.ACTIVE]
    behind = [plan for plan in active if expected_percent(plan) is not None and is_behind(plan)]
    ending = [plan for plan in active if plan.end_date <= today + ENDS_SOON]
    reviewed = [plan for plan in active if plan.review_due and plan.review_due <= today + REVIEW_SOON]
    forgotten = [plan for plan in own if plan.status == PlanStatus.DRAFT and plan.start_date <= today]
    return [
        concern(_("Plans behind target"), "trending-down", "bad", [behind_item(plan) for plan in behind]),
        reviews_due(reviewed, today=today),
        concern(
            _("Plans that end soon"),
            "calendar-event",
            "warn",
            [item_of(plan, _("ends %(day)s"), plan.end_date) for plan in ending],
        ),
        concern(
            _("Drafts never activated"),
            "pencil",
            "warn",
            [item_of(plan, _("should have started %(day)s"), plan.start_date) for plan in forgotten],
        ),
    ]


def next_review() -> dict[str, Any]:
    """The first review of a plan that is still to be held, asked within the statement of the plans."""
    planned = PlanReview.objects.unscoped("reviews of plans that were loaded through the gate")
    first = planned.filter(plan=OuterRef("pk")).to_hold().order_by("due_date", "pk")
    return {
        "review_due": Subquery(first.values("due_date")[:1]),
        "review_id": Subquery(first.values("pk")[:1]),
    }


def reviews_due(plans: list[Any], *, today: date) -> Concern:
    """Overdue ones, and those of the next days."""
    plans.sort(key=lambda plan: plan.review_due)
    is_late = any(plan.review_due < today for plan in plans)
    items = [
        Item(
            plan.name,
            days_late(plan.review_due, today)
            if plan.review_due < today
            else _("due %(day)s") % {"day": date_format(plan.review_due)},
            record_url("plans:planreview_detail", plan.review_id),
        )
        for plan in plans
    ]
    return concern(_("Reviews due"), "users", "bad" if is_late else "warn", items)


def expected_percent(plan: Plan) -> Any:
    kpi = getattr(plan, "kpi", None)
    return kpi.percent["total_expected_revenue"] if kpi is not None else None


def is_behind(plan: Plan) -> bool:
    return outlook_tone(expected_percent(plan)) == "bad"


def behind_item(plan: Plan) -> Item:
    note = _("%(percent)s of target expected") % {"percent": format_percent(expected_percent(plan))}
    return Item(plan.name, note, plan.get_absolute_url())


def item_of(plan: Plan, note: str, day: date) -> Item:
    return Item(plan.name, note % {"day": date_format(day)}, plan.get_absolute_url())
