"""Who may see how the numbers are kept. The numbers themselves follow their plan (`plans.view_numbers`)."""

from __future__ import annotations

from typing import Any

import rules
from django.db.models import QuerySet

from kam.users.models import Role, User
from metrics.models import BuildingBlock, Scenario, ScenarioChange
from plans.models import AccountPlan


@rules.predicate
def runs_the_system(user: User) -> bool:
    return user.is_active and user.role == Role.ADMIN


rules.add_perm("metrics.view_operations", runs_the_system)


def plans_with_numbers(user: User) -> QuerySet:
    """The account plans whose numbers the user may see: `plans.view_numbers`, asked for all at once."""
    plans = AccountPlan.objects.visible_to(user)
    return plans if user.has_perm("plans.view_numbers") else plans.taking_part(user)


# --- Scenarios: a scenario was loaded through the gate, so whoever has it may look -------------------
@rules.predicate
def is_active(user: User) -> bool:
    return user.is_active


@rules.predicate
def sees_the_numbers(user: User, scenario: Scenario | None = None) -> bool:
    """Everybody who sees the numbers of a plan may imagine others."""
    if scenario is None:
        return user.role != Role.INTEGRATION
    return user.has_perm("plans.view_numbers", scenario.plan)


@rules.predicate
def imagined_it(user: User, scenario: Scenario | ScenarioChange | BuildingBlock | None = None) -> bool:
    whole: Any = getattr(scenario, "scenario", scenario)
    return user.role == Role.ADMIN or (whole is not None and whole.owner_id == user.pk)


rules.add_perm("metrics.add_scenario", is_active & sees_the_numbers)
for model in ("scenario", "scenariochange", "buildingblock"):
    rules.add_perm(f"metrics.view_{model}", is_active)
    rules.add_perm(f"metrics.change_{model}", is_active & imagined_it)
    rules.add_perm(f"metrics.delete_{model}", is_active & imagined_it)
for model in ("scenariochange", "buildingblock"):
    rules.add_perm(f"metrics.add_{model}", is_active & imagined_it)
