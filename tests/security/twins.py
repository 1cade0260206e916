"""Two worlds that differ only in what a persona may not see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from crm.models import Account, Opportunity, Order
from kam.core.models import Change
from kam.jobs.models import Job, JobItem
from kam.users.models import User
from metrics.operations import rebuild
from plans.enums import PlanStatus
from plans.models import AccountPlan, MedicalInsight, TerritoryBusinessPlan
from tests import factories
from tests.fixtures import World
from tests.security.rows import (
    Rows,
    common_rows,
    partner,
    rows_of_account,
    rows_of_plan,
    rows_of_territory_plan,
)

SECRET = "Project Nightingale"
SEE_ALL_ACCOUNTS = {"executive", "admin"}
COMMERCIAL, MEDICAL = (Opportunity, Order), (MedicalInsight,)
SEE_MEDICAL = {"msl", "manager", "executive", "admin"}


@dataclass
class Twins:
    world: World
    cast: dict[str, User]
    seen: Rows  # rows that both worlds have, of every model that an address may name
    laboratory: Account  # in both worlds; the head of its group is hidden

    @property
    def pointing(self) -> list[Model]:
        """Rows that both worlds have, and that point to hidden ones in the other."""
        return [self.world.draft, self.world.far_plan, self.laboratory]

    def hide(self, persona: str) -> list[Rows]:
        """Add what the persona must not notice; returns the rows, those of each plan and account together."""
        plans = self._hidden_plans(persona)
        hidden = [rows_of_plan(plan) for plan in plans]
        hidden += [rows_of_territory_plan(plan) for plan in self._hidden_territory_plans(persona)]
        if persona not in SEE_ALL_ACCOUNTS:
            hidden.append(rows_of_account(self._hidden_account()))
        apart = COMMERCIAL if persona == "msl" else MEDICAL if persona not in SEE_MEDICAL else ()
        if apart:
            made = rows_of_account(self.world.account, apart)
            hidden.append({model: made[model] for model in apart})
        items = [JobItem(job=self.seen[Job], target_id=plan.pk) for plan in plans]
        JobItem.objects.bulk_create(items)
        # Plans that are seen point to hidden ones; their own versions stay.
        rows = AccountPlan._base_manager
        rows.filter(pk=self.world.draft.pk).update(parent_plan=plans[0], copied_from=plans[1])
        rows.filter(pk=self.world.far_plan.pk).update(parent_plan=plans[0])
        assert not set(AccountPlan.objects.visible_to(self.cast[persona])) & set(plans)
        rebuild()
        return hidden

    def _hidden_plans(self, persona: str) -> list[AccountPlan]:
        """One that is confidential, and one that lies elsewhere or is a draft."""
        world, keeper = self.world, self.world.keeper
        other: dict[str, Any] = {"account": world.far_account, "owner": self.cast["stranger"]}
        if persona == "stranger":
            other = {"account": world.account, "owner": keeper}
        elif persona == "executive":
            other = {"account": world.account, "owner": keeper, "status": PlanStatus.DRAFT}
        elif persona == "admin":
            other |= {"owner": keeper, "is_confidential": True, "parent_plan": world.far_plan}
        shared: dict[str, Any] = {"name": SECRET, "plan_type": world.plan.plan_type}
        return [
            factories.create_plan(world.account, owner=keeper, is_confidential=True, **shared),
            factories.create_plan(**other, **shared),
        ]

    def _hidden_territory_plans(self, persona: str) -> list[TerritoryBusinessPlan]:
        """A confidential one of the same territory, and one elsewhere or a draft."""
        keeper, here = self.world.keeper, self.world.account.territory
        other: dict[str, Any] = {"territory": self.world.far_account.territory}
        if persona == "stranger":
            other = {"territory": here}
        elif persona == "executive":
            other = {"territory": here, "status": PlanStatus.DRAFT}
        elif persona == "admin":
            other |= {"is_confidential": True}
        shared: dict[str, Any] = {"name": SECRET, "plan_type": self.world.plan.plan_type, "owner": keeper}
        return [
            factories.create_territory_plan(here, is_confidential=True, **shared),
            factories.create_territory_plan(**other, **shared),
        ]

    def _hidden_account(self) -> Account:
        account = factories.create_account(SECRET, owner=self.world.keeper)
        Account._base_manager.filter(pk=self.laboratory.pk).update(parent=account)
        return account


def make_twins(world: World, cast: dict[str, User]) -> Twins:
    """The small world without its confidential plan, as if that had never been."""
    partner()
    Change._base_manager.filter(container_id=world.confidential.pk)._raw_delete("default")
    AccountPlan._base_manager.filter(pk=world.confidential.pk)._raw_delete("default")
    user = cast["account_manager"]
    laboratory = factories.create_account("Harbour Labs", owner=user, territory=world.account.territory)
    territory_plan = factories.create_territory_plan(
        world.account.territory, "North this year", owner=user, plan_type=world.plan.plan_type
    )
    seen = common_rows(user) | rows_of_territory_plan(
        territory_plan
    )  # pages of both kinds: the account's plan
    seen |= rows_of_account(world.account) | rows_of_plan(world.plan)
    return Twins(world, cast, seen, laboratory)
