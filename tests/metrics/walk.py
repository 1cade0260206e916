"""A small company whose records change at random, in every way that records can change.

Everything is drawn from one seed: the same seed takes the same walk.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F

from crm.models import (
    Account,
    ExchangeRate,
    Opportunity,
    OpportunityLine,
    Order,
    Product,
    ProductCategory,
    RevenueSchedule,
    Territory,
)
from plans.enums import PinEffect, PlanStatus, RecordKind
from plans.models import AccountPlan, AccountPlanProduct, Plan, PlanPin, TerritoryBusinessPlan
from plans.models.pins import RECORDS
from templates_app.enums import RevenueBasis
from tests import factories

TODAY = date(2026, 6, 15)
FIRST_DAY, LAST_DAY = date(2025, 7, 1), date(2027, 6, 30)
LEAP_DAY = date(2028, 2, 29)
WHY = "a walk through the records"
# CHF has a rate from the middle of the time on, BRL has none.
CURRENCIES = ("USD", "USD", "EUR", "EUR", "GBP", "JPY", "KWD", "CHF", "BRL")
# To a company currency that may be any of them.
RATES = {"USD": "0.9371", "EUR": "1.0837", "GBP": "1.2691", "JPY": "0.0067123457", "KWD": "3.2541"}
OPPORTUNITIES, ORDERS, ACCOUNTS, PLANS = 420, 90, 14, 17


class Walk:
    def __init__(self, seed: int, *, today: date = TODAY) -> None:
        self.first_day, self.last_day = today - (TODAY - FIRST_DAY), today + (LAST_DAY - TODAY)
        self.random = random.Random(seed)
        self.user = factories.create_user()
        self.plan_type = factories.create_plan_type()
        self._products()
        self._stages()
        self._rates()
        self._territories()
        self._accounts()
        self._plans()
        self.load(OPPORTUNITIES)
        self.load_orders(ORDERS)
        for _ in range(3 * PLANS):
            self.pin()
        self.steps: list[Callable[[], None]] = [
            self.edit_opportunity, self.edit_opportunity, self.add_opportunity, self.delete_opportunity,
            self.load_some, self.update_opportunities, self.raw_amounts, self.raw_dates, self.raw_delete,
            self.edit_schedule, self.move_line, self.delete_schedules, self.edit_order, self.raw_orders,
            self.edit_plan, self.edit_plan, self.move_plan, self.add_plan, self.delete_plan, self.update_plans,
            self.move_account, self.move_account, self.raw_move_account, self.delete_account,
            self.add_rate, self.edit_rate, self.delete_rate, self.edit_stage, self.raw_stage,
            self.name_products, self.name_products, self.forget_products, self.raw_products, self.edit_line,
            self.pin, self.pin, self.pin, self.unpin, self.raw_unpin, self.delete_pinned, self.move_territory,
            self.raw_move_territory, self.assign_account, self.raw_assign, self.move_territory_plan,
            self.raw_lines, self.move_product, self.move_category, self.raw_competitors,
        ]  # fmt: skip

    def step(self) -> str:
        """Take one random step; returns what it was."""
        step = self.random.choice(self.steps)
        step()
        return step.__name__

    # --- What there is at the start ---
    def _stages(self) -> None:
        names = (("Early", 10, False, False), ("Late", "62.5", False, False), ("Signed", 100, True, True))
        self.stages = [
            factories.create_stage(name, probability=chance, is_closed=closed, is_won=won)
            for name, chance, closed, won in (*names, ("Gone", 0, True, False))
        ]

    def _products(self) -> None:
        """Three levels of categories; one product is somebody else's."""
        top = factories.create_category()
        middle = factories.create_category(parent=top)
        self.categories = [top, middle, factories.create_category(parent=middle)]
        self.categories.append(factories.create_category())
        self.products = [
            factories.create_product(category=category, is_competitor=number == 5)
            for number, category in enumerate([*self.categories, *self.categories[1:]])
        ]

    def _rates(self) -> None:
        for currency, rate in RATES.items():
            factories.create_rate(currency, rate, valid_from=self.first_day - timedelta(days=400))
            for _ in range(3):
                self._new_rate(currency, self.day(), Decimal(rate))
        factories.create_rate("CHF", "1.1205", valid_from=self.first_day + timedelta(days=304))

    def _new_rate(self, currency: str, day: date, about: Decimal) -> None:
        rate = (about * self.random.randint(800, 1250) / 1000).quantize(Decimal(1).scaleb(-10))
        ExchangeRate.objects.update_or_create(currency=currency, valid_from=day, defaults={"rate": rate})

    def _territories(self) -> None:
        """A root with two below it and one below these; another root."""
        root = factories.create_territory()
        below = [factories.create_territory(parent=root) for _ in range(2)]
        self.territories = [root, *below, factories.create_territory(parent=below[0])]
        self.territories.append(factories.create_territory())

    def _territory(self) -> Territory | None:
        return self.random.choice([None, *self.territories])

    def _accounts(self) -> None:
        self.account_ids: list[UUID] = []
        for number in range(ACCOUNTS):
            # Two roots, of which the first has three children at least.
            above = self.account_ids[:1] if number < 5 else self.account_ids
            parent_id = self.random.choice(above) if number > 1 else None
            self.account_ids.append(
                Account.objects.create(
                    name=f"Account {number}",
                    parent_id=parent_id,
                    owner=self.user,
                    territory=self._territory(),
                ).pk
            )

    def _plans(self) -> None:
        """One of each basis over everything below the first account, whatever else comes; then any."""
        for basis in RevenueBasis:
            self._make_plan(
                account_id=self.account_ids[0], revenue_basis=basis, include_child_accounts=True,
                currency="EUR", status=PlanStatus.ACTIVE, start_date=self.first_day, end_date=self.last_day,
            )  # fmt: skip
            limited = self._make_plan(
                account_id=self.account_ids[0], revenue_basis=basis, include_child_accounts=True,
                currency="USD", status=PlanStatus.ACTIVE, start_date=self.first_day, end_date=self.last_day,
            )  # fmt: skip
            factories.create_plan_product(limited, category=self.categories[1])
            self._make_plan(
                account_id=None, territory=self.territories[0], revenue_basis=basis,
                currency="GBP", status=PlanStatus.ACTIVE, start_date=self.first_day, end_date=self.last_day,
            )  # fmt: skip
        for _ in range(PLANS - 3 * len(RevenueBasis)):
            self._make_plan()

    def _make_plan(self, **values: Any) -> Plan:
        start = self.day()
        defaults = {
            "account_id": self.random.choice(self.account_ids),
            "start_date": start,
            "end_date": start + timedelta(days=self.random.randint(1, 400)),
            "currency": self.random.choice(CURRENCIES),
            "sales_target": self.random.choice([None, Decimal(0), self.amount(), Decimal(250_000)]),
            "revenue_basis": self.random.choice(list(RevenueBasis)),
            "include_child_accounts": self.random.random() < 0.6,
            "status": self.random.choice([PlanStatus.DRAFT, PlanStatus.ACTIVE, PlanStatus.CANCELLED]),
        }
        return Plan.objects.create(
            name="Plan", owner=self.user, plan_type=self.plan_type, **{**defaults, **values}
        )

    # --- Drawing ---
    def day(self) -> date:
        if self.first_day < LEAP_DAY < self.last_day and self.random.random() < 0.1:
            return LEAP_DAY
        return self.first_day + timedelta(days=self.random.randint(0, (self.last_day - self.first_day).days))

    def amount(self) -> Decimal:
        """To a thousandth, as raw SQL may leave it: rounding has something to do."""
        return Decimal(self.random.randint(0, 50_000_000)).scaleb(-3)

    def some(self, model: Any, size: int = 1) -> list[Any]:
        found = list(model.objects.unscoped(WHY))
        # Ids are random: only what the rows say is drawn by the seed.
        names = ("amount", "start_date", "end_date", "valid_from", "currency")
        found.sort(key=lambda row: [str(getattr(row, name, "")) for name in names])
        return self.random.sample(found, min(size, len(found)))

    def opportunity(self) -> Opportunity:
        stage = self.random.choice(self.stages)
        return Opportunity(
            account_id=self.random.choice(self.account_ids),
            name="Deal",
            stage=stage,
            amount=self.amount(),
            currency=self.random.choice(CURRENCIES),
            probability=Decimal(self.random.randint(0, 1000)).scaleb(-1),
            close_date=self.day(),
            owner=self.user,
        )

    # --- Opportunities ---
    def load(self, size: int) -> None:
        deals = Opportunity.objects.unscoped(WHY).bulk_create([self.opportunity() for _ in range(size)])
        scheduled = self.random.sample(deals, size // 3)
        lines = OpportunityLine.objects.unscoped(WHY).bulk_create(
            [
                OpportunityLine(opportunity=deal, product=product, amount=self.amount())
                for deal in scheduled
                for product in self.random.sample(self.products, self.random.randint(1, 3))
            ]
        )
        RevenueSchedule.objects.unscoped(WHY).bulk_create(
            [
                RevenueSchedule(line=line, date=self.day(), amount=self.amount())
                for line in lines
                for _ in range(self.random.randint(0, 2))
            ]
        )

    def load_some(self) -> None:
        self.load(self.random.randint(3, 40))

    def add_opportunity(self) -> None:
        self.opportunity().save()

    def edit_opportunity(self) -> None:
        for deal in self.some(Opportunity):
            new = self.opportunity()
            fields = ["amount", "currency", "close_date", "stage_id", "probability", "account_id"]
            for name in self.random.sample(fields, self.random.randint(1, 3)):
                setattr(deal, name, getattr(new, name))
            deal.save()

    def delete_opportunity(self) -> None:
        for deal in self.some(Opportunity, 3):
            deal.delete()

    def update_opportunities(self) -> None:
        deals = Opportunity.objects.unscoped(WHY).filter(currency=self.random.choice(CURRENCIES))
        new = self.opportunity()
        change = self.random.choice(
            [
                {"stage": new.stage},
                {"close_date": new.close_date},
                {"amount": F("amount") * 2},
                {"account_id": new.account_id, "probability": new.probability},
            ]
        )
        few = deals.order_by("close_date", "amount")[: self.random.randint(1, 25)].values_list(
            "pk", flat=True
        )
        Opportunity.objects.unscoped(WHY).filter(pk__in=list(few)).update(**change)

    def raw(self, sql: str, *parameters: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)

    def key(self, pk: UUID) -> Any:
        return Account._meta.pk.get_db_prep_value(pk, connection)

    def raw_amounts(self) -> None:
        step = self.random.choice([1, 5, 995, 1_001])
        currency = self.random.choice(CURRENCIES)
        self.raw("UPDATE crm_opportunity SET amount = amount + %s WHERE currency = %s", step, currency)

    def raw_dates(self) -> None:
        account_id = self.key(self.random.choice(self.account_ids))
        day = connection.ops.adapt_datefield_value(self.day())
        self.raw("UPDATE crm_opportunity SET close_date = %s WHERE account_id = %s", day, account_id)

    def raw_delete(self) -> None:
        """What no one asks for: schedules and orders of one day range, gone without a trace in the log."""
        first = self.day()
        span = [connection.ops.adapt_datefield_value(first + timedelta(days=days)) for days in (0, 14)]
        self.raw("DELETE FROM crm_revenueschedule WHERE date BETWEEN %s AND %s", *span)
        self.raw("DELETE FROM crm_order WHERE date BETWEEN %s AND %s", *span)

    # --- Lines and schedules ---
    def edit_schedule(self) -> None:
        for schedule in self.some(RevenueSchedule, 2):
            schedule.date, schedule.amount = self.day(), self.amount()
            schedule.save()

    def move_line(self) -> None:
        for line in self.some(OpportunityLine):
            line.opportunity = self.some(Opportunity)[0]
            line.save()

    def delete_schedules(self) -> None:
        for line in self.some(OpportunityLine, 2):
            RevenueSchedule.objects.unscoped(WHY).filter(line=line).delete()

    def edit_line(self) -> None:
        for line in self.some(OpportunityLine, 2):
            line.amount, line.product = self.amount(), self.random.choice(self.products)
            line.save()

    def raw_lines(self) -> None:
        product, other = self.random.sample(self.products, 2)
        self.raw(
            "UPDATE crm_opportunityline SET product_id = %s, amount = amount + 995 WHERE product_id = %s",
            self.key(product.pk),
            self.key(other.pk),
        )

    # --- What plans count ---
    def name_products(self) -> None:
        for plan in self.some(Plan):
            rows = AccountPlanProduct.objects.unscoped(WHY).filter(plan=plan)
            named = {pk for row in rows for pk in (row.product_id, row.category_id)}
            choice = self.random.choice([*self.products, *self.categories])
            if choice.pk not in named:
                kind = "product" if isinstance(choice, Product) else "category"
                AccountPlanProduct.objects.unscoped(WHY).create(plan=plan, **{kind: choice})

    def forget_products(self) -> None:
        for plan in self.some(Plan, 2):
            AccountPlanProduct.objects.unscoped(WHY).filter(plan=plan).delete()

    def raw_products(self) -> None:
        """One row goes over to another plan, all of one category go."""
        plan, other = self.some(Plan, 2)
        self.raw(
            "UPDATE plans_accountplanproduct SET plan_id = %s WHERE plan_id = %s AND category_id IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM plans_accountplanproduct x WHERE x.plan_id = %s)",
            *map(self.key, (plan.pk, other.pk, plan.pk)),
        )
        category = self.random.choice(self.categories)
        self.raw("DELETE FROM plans_accountplanproduct WHERE category_id = %s", self.key(category.pk))

    def pin(self) -> None:
        """Any record, most of the plan's own kind: of its accounts or of others, inside its period or not."""
        for plan in self.some(Plan):
            others = list(RecordKind) if self.random.random() < 0.1 else plan.record_kinds
            kind = str(self.random.choice(others))
            for record in self.some(RECORDS[kind]):
                if not PlanPin.objects.unscoped(WHY).filter(plan=plan, **{kind: record}).exists():
                    factories.create_pin(plan, record, effect=self.random.choice(list(PinEffect)))

    def unpin(self) -> None:
        for plan in self.some(Plan, 2):
            PlanPin.objects.unscoped(WHY).filter(plan=plan).delete()

    def raw_unpin(self) -> None:
        """Effects are turned around, and some pins go."""
        plan, other = self.some(Plan, 2)
        change = (
            "UPDATE plans_planpin SET effect = CASE effect WHEN 'include' THEN 'exclude' ELSE 'include' END"
        )
        self.raw(f"{change} WHERE plan_id = %s", self.key(plan.pk))
        self.raw("DELETE FROM plans_planpin WHERE plan_id = %s", self.key(other.pk))

    def delete_pinned(self) -> None:
        """Records go, by raw SQL or not, and their pins with them."""
        pins = PlanPin.objects.unscoped(WHY).putting_in().filter(opportunity__isnull=False)
        for pin in pins.order_by("opportunity__close_date", "opportunity__amount")[:1]:
            pin.opportunity.delete()
        self.raw("DELETE FROM crm_order WHERE id IN (SELECT order_id FROM plans_planpin)")
        self.load_orders(10)

    # --- Territories ---
    def move_territory(self) -> None:
        moved = Territory.objects.get(pk=self.territories[3].pk)
        moved.parent = self.random.choice([None, *self.territories[:3]])
        moved.save()

    def raw_move_territory(self) -> None:
        parent = self.random.choice([self.territories[0], self.territories[2], self.territories[4]])
        self.raw(
            "UPDATE crm_territory SET parent_id = %s WHERE id = %s",
            *map(self.key, (parent.pk, self.territories[1].pk)),
        )

    def assign_account(self) -> None:
        account = Account.objects.unscoped(WHY).get(pk=self.random.choice(self.account_ids))
        account.territory = self._territory()
        account.save()

    def raw_assign(self) -> None:
        old, new = self.random.sample(self.territories, 2)
        self.raw(
            "UPDATE crm_account SET territory_id = %s WHERE territory_id = %s",
            *map(self.key, (new.pk, old.pk)),
        )

    def move_product(self) -> None:
        product = self.random.choice(self.products)
        product.category = self.random.choice(self.categories)
        product.save()

    def move_category(self) -> None:
        """The last but one below any other, or on top."""
        moved = ProductCategory.objects.get(pk=self.categories[2].pk)
        moved.parent = self.random.choice([None, self.categories[0], self.categories[1], self.categories[3]])
        moved.save()

    def raw_competitors(self) -> None:
        product = self.random.choice(self.products)
        self.raw(
            "UPDATE crm_product SET is_competitor = NOT is_competitor WHERE id = %s", self.key(product.pk)
        )

    # --- Orders ---
    def load_orders(self, size: int) -> None:
        """A quarter of them credit notes."""
        Order.objects.unscoped(WHY).bulk_create(
            [
                Order(
                    account_id=self.random.choice(self.account_ids),
                    date=self.day(),
                    product=self.random.choice([None, *self.products]),
                    amount=self.amount() * self.random.choice([1, 1, 1, -1]),
                    currency=self.random.choice(CURRENCIES),
                )
                for _ in range(size)
            ]
        )

    def edit_order(self) -> None:
        for order in self.some(Order, 2):
            order.date, order.amount = self.day(), -order.amount
            order.save()

    def raw_orders(self) -> None:
        account_id = self.key(self.random.choice(self.account_ids))
        self.raw("UPDATE crm_order SET amount = -amount, currency = 'JPY' WHERE account_id = %s", account_id)
        self.load_orders(10)

    # --- Plans ---
    def add_plan(self) -> None:
        self._make_plan()

    def edit_plan(self) -> None:
        for plan in self.some(Plan):
            start = self.day()
            change = self.random.choice(
                [
                    {"start_date": start, "end_date": start + timedelta(days=self.random.randint(1, 300))},
                    {"revenue_basis": self.random.choice(list(RevenueBasis))},
                    {"include_child_accounts": not plan.include_child_accounts},
                    {"currency": self.random.choice(CURRENCIES)},
                    {"sales_target": self.random.choice([None, self.amount()])},
                    {"status": self.random.choice([PlanStatus.CANCELLED, PlanStatus.ACTIVE])},
                ]
            )
            for name, value in change.items():
                setattr(plan, name, value)
            plan.save()

    def move_plan(self) -> None:
        for plan in self.some(AccountPlan):
            plan.account_id = self.random.choice(self.account_ids)
            plan.save()

    def move_territory_plan(self) -> None:
        for plan in self.some(TerritoryBusinessPlan):
            plan.territory = self.random.choice(self.territories)
            plan.save()

    def delete_plan(self) -> None:
        if Plan.objects.unscoped(WHY).count() > PLANS // 2:
            self.some(Plan)[0].delete()

    def update_plans(self) -> None:
        Plan.objects.unscoped(WHY).filter(currency="EUR").update(
            include_child_accounts=self.random.random() < 0.5, sales_target=self.amount()
        )

    # --- The tree ---
    def _new_parent(self, account_id: UUID) -> UUID | None:
        """Any account that is not below this one; None makes it a root."""
        parents = dict(Account.objects.unscoped(WHY).values_list("pk", "parent_id"))

        def is_below(pk: UUID | None) -> bool:
            while pk is not None and pk != account_id:
                pk = parents[pk]
            return pk is not None

        return self.random.choice([None, *(pk for pk in self.account_ids if not is_below(pk))])

    def move_account(self) -> None:
        account = Account.objects.unscoped(WHY).get(pk=self.random.choice(self.account_ids))
        account.parent_id = self._new_parent(account.pk)
        account.save()

    def raw_move_account(self) -> None:
        account_id = self.random.choice(self.account_ids)
        parent_id = self._new_parent(account_id)
        parent = None if parent_id is None else self.key(parent_id)
        self.raw("UPDATE crm_account SET parent_id = %s WHERE id = %s", parent, self.key(account_id))

    def delete_account(self) -> None:
        """A leaf, with everything on it; another takes its place."""
        inner = set(Account.objects.unscoped(WHY).values_list("parent_id", flat=True))
        gone = self.random.choice([pk for pk in self.account_ids if pk not in inner])
        for model in (AccountPlan, Opportunity, Order):
            model.objects.unscoped(WHY).filter(account_id=gone).delete()
        Account.objects.unscoped(WHY).get(pk=gone).delete()
        self.account_ids.remove(gone)
        parent_id = self.random.choice(self.account_ids)
        new = Account.objects.create(name="New account", parent_id=parent_id, owner=self.user)
        self.account_ids.append(new.pk)

    # --- Rates and stages ---
    def add_rate(self) -> None:
        self._new_rate(self.random.choice(list(RATES)), self.day(), Decimal("0.9"))

    def edit_rate(self) -> None:
        for rate in self.some(ExchangeRate):
            rate.rate = rate.rate * 2
            rate.save()
        self.raw("UPDATE crm_exchangerate SET rate = rate + 7 WHERE currency = 'GBP'")

    def delete_rate(self) -> None:
        self.some(ExchangeRate)[0].delete()

    def edit_stage(self) -> None:
        stage = self.random.choice(self.stages)
        stage.is_closed = self.random.random() < 0.5
        stage.is_won = stage.is_closed and self.random.random() < 0.5
        stage.save()

    def raw_stage(self) -> None:
        """The third is won or, by a slip, open."""
        flag = self.random.random() < 0.7
        stage = self.stages[2]
        self.raw(
            "UPDATE crm_stage SET is_closed = %s, is_won = %s WHERE id = %s", flag, flag, self.key(stage.pk)
        )
        stage.refresh_from_db()
