"""The page of one plan: its frame, objectives, prose, people, what is next and what changed.

The numbers are a panel of metrics (`kam.core.panels`), made together with the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from crm.enums import ActivityStatus
from crm.models import Activity
from kam.core.clock import company_today
from kam.core.history import readable
from kam.core.models import Change
from kam.core.panels import render_panel
from kam.core.policy import object_required, with_rights
from kam.users.models import User
from plans import operations, policies
from plans.enums import SECTIONS
from plans.models import (
    AccountPlanParticipant,
    AccountPlanProduct,
    Objective,
    Plan,
    RelatedObjectAnalysis,
    Strategy,
)
from plans.rules import works_on_plan
from plans.views.accountplans import STEPS
from plans.views.analyses import analysis_panel
from plans.views.insights import insights_of_plan
from plans.views.sections import blocks_of, custom_values_of
from templates_app.models import CustomField

SHOWN_ACTIVITIES = 6
SHOWN_CHANGES = 6
ADVISED_OBJECTIVES = 5
OTHER_PLANS = ("parent_plan", "copied_from")  # which the reader may not see
LINK_FIELDS = ("parent_plan", "copied_from")
REASON = "parts of a plan that was loaded through the gate"
# What the page shows; whole rows with their relations take half as long again.
PLAN_COLUMNS = (
    "name",
    "version",
    "account_id",
    "territory_id",
    "plan_type_id",
    "owner_id",
    "start_date",
    "end_date",
    "status",
    "currency",
    "sales_target",
    "stretch_target",
    "revenue_basis",
    "include_child_accounts",
    "is_confidential",
    "custom_values",
    "plan_type__name",
    "plan_type__sections",
)
OBJECTIVE_COLUMNS = (
    "plan_id",
    "strategy_id",
    "name",
    "owner_id",
    "start_date",
    "target_date",
    "status",
    "weight",
    "unit",
    "baseline",
    "current",
    "target",
    "progress_mode",
    "manual_progress",
    "order",
)


def whole(plans: QuerySet) -> QuerySet:
    """A plan with everything that its page shows, in a fixed number of statements.

    Of what many plans do not have at all it says whether there is any: what is not there is not asked for.
    """
    of_plan = {"plan": OuterRef("pk")}
    objectives = Objective.objects.unscoped(REASON).select_related("owner")
    objectives = objectives.only(*OBJECTIVE_COLUMNS, *names_at("owner")).with_work()
    participants = AccountPlanParticipant.objects.unscoped(REASON).select_related("user")
    plans = plans.annotate(
        short_term_touched_at=Subquery(short_term_changes().values("at")[:1]),
        short_term_touched_by=Subquery(short_term_changes().values("actor_name")[:1]),
        names_products=Exists(AccountPlanProduct.objects.unscoped(REASON).filter(**of_plan)),
        has_analyses=Exists(RelatedObjectAnalysis.objects.unscoped(REASON).filter(**of_plan)),
        has_custom_fields=Exists(CustomField.objects.filter(plan_type=OuterRef("plan_type"))),
    )
    plans = plans.select_related("account", "territory", "plan_type", "owner")
    names = ("account__name", "territory__name", *names_at("owner"))
    return plans.only(*PLAN_COLUMNS, *SECTIONS, *names).prefetch_related(
        Prefetch("objectives", objectives),
        Prefetch(
            "strategies", Strategy.objects.unscoped(REASON).only("plan_id", "name", "description", "order")
        ),
        Prefetch(
            "participants", participants.only("plan_id", "role", "access", "user_id", *names_at("user"))
        ),
    )


def names_at(path: str) -> list[str]:
    """What makes up the name of a user."""
    return [f"{path}__{column}" for column in ("first_name", "last_name", "username")]


def short_term_changes() -> QuerySet:
    """When and by whom the short-term plan was last written: it is for weeks, so its age tells whether to trust it."""
    changes = Change.objects.unscoped("the age of a text of a plan that was loaded through the gate")
    return changes.filter(object_id=OuterRef("pk"), after__has_key="short_term_plan").order_by("-id")


@object_required(Plan, "plans.view_accountplan", queryset=whole)
def accountplan_detail(request: HttpRequest, plan: Plan) -> HttpResponse:
    user = request.user
    operations.log_confidential_look(plan=plan, user=user)
    may_change = user.has_perm("plans.change_accountplan", plan)
    sees_numbers = user.has_perm("plans.view_numbers", plan)
    objectives = list(plan.objectives.all())
    context = {
        "plan": plan,
        "plan_tab": "overview",
        "account": plan.account,
        "accounts_panel": render_panel(request, "metrics:territory_accounts", plan)
        if plan.is_of_territory
        else "",
        "today": company_today(),
        "numbers_panel": render_panel(request, "metrics:plan_panel", plan),
        "branches": branches_of(plan, objectives),
        "has_many_objectives": len(objectives) > ADVISED_OBJECTIVES,
        "blocks": blocks_of(plan),
        "custom_values": custom_values_of(plan, people=people_of(plan), sees_numbers=sees_numbers),
        "analyses": analysis_panel(request, plan, objectives),
        "participants": plan.participants.all(),
        "planned": [] if plan.is_of_territory else next_activities(plan, user),
        "changes": changes_of(plan, user, sees_numbers=sees_numbers),
        "may_change": may_change,
        "may_delete": user.has_perm("plans.delete_accountplan", plan),
        "may_copy": user.has_perm("plans.copy_plan", plan),
        "may_add_activity": user.has_perm("crm.add_activity"),
        "steps": steps_of(plan) if may_change else [],
        "nav_section": "plans",
        **insights_of_plan(plan, user),
    }
    return render(request, "plans/accountplan_detail.html", context)


@dataclass(frozen=True)
class Branch:
    """A strategy with its objectives; `strategy` is None for objectives without one."""

    strategy: Strategy | None
    objectives: list[Objective]

    @property
    def progress_percent(self) -> Decimal | None:
        counted = [o for o in self.objectives if o.status not in policies.LEFT_OUT]
        return policies.as_percent(policies.weighted_mean((o.weight, o.progress) for o in counted))


def branches_of(plan: Plan, objectives: list[Objective]) -> list[Branch]:
    branches = [
        Branch(strategy, [o for o in objectives if o.strategy_id == strategy.pk])
        for strategy in plan.strategies.all()
    ]
    free = [o for o in objectives if o.strategy_id is None]
    return [*branches, Branch(None, free)] if free else branches


def next_activities(plan: Plan, user: User) -> list[Activity]:
    """What is planned with the plan's account, overdue ones first."""
    rows = Activity.objects.visible_to(user).filter(account=plan.account_id, status=ActivityStatus.PLANNED)
    rows = rows.select_related("type", "owner")
    rows = rows.only("subject", "status", "planned_for", "type__name", *names_at("owner"))
    return with_rights(rows.order_by("planned_for", "pk")[:SHOWN_ACTIVITIES], user, "crm.change_activity")


def people_of(plan: Plan) -> dict[UUID, User]:
    """Those whose names the page has read with the plan."""
    people = [
        plan.owner,
        *(o.owner for o in plan.objectives.all()),
        *(p.user for p in plan.participants.all()),
    ]
    return {user.pk: user for user in people}


def changes_of(plan: Plan, user: User, *, sees_numbers: bool) -> list[Any]:
    """What was done to the plan lately: amounts for those who may see numbers, links to other plans for nobody.

    What is thought of people is told to those who work on the plan; a manager in line finds it in the row itself.
    """
    changes = Change.objects.of(plan)[:SHOWN_CHANGES]
    rows = [*people_of(plan).values(), plan.subject, plan.plan_type, *plan.strategies.all()]
    return readable(
        changes,
        page_of=plan.pk,
        names={str(row.pk): str(row) for row in rows if row},
        currency=plan.currency,
        hidden=LINK_FIELDS if sees_numbers else (*LINK_FIELDS, "percent"),  # of rebates
        hides_money=not sees_numbers,
        hides_sensitive=not works_on_plan(user, plan),
    )


@dataclass(frozen=True)
class Step:
    action: str
    label: str
    icon: str
    is_due: bool


STEP_ICONS = {
    "activate": "circle-check",
    "hold": "player-pause",
    "complete": "flag",
    "archive": "archive",
    "cancel": "ban",
    "reopen": "refresh",
}


def steps_of(plan: Plan) -> list[Step]:
    """What can be done with the plan now; what is due stands out: to activate a draft, to complete what is over."""
    is_over = plan.days_left < 0
    due = {"activate": not is_over, "complete": is_over}
    possible = policies.possible_actions(plan.status)
    return [
        Step(action, str(label), STEP_ICONS[action], due.get(action, False))
        for action, (label, _done) in STEPS.items()
        if action in possible
    ]
