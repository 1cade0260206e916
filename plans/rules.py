"""Who may do what with plans (quality.md, section 3). Asked as `user.has_perm(name, obj)` everywhere."""

from __future__ import annotations

from typing import Any

import rules

from crm.models import TerritoryEdge
from crm.rules import sees_commercial, sees_medical
from kam.users.models import Role, User
from plans.enums import Access
from plans.models import Plan
from plans.models.plans import EDITING_ROLES


def plan_of(obj: Any) -> Plan | None:
    return obj if isinstance(obj, Plan) or obj is None else obj.plan


@rules.predicate
def is_active(user: User) -> bool:
    return user.is_active


@rules.predicate
def is_admin(user: User) -> bool:
    return user.role == Role.ADMIN


@rules.predicate
def has_editing_role(user: User) -> bool:
    return user.role in EDITING_ROLES


@rules.predicate
def owns_plan(user: User, obj: Any = None) -> bool:
    plan = plan_of(obj)
    return plan is not None and plan.owner_id == user.pk


@rules.predicate
def edits_plan(user: User, obj: Any = None) -> bool:
    plan = plan_of(obj)
    return plan is not None and plan.access_of(user) == Access.EDIT


@rules.predicate
def takes_part(user: User, obj: Any = None) -> bool:
    plan = plan_of(obj)
    return plan is not None and plan.access_of(user) is not None


@rules.predicate
def manages_territory(user: User, obj: Any = None) -> bool:
    """A manager above the plan's account. Having a part in a plan elsewhere, or in a confidential one, is less."""
    plan = plan_of(obj)
    if user.role != Role.MANAGER or plan is None or plan.is_confidential:
        return False
    territory_id = plan.account.territory_id if plan.account else plan.territory_id
    return TerritoryEdge.ids_of(user).filter(descendant_id=territory_id).exists()


PROMISES = ("commitment", "planevent", "coopfund", "coopexpense", "rebateprogram", "rebatetier")


@rules.predicate
def works_in_territory(user: User, obj: Any = None) -> bool:
    """Of a territory plan; asked without one: whether there is any territory to plan for."""
    territories = TerritoryEdge.ids_of(user)
    plan = plan_of(obj)
    return (territories.filter(descendant_id=plan.territory_id) if plan else territories).exists()


@rules.predicate
def may_plan_for_such(user: User, obj: Any = None) -> bool:
    """Like this plan: one of a territory takes a territory to plan for."""
    plan = plan_of(obj)
    return plan is None or not plan.is_of_territory or TerritoryEdge.ids_of(user).exists()


@rules.predicate
def works_with_plans(user: User) -> bool:
    return user.role not in {Role.INTEGRATION, Role.VIEWER}


@rules.predicate
def is_assignee(user: User, obj: Any = None) -> bool:
    return obj is not None and obj.assignee_id == user.pk


@rules.predicate
def is_msl(user: User) -> bool:
    return user.role == Role.MSL


@rules.predicate
def is_author(user: User, obj: Any = None) -> bool:
    """Asked without a row it is about a new one."""
    return obj is None or obj.author_id == user.pk


can_change = is_active & (is_admin | (has_editing_role & (owns_plan | edits_plan)))
# The object was loaded through visible_to(): whoever has it may look.
may_look = is_active

for kind in ("plan", "accountplan", "territorybusinessplan"):
    rules.add_perm(f"plans.view_{kind}", may_look)
    rules.add_perm(f"plans.change_{kind}", can_change)
    rules.add_perm(f"plans.delete_{kind}", is_active & (is_admin | (has_editing_role & owns_plan)))
rules.add_perm("plans.add_accountplan", is_active & (is_admin | has_editing_role))
rules.add_perm(
    "plans.add_territorybusinessplan", is_active & (is_admin | (has_editing_role & works_in_territory))
)
# Of a plan that the user sees, for another subject or period.
rules.add_perm(
    "plans.copy_plan", is_active & (is_admin | (has_editing_role & (owns_plan | may_plan_for_such)))
)
rules.add_perm(
    "plans.change_owner", is_active & (is_admin | (has_editing_role & owns_plan) | manages_territory)
)
# Targets and pipeline: kept from medical colleagues who do not take part in the plan.
rules.add_perm("plans.view_numbers", is_active & (sees_commercial | owns_plan | takes_part))
# What we think of people (stance, how we develop them, notes): on own plans and in line, nobody else.
works_on_plan = owns_plan | (has_editing_role & takes_part)
rules.add_perm("plans.view_sensitive", is_active & (works_on_plan | manages_territory))
rules.add_perm("plans.view_targetline", may_look)
for action in ("add", "change", "delete"):
    rules.add_perm(f"plans.{action}_targetline", can_change)

PARTS = (
    "strategy",
    "accountplanobjective",
    "goalassignment",
    "objective",
    "accountplanparticipant",
    "actionplan",
    "actionplanitem",
    "assessmenttask",
    "accountplanproduct",
    "relatedobjectanalysis",
    "planpin",
    "planreview",
)
for model in PARTS:
    rules.add_perm(f"plans.view_{model}", may_look)
    for action in ("add", "change", "delete"):
        rules.add_perm(f"plans.{action}_{model}", can_change)
for model in PROMISES:
    rules.add_perm(f"plans.view_{model}", may_look)
    for action in ("add", "change", "delete"):
        rules.add_perm(f"plans.{action}_{model}", can_change)
# Those that serve a territory plan: who sees medical matters, and who takes part in it.
rules.add_perm("plans.view_insights", is_active & (sees_medical | owns_plan | takes_part))
# Medical insights: medical colleagues write them, each their own; those of others they only read.
rules.add_perm("plans.view_medicalinsight", may_look)
for action in ("add", "change", "delete"):
    rules.add_perm(f"plans.{action}_medicalinsight", is_active & (is_admin | (is_msl & is_author)))
# Who edits the plan edits the work; whose task it is takes its steps and says what came of it.
rules.add_perm("plans.complete_assessmenttask", can_change | (is_active & works_with_plans & is_assignee))
rules.add_perm("plans.view_taskactivity", may_look)
