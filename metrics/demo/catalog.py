"""Pick-lists, stages, activity types, plan types, products and three years of exchange rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from django.conf import settings
from django.db import models

from crm.enums import ForecastCategory, PickList, SegmentMeaning
from crm.models import ActivityType, ExchangeRate, PickListValue, Product, ProductCategory, Stage
from metrics.demo.insight_data import TOPICS
from metrics.demo.sample import ERP, Sample
from templates_app.enums import RevenueBasis, ReviewFrequency
from templates_app.models import PlanType

Row = TypeVar("Row", bound=models.Model)

VALUES = {
    PickList.INDUSTRY: (
        "Hospital group",
        "Hospital",
        "Specialist clinic",
        "Industrial distribution",
        "Machine building",
    ),
    PickList.ACCOUNT_TYPE: ("Head office", "Customer", "Distributor", "Branch", "Prospect"),
    PickList.COOP_EXPENSE_KIND: ("Giveaway", "Tickets", "Booth", "Samples", "Display"),
    PickList.PLAN_EVENT_KIND: ("Trade show", "Training day", "Congress"),
    PickList.INSIGHT_TOPIC: TOPICS,
}
SEGMENTS = {
    "Strategic Customer": SegmentMeaning.STRATEGIC,
    "Steady Customer": SegmentMeaning.STEADY,
    "Occasional Customer": SegmentMeaning.OCCASIONAL,
    "No Relationship": SegmentMeaning.NONE,
    "Dormant": SegmentMeaning.DORMANT,
    "Negative Relationship": SegmentMeaning.NEGATIVE,
}
# Name: default probability, closed, won, forecast category.
STAGES = {
    "Qualified": (10, False, False, ForecastCategory.PIPELINE),
    "Needs analysis": (25, False, False, ForecastCategory.PIPELINE),
    "Proposal": (50, False, False, ForecastCategory.BEST_CASE),
    "Negotiation": (75, False, False, ForecastCategory.BEST_CASE),
    "Verbal agreement": (90, False, False, ForecastCategory.COMMIT),
    "Won": (100, True, True, ForecastCategory.CLOSED),
    "Lost": (0, True, False, ForecastCategory.OMITTED),
}
# Name: counts for cadence, counts as commitment.
ACTIVITY_TYPES = {
    "Call": (True, False),
    "Visit": (True, False),
    "Joint call": (True, True),
    "Training": (True, True),
    "Event": (True, True),
    "E-mail": (False, False),
    "Internal meeting": (False, False),
}
PLAN_TYPES = {
    "Key Account Plan": (
        "For the accounts we cannot afford to lose: one a year, reviewed every quarter.",
        RevenueBasis.OPPORTUNITY,
        ReviewFrequency.QUARTERLY,
    ),
    "Strategic Management Plan": (
        "For groups that decide centrally: several sites, a sponsor on our board.",
        RevenueBasis.OPPORTUNITY,
        ReviewFrequency.HALF_YEARLY,
    ),
    "Account Development Plan": (
        "For distributors: what they buy of each category, and how we grow it together.",
        RevenueBasis.ORDER,
        ReviewFrequency.QUARTERLY,
    ),
    "Territory Plan": (
        "For all accounts of a territory: where we go, how often, and what it should bring.",
        RevenueBasis.OPPORTUNITY,
        ReviewFrequency.QUARTERLY,
    ),
}
# Code: name, code of the parent.
CATEGORIES = {
    "LS": ("Life science", ""),
    "LS-LIP": ("Lipid therapy", "LS"),
    "LS-SLP": ("Sleep medicine", "LS"),
    "LS-INF": ("Infusion", "LS"),
    "LS-SRV": ("Training and service", "LS"),
    "IN": ("Industrial", ""),
    "IN-BRG": ("Bearings", "IN"),
    "IN-DRV": ("Drives", "IN"),
    "IN-SEA": ("Seals", "IN"),
    "IN-LUB": ("Lubricants", "IN"),
    "IN-PNE": ("Pneumatics", "IN"),
}


@dataclass(frozen=True)
class Item:
    """A product with its list price in US dollars and the quantities it is usually sold in."""

    code: str
    name: str
    category: str
    price: str = "0"
    smallest: int = 1
    largest: int = 1
    is_competitor: bool = False


ITEMS = (
    Item("CHO-10", "Cholecap 10 mg", "LS-LIP", "38.50", 300, 2_400),
    Item("CHO-20", "Cholecap 20 mg", "LS-LIP", "52.00", 300, 2_800),
    Item("CHO-40", "Cholecap 40 mg", "LS-LIP", "71.40", 150, 1_500),
    Item("RES-05", "Restolar 5 mg", "LS-SLP", "24.80", 400, 2_600),
    Item("RES-10", "Restolar 10 mg", "LS-SLP", "33.60", 400, 2_600),
    Item("RES-XR", "Restolar XR", "LS-SLP", "47.20", 200, 1_600),
    Item("FLO-P2", "Flowmere P2 infusion pump", "LS-INF", "2450.00", 4, 36),
    Item("FLO-LS", "Flowmere line set", "LS-INF", "6.90", 500, 6_000),
    Item("SRV-TR", "Ward training day", "LS-SRV", "1850.00", 1, 8),
    Item("SRV-FP", "Flowmere service, one pump a year", "LS-SRV", "420.00", 4, 36),
    Item("VEL-20", "Velipra 20 mg", "LS-LIP", is_competitor=True),
    Item("NOC-10", "Noctavane 10 mg", "LS-SLP", is_competitor=True),
    Item("BRG-DG", "Deep groove ball bearing 62", "IN-BRG", "7.40", 400, 6_000),
    Item("BRG-SR", "Spherical roller bearing 222", "IN-BRG", "96.00", 40, 500),
    Item("BRG-PB", "Pillow block unit P2", "IN-BRG", "31.50", 80, 900),
    Item("DRV-HG", "Helical gear unit H4", "IN-DRV", "1180.00", 3, 40),
    Item("DRV-TB", "Timing belt T10", "IN-DRV", "18.20", 100, 1_800),
    Item("DRV-CH", "Roller chain 16B", "IN-DRV", "44.00", 40, 700),
    Item("SEA-RS", "Radial shaft seal set", "IN-SEA", "5.60", 400, 5_000),
    Item("SEA-HY", "Hydraulic seal kit", "IN-SEA", "27.90", 80, 900),
    Item("LUB-HT", "High-temperature grease 400 g", "IN-LUB", "12.30", 200, 2_400),
    Item("LUB-CO", "Chain oil 20 l", "IN-LUB", "138.00", 20, 240),
    Item("PNE-CY", "Compact cylinder 40", "IN-PNE", "64.00", 40, 600),
    Item("PNE-VT", "Valve terminal 8-fold", "IN-PNE", "540.00", 4, 80),
    Item("TOR-22", "Torvik roller bearing 222", "IN-BRG", is_competitor=True),
)
PRICED = tuple(item for item in ITEMS if not item.is_competitor)
BY_CODE = {item.code: item for item in ITEMS}

RATE_MONTHS = 38
# US dollars for one unit, about where each currency starts and how far it moves in a month.
USD_RATES = {"EUR": (Decimal("1.0720"), 0.012), "GBP": (Decimal("1.2480"), 0.014)}
CURRENCIES = ("USD", *USD_RATES)


def kept_or_made(
    model: type[Row], key: str, rows: Mapping[str, dict[str, Any]], sample: Sample
) -> dict[str, Row]:
    """The rows by `key`. In a database that has one of that name already, that one is used."""
    manager: Any = model._default_manager
    found: dict[str, Row] = {getattr(row, key): row for row in manager.filter(**{f"{key}__in": list(rows)})}
    missing = [
        model(id=sample.new_id(), **{key: name}, **values)
        for name, values in rows.items()
        if name not in found
    ]
    manager.bulk_create(missing)
    found.update({getattr(row, key): row for row in missing})
    return found


def create_catalog(sample: Sample) -> None:
    _create_values(sample)
    stages = {
        name: {
            "order": 10 * number,
            "default_probability": Decimal(probability),
            "is_closed": closed,
            "is_won": won,
            "forecast_category": category,
        }
        for number, (name, (probability, closed, won, category)) in enumerate(STAGES.items(), 1)
    }
    sample.stages = kept_or_made(Stage, "name", stages, sample)
    types = {
        name: {"counts_for_cadence": cadence, "counts_as_commitment": commitment}
        for name, (cadence, commitment) in ACTIVITY_TYPES.items()
    }
    sample.activity_types = kept_or_made(ActivityType, "name", types, sample)
    plan_types = {
        name: {"description": text, "default_revenue_basis": basis, "default_review_frequency": frequency}
        for name, (text, basis, frequency) in PLAN_TYPES.items()
    }
    sample.plan_types = kept_or_made(PlanType, "name", plan_types, sample)
    _create_products(sample)
    _create_rates(sample)


def _create_values(sample: Sample) -> None:
    wanted: dict[str, dict[str, dict[str, Any]]] = {
        pick_list: {name: {} for name in names} for pick_list, names in VALUES.items()
    }
    wanted[PickList.SEGMENT] = {name: {"meaning": meaning} for name, meaning in SEGMENTS.items()}
    for pick_list, names in wanted.items():
        found = {value.name: value for value in PickListValue.objects.filter(pick_list=pick_list)}
        for number, (name, extra) in enumerate(names.items(), 1):
            value = found.get(name) or PickListValue.objects.create(
                id=sample.new_id(), pick_list=pick_list, name=name, order=10 * number, **extra
            )
            sample.values[pick_list, name] = value


def _create_products(sample: Sample) -> None:
    categories: dict[str, ProductCategory] = {}
    for codes in ([c for c in CATEGORIES if "-" not in c], [c for c in CATEGORIES if "-" in c]):
        level = {
            code: {"name": CATEGORIES[code][0], "parent": categories.get(CATEGORIES[code][1])}
            for code in codes
        }
        categories.update(kept_or_made(ProductCategory, "code", level, sample))
    products = {
        item.code: {
            "name": item.name,
            "category": categories[item.category],
            "is_competitor": item.is_competitor,
            "source": None if item.is_competitor else ERP,
            "external_id": None if item.is_competitor else item.code,
        }
        for item in ITEMS
    }
    sample.products = kept_or_made(Product, "code", products, sample)


def _create_rates(sample: Sample) -> None:
    """Monthly rates to company currency, oldest first; a currency that has rates already keeps them."""
    random = sample.random("rates")
    company = settings.COMPANY_CURRENCY
    dollars = {currency: rate for currency, (rate, _move) in USD_RATES.items()} | {"USD": Decimal(1)}
    rated = set(ExchangeRate.objects.filter(currency__in=CURRENCIES).values_list("currency", flat=True))
    for months_ago in range(RATE_MONTHS, -1, -1):
        for currency, (_start, move) in USD_RATES.items():
            dollars[currency] *= Decimal(str(round(1 + random.uniform(-move, move), 6)))
        for currency in CURRENCIES:
            if currency != company and currency not in rated:
                rate = (dollars[currency] / dollars[company]).quantize(Decimal("0.0001"))
                first = sample.month(-months_ago)
                sample.rates.append(
                    ExchangeRate(id=sample.new_id(), currency=currency, valid_from=first, rate=rate)
                )
    ExchangeRate.objects.bulk_create(sample.rates)
