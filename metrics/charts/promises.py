"""What is promised in money: the steps of a rebate, and what became of a fund."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kam.core.formatting import format_money, format_money_short, format_percent
from kam.core.svg import HUNDRED, INK, INK_2, LINE, TONES, TRACK, ZERO, element, label_at, svg
from metrics.charts.scales import anchor_at, percentage
from metrics.charts.svg import WEIGHTED_LINE, WON, hatch

TOP, BASE, LADDER = 40, 120, 144
LOWEST = 12
GAP = Decimal("0.4")  # percent of the width, on each side of a step
MOST_LABELS = 5  # that a phone has room for
FUND = 18


def tier_ladder(
    *,
    chart_id: str,
    currency: str,
    tiers: Sequence[tuple[Decimal, Decimal]],
    turnover: Decimal,
    title: str = "",
) -> SafeString:
    """The tiers (threshold, percent), rising, as steps of one width, and a mark where the orders stand."""
    width = HUNDRED / (len(tiers) + 1)
    drawn = [element("line", class_="c-zero", stroke=LINE, x1="0%", x2="100%", y1=BASE, y2=BASE)]
    position = _position(tiers, turnover)
    for place in range(len(tiers) + 1):
        drawn.append(_step(place, tiers, turnover, width))
        drawn += _step_labels(place, tiers, currency, width, mark=position - place)
    drawn += _mark(position * width, format_money_short(turnover, currency))
    return svg(
        *drawn,
        chart_id=chart_id,
        title=title or _("Rebate tiers"),
        description=_in_words(tiers, turnover, currency),
        css="k-ladder",
        height=LADDER,
    )


def _height(place: int, count: int) -> Decimal:
    return LOWEST + (BASE - TOP - LOWEST) * Decimal(place) / max(count, 1)


def _step(place: int, tiers: Sequence[tuple[Decimal, Decimal]], turnover: Decimal, width: Decimal) -> str:
    is_reached = place > 0 and tiers[place - 1][0] <= turnover
    height = _height(place, len(tiers))
    return element(
        "rect",
        class_="c-bar-ok" if is_reached else "c-track",
        fill=TONES["ok"] if is_reached else TRACK,
        data_part="reached" if is_reached else "open",
        x=percentage(place * width + GAP),
        width=percentage(width - 2 * GAP),
        y=f"{BASE - height:.1f}",
        height=f"{height:.1f}",
        rx=3,
    )


def _step_labels(
    place: int, tiers: Sequence[tuple[Decimal, Decimal]], currency: str, width: Decimal, *, mark: Decimal
) -> list[str]:
    """The percent above the step, out of the way of the mark, and below its start from how much on it holds."""
    if place == 0:
        return []
    threshold, percent = tiers[place - 1]
    at, anchor = Decimal("0.5"), "middle"
    if 0 <= mark < 1:
        at, anchor = (Decimal(1), "end") if mark < at else (ZERO, "start")
    x = percentage(place * width + GAP + at * (width - 2 * GAP))
    y = float(BASE - _height(place, len(tiers)) - 6)
    above = label_at(format_percent(percent), x=x, y=y, anchor=anchor, css="c-strong")
    crowded = len(tiers) > MOST_LABELS
    text = format_money_short(threshold, currency)
    below = label_at(text, x=percentage(place * width + GAP), y=BASE + 16, size=11)
    return [above, element("g", below, class_="c-wide-only") if crowded else below]


def _position(tiers: Sequence[tuple[Decimal, Decimal]], turnover: Decimal) -> Decimal:
    """Where the orders stand, in steps: 1.5 is half way from the first tier to the second."""
    below = ZERO
    for place, (threshold, _percent) in enumerate(tiers):
        if turnover < threshold:
            done = max(turnover - below, ZERO)
            return place + (done / (threshold - below) if done else ZERO)
        below = threshold
    return len(tiers) + Decimal("0.5")


def _mark(position: Decimal, text: str) -> list[str]:
    x = percentage(position)
    line = element(
        "line", class_="c-target", stroke=INK, stroke_width=2, x1=x, x2=x, y1=16, y2=BASE + 2, data_mark="now"
    )
    return [line, label_at(text, x=x, y=11, anchor=anchor_at(position), css="c-strong")]


def _in_words(tiers: Sequence[tuple[Decimal, Decimal]], turnover: Decimal, currency: str) -> str:
    steps = [
        _("%(percent)s from %(amount)s")
        % {"percent": format_percent(percent), "amount": format_money(threshold, currency)}
        for threshold, percent in tiers
    ]
    ordered = _("Ordered: %(amount)s.") % {"amount": format_money(turnover, currency)}
    return f"{'; '.join(steps)}. {ordered}"


def fund_bar(
    *,
    chart_id: str,
    currency: str,
    amount: Decimal,
    spent: Decimal,
    approved: Decimal,
    planned: Decimal,
    title: str = "",
) -> SafeString:
    """What of a fund is spent, approved and planned; a mark where it ends if more is wanted than it has."""
    whole = max(amount, spent + approved + planned)
    drawn = [hatch(chart_id), element("rect", class_="c-track", fill=TRACK, width="100%", height=FUND, rx=3)]
    looks = {
        "spent": {"class_": "c-won", "fill": WON},
        "approved": {"fill": f"url(#{chart_id}-hatch)", "stroke": WEIGHTED_LINE},
        "planned": {"class_": "c-planned", "fill": "none", "stroke": INK_2, "stroke_dasharray": "4 3"},
    }
    start = ZERO
    for name, value in (("spent", spent), ("approved", approved), ("planned", planned)):
        if value > 0 and whole > 0:
            drawn.append(
                element(
                    "rect",
                    data_part=name,
                    x=percentage(start * HUNDRED / whole),
                    width=percentage(value * HUNDRED / whole),
                    y=1,
                    height=FUND - 2,
                    **looks[name],
                )
            )
            start += value
    if whole > amount:
        x = percentage(amount * HUNDRED / whole)
        drawn.append(
            element("line", class_="c-target", stroke=INK, stroke_width=2, x1=x, x2=x, y1=-3, y2=FUND + 3)
        )
    words = _("Spent %(spent)s, approved %(approved)s, planned %(planned)s of %(amount)s") % {
        "spent": format_money(spent, currency),
        "approved": format_money(approved, currency),
        "planned": format_money(planned, currency),
        "amount": format_money(amount, currency),
    }
    return svg(
        *drawn,
        chart_id=chart_id,
        title=title or _("What became of the fund"),
        description=words,
        css="k-fund",
        height=FUND,
    )
