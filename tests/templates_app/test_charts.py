"""The time line: well-formed, to scale, complete in words, safe with any label."""

from __future__ import annotations

from decimal import Decimal
from xml.etree import ElementTree

from templates_app.charts import TimelineBar, timeline_chart

CANARY = "<script>alert('x')</script>&\"\x00"


def parts(svg: str, name: str) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(svg)  # noqa: S314 - our own output
    return [element for element in root.iter() if element.get("data-part") == name]


def share(element: ElementTree.Element, name: str) -> Decimal:
    return Decimal(element.attrib[name].removesuffix("%"))


def draw(*bars: TimelineBar) -> str:
    return timeline_chart(chart_id="timeline", bars=bars)


def test_bars_stand_where_their_days_are() -> None:
    svg = draw(TimelineBar("Call", 0, 25), TimelineBar("Visit", 50, 100))

    first, second = parts(svg, "required")

    assert (share(first, "x"), share(first, "width")) == (0, 25)
    assert (share(second, "x"), share(second, "width")) == (50, 50)


def test_item_of_one_day_is_still_seen_inside_the_chart() -> None:
    (bar,) = parts(draw(TimelineBar("Call", 30, 30)), "required")

    assert share(bar, "width") > 0
    assert share(bar, "x") + share(bar, "width") <= 100


def test_optional_items_differ_by_more_than_colour() -> None:
    (bar,) = parts(draw(TimelineBar("Call", 0, 5, is_required=False)), "optional")

    assert bar.attrib["fill"] == "none"


def test_prerequisite_is_drawn_and_told() -> None:
    svg = draw(TimelineBar("Call", 0, 10), TimelineBar("Visit", 20, 30, after=0))

    down, across = parts(svg, "link")

    assert down.attrib["x1"] == down.attrib["x2"] == across.attrib["x1"] == "33.33%"
    assert across.attrib["x2"] == "66.67%"
    assert "Visit: day 20 to 30, after Call" in svg


def test_label_of_a_user_does_no_harm() -> None:
    svg = draw(TimelineBar(CANARY, 0, 5), TimelineBar("x" * 500, 3, 9, after=0))

    assert "<script" not in svg
    assert parts(svg, "required")


def test_axis_reaches_from_a_week_to_ten_years() -> None:
    for days in (0, 6, 90, 3_650):
        svg = draw(TimelineBar("Call", 0, days))
        assert 2 <= svg.count('class="c-grid"') <= 9
