"""Six thousand order lines over three years, with the seasons of their categories."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from decimal import Decimal
from random import Random

from crm.models import Order
from metrics.demo.account_data import ACCOUNTS, Spec
from metrics.demo.catalog import PRICED, Item
from metrics.demo.sales import PRICE_LEVEL, weekday_at_or_before
from metrics.demo.sample import ERP, Sample, cents

LINES = 6_000
MONTHS = 36
# January to December; 1 is an average month.
SEASONS = {
    "IN-BRG": (0.85, 0.95, 1.25, 1.30, 1.15, 1.00, 0.80, 0.60, 1.15, 1.25, 1.05, 0.65),
    "IN-DRV": (0.75, 0.90, 1.30, 1.35, 1.20, 1.00, 0.75, 0.60, 1.20, 1.25, 1.00, 0.70),
    "IN-SEA": (0.95, 1.00, 1.20, 1.15, 1.05, 1.00, 0.90, 0.75, 1.05, 1.10, 1.05, 0.80),
    "IN-LUB": (1.20, 1.10, 0.95, 0.85, 0.80, 0.80, 0.75, 0.80, 1.15, 1.40, 1.30, 0.90),
    "IN-PNE": (0.80, 0.95, 1.20, 1.25, 1.20, 1.05, 0.85, 0.60, 1.15, 1.20, 1.05, 0.70),
    "LS-LIP": (1.15, 1.00, 1.05, 1.00, 0.95, 0.95, 0.90, 0.90, 1.00, 1.05, 1.05, 1.00),
    "LS-SLP": (1.25, 1.15, 1.00, 0.95, 0.85, 0.80, 0.80, 0.85, 1.00, 1.10, 1.15, 1.10),
    "LS-INF": (0.80, 0.90, 1.30, 0.95, 0.90, 0.95, 0.80, 0.80, 1.05, 1.10, 1.35, 1.10),
    "LS-SRV": (0.90, 1.05, 1.10, 1.05, 1.05, 1.00, 0.75, 0.70, 1.15, 1.15, 1.10, 1.00),
}
# A distributor's yearly growth, where it is not the usual 4 %.
GROWTH = {"ironvale": 0.16, "ironvale-east": 0.20, "ironvale-lakes": 0.14, "redmesa": 0.08, "brandauer": -0.12,
          "brandauer-nord": -0.15, "brandauer-sued": -0.06, "northlight": 0.10}  # fmt: skip


def create_orders(sample: Sample) -> int:
    random = sample.random("orders")
    numbers = {spec.key: number for number, spec in enumerate(ACCOUNTS)}
    drawn = [
        (_delivery_day(sample, random, numbers[spec.key], months_ago), numbers[spec.key], spec, item)
        for spec, months_ago, item in _drawn_lines(sample, random)
    ]
    drawn.sort(key=lambda row: (row[0], row[1], row[3].code))
    orders = []
    counters: dict[int, int] = {}
    last_document: tuple[date, int] | None = None
    line = 0
    for day, number, spec, item in drawn:
        if (day, number) != last_document:
            last_document, line = (day, number), 0
            counters[day.year] = counters.get(day.year, 0) + 1
        line += 1
        order = _order(sample, random, spec, item, day)
        order.document_number = f"{day.year}-{counters[day.year]:05d}"
        order.external_id = f"{order.document_number}/{line}"
        orders.append(order)
    Order.objects.bulk_create(orders)
    return len(orders)


def _drawn_lines(sample: Sample, random: Random) -> list[tuple[Spec, int, Item]]:
    """Account, months ago and product, as often as the account's size, its growth and the season say."""
    choices, weights = [], []
    for spec in ACCOUNTS:
        yearly = 1 + GROWTH.get(spec.key, 0.04)
        items = [item for item in PRICED if item.category[:2] == spec.territory[:2]]
        for months_ago in range(MONTHS + 1):
            month = sample.month(-months_ago)
            part = sample.today.day / monthrange(month.year, month.month)[1] if months_ago == 0 else 1.0
            trend = yearly ** (-months_ago / 12)
            for item in items:
                choices.append((spec, months_ago, item))
                weights.append(spec.orders * part * trend * SEASONS[item.category][month.month - 1])
    return random.choices(choices, weights=weights, k=LINES)


def _delivery_day(sample: Sample, random: Random, number: int, months_ago: int) -> date:
    """Each account is served on a few fixed days of the month, so that several lines share a document."""
    month = sample.month(-months_ago)
    days = [1 + (number * 7 + step) % 28 for step in (0, 9, 17)]
    day = weekday_at_or_before(month.replace(day=random.choice(days)))
    return min(day, sample.today)


def _order(sample: Sample, random: Random, spec: Spec, item: Item, day: date) -> Order:
    account = sample.accounts[spec.key]
    quantity = Decimal(max(1, round(random.randint(item.smallest, item.largest) / 5)))
    if random.random() < 0.008:
        quantity = -max(Decimal(1), quantity // 4)  # goods sent back: a credit note
    list_price = Decimal(item.price) * PRICE_LEVEL[account.currency]
    yearly_rise = Decimal(1) - Decimal("0.025") * ((sample.today - day).days // 365)
    discount = 1 - Decimal(random.choice((5, 8, 10, 12, 15, 18))) / 100
    instant = sample.moment(day, hour=6)
    return Order(
        id=sample.new_id(),
        account=account,
        date=day,
        product=sample.products[item.code],
        quantity=quantity,
        amount=cents(list_price * yearly_rise * discount) * quantity,
        currency=account.currency,
        created_at=instant,
        updated_at=instant,
        source=ERP,
    )
