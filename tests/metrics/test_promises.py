"""How far promises are kept: by hand, and against a second way of counting on random data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from django.conf import settings

from crm.enums import ActivityStatus
from crm.models import Account, Activity, ActivityType, Order
from kam.users.models import User
from metrics.promises import balances_of, ledger_of, progress_of
from metrics.rebates import standings_of, with_tiers
from plans.enums import ExpenseStatus
from plans.models import AccountPlan, Commitment, CoopFund, RebateProgram
from tests import factories

pytestmark = pytest.mark.django_db

LEAP = date(2024, 2, 29)
START, END = LEAP, date(2025, 2, 27)  # 365 days, the first of them the leap day
DAYS = [date(2024, 2, 28), LEAP, date(2024, 3, 1), date(2024, 8, 15), END, date(2025, 2, 28)]
CURRENCIES = ("USD", "EUR", "GBP", "CHF")  # no rate for CHF, ever


@pytest.fixture
def plan(account_manager: User) -> AccountPlan:
    account = factories.create_account(owner=account_manager)
    return factories.create_plan(account, start_date=START, end_date=END)


def progress(commitment: Commitment, today: date) -> Any:
    return progress_of([commitment], today=today)[commitment.pk]


def standing(program: RebateProgram, today: date = LEAP) -> Any:
    rows = RebateProgram.objects.unscoped("test").filter(pk=program.pk).select_related("plan")
    return standings_of(list(with_tiers(rows)), today=today)[program.pk]


# --- Commitments ------------------------------------------------------------------------------
def test_commitment_counts_quantities_done_in_the_period(plan: AccountPlan) -> None:
    commitment = factories.create_commitment(plan, quantity=8)
    joint, other = commitment.activity_type, factories.create_activity_type()
    child = factories.create_account(parent=plan.account)
    for on_date in DAYS:  # the first and the last lie outside
        factories.create_activity(plan.account, type=joint, done_on=on_date)
    factories.create_activity(child, type=joint, done_on=LEAP)
    factories.create_activity(plan.account, type=other, done_on=LEAP)
    factories.create_activity(plan.account, type=joint, planned_for=LEAP)
    factories.create_activity(plan.account, type=joint, done_on=LEAP, status=ActivityStatus.CANCELLED)
    factories.create_activity(factories.create_account(), type=joint, done_on=LEAP)
    Activity.objects.unscoped("test").filter(account=child).update(quantity=Decimal("1.5"))

    found = progress(commitment, date(2024, 8, 1))

    assert (found.count, found.done, found.remaining) == (5, Decimal("5.5"), Decimal("2.5"))
    assert found.percent == Decimal("68.8")  # half up
    plan.include_child_accounts = False
    plan.save()
    assert progress(commitment, LEAP).done == 4


def test_commitment_is_held_against_the_time_that_is_over(plan: AccountPlan) -> None:
    due = START + timedelta(days=99)  # a hundred days
    commitment = factories.create_commitment(plan, quantity=10, due_date=due)
    for _number in range(4):
        factories.create_activity(plan.account, type=commitment.activity_type, done_on=LEAP)
    day = START + timedelta(days=39)  # the fortieth: four are expected

    states = {
        days: progress(commitment, day + timedelta(days=days)).state for days in (-40, 0, 1, 10, 11, 60, 61)
    }

    assert progress(commitment, day).expected == 4
    assert states == {
        -40: "to_come",
        0: "on_pace",
        1: "at_risk",
        10: "at_risk",  # exactly 80 % of five
        11: "behind",
        60: "behind",
        61: "overdue",
    }
    for _number in range(6):  # after the agreed day, in the plan's period
        factories.create_activity(plan.account, type=commitment.activity_type, done_on=END)
    assert progress(commitment, END).state == "kept"


# --- Co-op funds ------------------------------------------------------------------------------
def test_fund_is_lessened_by_what_is_spent_or_approved(plan: AccountPlan) -> None:
    fund = factories.create_coop_fund(plan, amount="1000.10")
    other = factories.create_coop_fund(plan, amount=0)
    for status, amount in (("spent", "0.10"), ("spent", "200"), ("approved", 300), ("planned", 600)):
        factories.create_coop_expense(fund, status=status, amount=amount, is_external=status == "spent")

    balance = balances_of([fund, other])[fund.pk]

    assert (balance.spent, balance.approved, balance.planned) == (Decimal("200.10"), 300, 600)
    assert (balance.remaining, balance.remaining_if_planned) == (500, -100)
    assert (balance.used_percent, balance.is_overdrawn) == (Decimal("50.0"), False)
    assert balances_of([fund], only_external=True)[fund.pk].remaining == 800
    assert balances_of([other])[other.pk].used_percent is None


# --- Rebates ----------------------------------------------------------------------------------
def test_rebate_stands_between_two_tiers(plan: AccountPlan) -> None:
    program = factories.create_rebate_program(plan, tiers=[(20_000, 3), (10_000, 2), (40_000, "5.5")])
    factories.create_order(plan.account, amount="12000.005", on_date=LEAP)
    factories.create_order(plan.account, amount=-1_000, on_date=END)  # goods sent back

    found = standing(program, START + timedelta(days=72))  # a fifth of the 365 days

    assert (found.turnover, found.order_count) == (Decimal("11000.01"), 2)  # rounded once, half up
    assert (found.reached.percent, found.next.percent) == (2, 3)
    assert (found.missing, found.rebate) == (Decimal("8999.99"), Decimal("220.00"))
    assert (found.expected, found.state) == (Decimal("4000.00"), "on_pace")
    assert (found.projected, found.projected_tier.percent) == (Decimal("55000.05"), Decimal("5.5"))


@pytest.mark.parametrize(
    ("amount", "reached", "state"),
    [("9999.99", None, "overdue"), ("10000", 2, "overdue"), ("20000", 3, "overdue"), ("40000", 5, "kept")],
)
def test_tier_is_reached_by_its_very_amount(
    plan: AccountPlan, amount: str, reached: int | None, state: str
) -> None:
    program = factories.create_rebate_program(plan)
    factories.create_order(plan.account, amount=amount, on_date=END)

    found = standing(program, END + timedelta(days=1))

    assert (found.reached and found.reached.percent, found.state) == (reached, state)


def test_programme_has_a_period_of_its_own(plan: AccountPlan) -> None:
    program = factories.create_rebate_program(plan, start_date=date(2024, 3, 1), end_date=date(2024, 8, 15))
    for on_date in DAYS:
        factories.create_order(plan.account, amount=100, on_date=on_date)

    assert standing(program).turnover == 200
    assert (standing(program).state, standing(program).projected) == ("to_come", None)


def test_order_without_a_rate_is_left_out_and_counted(plan: AccountPlan) -> None:
    program = factories.create_rebate_program(plan)
    factories.create_rate("EUR", "1.5", valid_from=date(2024, 3, 1))
    for on_date in (LEAP, date(2024, 3, 1)):
        factories.create_order(plan.account, amount=100, currency="EUR", on_date=on_date)

    found = standing(program)

    assert (found.turnover, found.order_count, found.not_converted_count) == (150, 1, 1)


# --- A second way, on random data ---------------------------------------------------------------
@dataclass
class RandomWorld:
    """Trees of accounts with activities, orders, rates and promises, drawn from a seed."""

    seed: int
    random: Random = field(init=False)
    rates: dict[str, list[tuple[date, Decimal]]] = field(default_factory=dict)
    plans: list[AccountPlan] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        for currency in ("EUR", "GBP"):
            days = sorted(self.random.sample([*DAYS, *map(self.day, range(4))], 4))
            self.rates[currency] = [(day, self.number(5_000, 20_000, 4)) for day in sorted(set(days))]
            for day, rate in self.rates[currency]:
                factories.create_rate(currency, rate, valid_from=day)
        owner = factories.create_user()
        accounts: list[Account] = []
        for number in range(7):
            parent = self.random.choice([None, *accounts[-3:]])
            accounts.append(factories.create_account(f"A{number}", parent=parent, owner=owner))
        types = [factories.create_activity_type(counts_as_commitment=True) for _number in range(3)]
        Activity.objects.bulk_create(self.activity(accounts, types, owner) for _number in range(120))
        Order.objects.bulk_create(self.order(accounts) for _number in range(160))
        for account in accounts[:5]:
            self.plans.append(self.plan(account, types))

    def day(self, _number: int = 0) -> date:
        return (
            self.random.choice(DAYS)
            if self.random.random() < 0.4
            else START + timedelta(days=self.random.randint(-20, 380))
        )

    def number(self, low: int, high: int, places: int) -> Decimal:
        return Decimal(self.random.randint(low, high)).scaleb(-places)

    def activity(self, accounts: list[Account], types: list[ActivityType], owner: User) -> Activity:
        status = self.random.choice(["done", "done", "done", "planned", "cancelled"])
        day = self.day()
        return Activity(
            account=self.random.choice(accounts),
            type=self.random.choice(types),
            owner=owner,
            subject="Call",
            status=status,
            quantity=self.number(1, 3_000, 3),
            done_on=None if status == "planned" else day,
            planned_for=day,
        )

    def order(self, accounts: list[Account]) -> Order:
        return Order(
            account=self.random.choice(accounts),
            date=self.day(),
            amount=self.number(-90_000, 900_000, 2),
            currency=self.random.choice(CURRENCIES),
        )

    def plan(self, account: Account, types: list[ActivityType]) -> AccountPlan:
        plan = factories.create_plan(
            account,
            currency=self.random.choice(CURRENCIES[:3]),
            start_date=START,
            end_date=END,
            include_child_accounts=self.random.random() < 0.7,
        )
        for activity_type in types[: self.random.randint(1, 3)]:
            factories.create_commitment(
                plan, activity_type=activity_type, quantity=self.number(500, 30_000, 3)
            )
        tiers = [(self.number(1, 4, -number), number) for number in (4, 5, 6)]
        factories.create_rebate_program(plan, tiers=tiers)
        factories.create_rebate_program(plan, tiers=[(5_000, 1)], start_date=LEAP, end_date=date(2024, 8, 15))
        return plan


def accounts_of(plan: AccountPlan) -> set[Any]:
    """From child to parent, without the closure table."""
    parents = dict(Account.objects.unscoped("test").values_list("pk", "parent_id"))

    def is_below(pk: Any) -> bool:
        while pk is not None and pk != plan.account_id:
            pk = parents[pk]
        return pk is not None

    return {pk for pk in parents if pk == plan.account_id or (plan.include_child_accounts and is_below(pk))}


def done_for(commitment: Commitment) -> Iterator[Activity]:
    plan = commitment.plan
    for row in Activity.objects.unscoped("test").filter(account__in=accounts_of(plan)):
        is_due = row.done_on is not None and plan.start_date <= row.done_on <= plan.end_date
        if row.status == "done" and row.type_id == commitment.activity_type_id and is_due:
            yield row


def rate_of(world: RandomWorld, currency: str, day: date) -> Fraction | None:
    if currency == settings.COMPANY_CURRENCY:
        return Fraction(1)
    valid = [rate for valid_from, rate in world.rates.get(currency, []) if valid_from <= day]
    return Fraction(valid[-1]) if valid else None


def half_up(value: Fraction, places: int) -> Decimal:
    size = int(abs(value) * 10**places + Fraction(1, 2))
    return Decimal(size if value >= 0 else -size).scaleb(-places)


def turnover_of(world: RandomWorld, program: RebateProgram) -> tuple[Decimal, int, int]:
    plan, total, count, not_converted = program.plan, Fraction(0), 0, 0
    for order in Order.objects.unscoped("test").filter(account__in=accounts_of(plan)):
        if not program.start_date <= order.date <= program.end_date:
            continue
        factor: Fraction | None = Fraction(1)
        if order.currency != plan.currency:
            own, other = rate_of(world, order.currency, order.date), rate_of(world, plan.currency, order.date)
            factor = None if own is None or other is None else Fraction(half_up(own / other, 20))
        if factor is None:
            not_converted += 1
        else:
            count += 1
            total += Fraction(order.amount) * factor
    return half_up(total, 2), count, not_converted


@pytest.mark.parametrize("seed", [1, 2])
def test_promises_equal_a_second_way_of_counting(seed: int) -> None:
    world = RandomWorld(seed)
    today = LEAP + timedelta(days=world.random.randint(0, 400))
    commitments = list(Commitment.objects.unscoped("test").select_related("plan"))
    programs = list(with_tiers(RebateProgram.objects.unscoped("test").select_related("plan")))

    found, standings = progress_of(commitments, today=today), standings_of(programs, today=today)

    left_out = 0
    for commitment in commitments:
        done = list(done_for(commitment))
        total = sum((Fraction(row.quantity) for row in done), Fraction(0))
        row = found[commitment.pk]
        percent = half_up(total * 100 / Fraction(commitment.quantity), 1)
        assert (row.count, Fraction(row.done), row.percent) == (len(done), total, percent)
        over = min((today - START).days + 1, 365)
        assert half_up(Fraction(commitment.quantity) * over / 365, 6) == row.expected.quantize(
            Decimal("0.000001"), rounding=ROUND_HALF_UP
        )
    for program in programs:
        standing = standings[program.pk]
        expected = turnover_of(world, program)
        assert (standing.turnover, standing.order_count, standing.not_converted_count) == expected
        reached = [t for t in program.tiers.all() if t.threshold <= expected[0]]
        assert standing.reached == (reached[-1] if reached else None)
        percent = Fraction(reached[-1].percent) if reached else 0
        assert standing.rebate == half_up(Fraction(expected[0]) * percent / 100, 2)
        left_out += expected[2]
    assert left_out > 0


# --- How many statements ------------------------------------------------------------------------
def test_ledger_takes_the_same_statements_however_much_is_promised(
    plan: AccountPlan, account_manager: User, django_assert_num_queries: Any
) -> None:
    def promise() -> None:
        commitment = factories.create_commitment(plan)
        factories.create_activity(plan.account, type=commitment.activity_type, done_on=LEAP)
        factories.create_coop_expense(factories.create_coop_fund(plan), status=ExpenseStatus.SPENT)
        factories.create_rebate_program(plan)
        factories.create_event(plan)

    def read() -> Any:
        return ledger_of(plan, user=account_manager, today=LEAP, shown_evidence=5)

    promise()
    factories.create_order(plan.account, amount=500, currency="EUR", on_date=LEAP)
    with django_assert_num_queries(13):
        read()
    for _number in range(3):
        promise()
    with django_assert_num_queries(13):
        ledger = read()
    assert (len(ledger.commitments), len(ledger.funds), len(ledger.standings)) == (4, 4, 4)
    assert CoopFund.objects.unscoped("test").count() == 4


def test_evidence_is_what_the_reader_may_see_of_it(plan: AccountPlan, account_manager: User) -> None:
    commitment = factories.create_commitment(plan)
    hidden = factories.create_account(parent=plan.account)
    for number in range(3):
        day = LEAP + timedelta(days=number)
        factories.create_activity(plan.account, f"Seen {number}", type=commitment.activity_type, done_on=day)
    factories.create_activity(
        hidden, "Hidden", type=commitment.activity_type, done_on=LEAP, owner=factories.create_user()
    )

    (row,) = ledger_of(plan, user=account_manager, today=LEAP, shown_evidence=2).commitments

    assert [activity.subject for activity in row.evidence] == ["Seen 2", "Seen 1"]
    assert (row.count, row.hidden_count, row.unlisted_count) == (4, 1, 1)
