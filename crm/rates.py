"""Exchange rates for sums in Python: a rate holds from its day until the next one's."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db.models import Min

from crm.models import ExchangeRate


class Rates:
    """The rates of some currencies to the company's, which has 1 to itself."""

    def __init__(self, currencies: Iterable[str] = ()) -> None:
        self._days: dict[str, list[date]] = {}
        self._rates: dict[str, list[Decimal]] = {}
        self.add(currencies)

    def add(self, currencies: Iterable[str]) -> None:
        """Read those that are not there yet, in one statement or none."""
        wanted = set(currencies) - {settings.COMPANY_CURRENCY} - self._days.keys()
        for currency in wanted:
            self._days[currency], self._rates[currency] = [], []
        if wanted:
            rows = ExchangeRate.objects.filter(currency__in=wanted).order_by("valid_from")
            for currency, valid_from, rate in rows.values_list("currency", "valid_from", "rate"):
                self._days[currency].append(valid_from)
                self._rates[currency].append(rate)

    def on(self, currency: str, day: date) -> Decimal | None:
        """The rate of a currency that was asked for; None where there is none yet."""
        if currency == settings.COMPANY_CURRENCY:
            return Decimal(1)
        place = bisect_right(self._days[currency], day)
        return self._rates[currency][place - 1] if place else None


def first_days() -> dict[str, date]:
    """The day from which a currency can be converted."""
    rows = ExchangeRate.objects.order_by().values_list("currency").annotate(Min("valid_from"))
    return {**dict(rows), settings.COMPANY_CURRENCY: date.min}
