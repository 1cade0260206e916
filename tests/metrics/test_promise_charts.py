"""The ladder of a rebate and the bar of a fund: steps where they belong, words beside the picture."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import pytest

from metrics.charts import fund_bar, tier_ladder

CANARY = "<script>alert('x')</script>&\"\x00"
TIERS = [(Decimal(10_000), Decimal(2)), (Decimal(20_000), Decimal(3)), (Decimal(40_000), Decimal(5))]


def ladder(turnover: Any, tiers: Any = TIERS) -> ElementTree.Element:
    svg = tier_ladder(chart_id="x", currency="EUR", tiers=tiers, turnover=Decimal(turnover), title=CANARY)
    return ElementTree.fromstring(svg)  # noqa: S314 -- our own output


def parts(svg: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [element for element in svg.iter() if element.get("data-part") == name]


def mark(svg: ElementTree.Element) -> str:
    return next(element.attrib["x1"] for element in svg.iter() if element.get("data-mark") == "now")


@pytest.mark.parametrize(
    ("turnover", "reached", "position"),
    [
        (-5, 0, "0.00%"),
        (0, 0, "0.00%"),
        (5_000, 0, "12.50%"),
        (10_000, 1, "25.00%"),
        (30_000, 2, "62.50%"),
        (40_000, 3, "87.50%"),
        (900_000, 3, "87.50%"),
    ],
)
def test_ladder_marks_where_the_orders_stand(turnover: int, reached: int, position: str) -> None:
    svg = ladder(turnover)

    assert (len(parts(svg, "reached")), mark(svg)) == (reached, position)
    heights = [float(step.attrib["height"]) for step in (*parts(svg, "reached"), *parts(svg, "open")[1:])]
    assert len(heights) == 3
    assert "2.0% from €10,000.00; 3.0% from €20,000.00" in "".join(svg.itertext())


def test_ladder_stands_with_a_tier_from_nothing_on_and_with_many() -> None:
    assert len(parts(ladder(-1, [(Decimal(0), Decimal(1))]), "reached")) == 0
    many = [(Decimal(number), Decimal(number)) for number in range(12)]
    assert len(parts(ladder(5, many), "reached")) == 6


def test_fund_bar_shows_each_part_and_where_the_fund_ends() -> None:
    def bar(**amounts: int) -> ElementTree.Element:
        values = {"amount": 100, "spent": 0, "approved": 0, "planned": 0, **amounts}
        decimals = {name: Decimal(value) for name, value in values.items()}
        return ElementTree.fromstring(fund_bar(chart_id="x", currency="EUR", title=CANARY, **decimals))  # noqa: S314

    svg = bar(spent=50, approved=25, planned=25)
    widths = {name: parts(svg, name)[0].attrib["width"] for name in ("spent", "approved", "planned")}
    assert widths == {"spent": "50.00%", "approved": "25.00%", "planned": "25.00%"}
    overdrawn = bar(spent=150, planned=50)
    assert [line.attrib["x1"] for line in overdrawn.iter() if line.get("class") == "c-target"] == ["50.00%"]
    assert parts(bar(amount=0), "spent") == []
