"""Charts: well-formed, proportional, complete without a style sheet, safe with any label."""

from datetime import date
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from metrics.charts import (
    Line,
    MonthPoint,
    course_chart,
    distribution_chart,
    mini_plan_bar,
    month_bars,
    plan_chart,
    progress_bar,
    ring,
    sparkline,
)

NAMESPACE = "{http://www.w3.org/2000/svg}"
CANARY = "<script>alert('x')</script>&\"\x00"


def parse(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - our own output


def percentage(element: ElementTree.Element, name: str) -> Decimal:
    assert element.attrib[name].endswith("%")
    return Decimal(element.attrib[name][:-1])


def part(svg: str, name: str) -> ElementTree.Element | None:
    return next((element for element in parse(svg).iter() if element.get("data-part") == name), None)


def mark(svg: str, name: str) -> ElementTree.Element | None:
    return next((element for element in parse(svg).iter() if element.get("data-mark") == name), None)


def words(svg: str) -> list[str]:
    return [element.text or "" for element in parse(svg).iter(f"{NAMESPACE}text")]


def a_plan(**numbers: object) -> str:
    values = {"target": Decimal(1000), "won": Decimal(400), "weighted_pipeline": Decimal(350), **numbers}
    return plan_chart(chart_id="plan", currency="EUR", **values)


MONTHS = [
    MonthPoint("Jan", actual=Decimal(100), target=Decimal(200)),
    MonthPoint("Feb", actual=Decimal(200), target=Decimal(150)),
    MonthPoint("Mar", target=Decimal(150), forecast=Decimal(100)),
]
EVERY_CHART = {
    "plan_chart": a_plan(),
    "plan_chart_without_target": a_plan(target=None),
    "plan_chart_of_nothing": a_plan(target=Decimal(0), won=Decimal(0), weighted_pipeline=Decimal(0)),
    "plan_chart_with_credit_notes": a_plan(won=Decimal(-400)),
    "plan_chart_of_a_cent": a_plan(target=Decimal("0.01"), won=Decimal("0.01")),
    "plan_chart_of_billions": a_plan(target=Decimal(10**15), won=Decimal(10**13)),
    "mini_plan_bar": mini_plan_bar(
        chart_id="mini", currency="EUR", target=Decimal(10), won=Decimal(3), weighted_pipeline=Decimal(4)
    ),
    "progress_bar": progress_bar(chart_id="bar", value=Decimal(40), expected=Decimal(60), label="Tender"),
    "progress_bar_of_nothing": progress_bar(chart_id="bar", value=None),
    "ring": ring(chart_id="ring", value=78, label="Health"),
    "ring_unknown": ring(chart_id="ring", value=None),
    "sparkline": sparkline(chart_id="spark", values=[1, 3, 2]),
    "sparkline_of_one": sparkline(chart_id="spark", values=[1]),
    "month_bars": month_bars(chart_id="months", currency="EUR", months=MONTHS, today_index=2),
    "month_bars_of_nothing": month_bars(chart_id="months", currency="EUR", months=[]),
}


@pytest.mark.parametrize("name", EVERY_CHART)
def test_chart_is_well_formed_and_named(name):
    root = parse(EVERY_CHART[name])

    titled = [root.find(f"{NAMESPACE}title"), root.find(f"{NAMESPACE}desc")]
    assert root.get("role") == "img"
    assert root.get("aria-labelledby").split() == [
        element.get("id") for element in titled if element is not None
    ]
    assert titled[0].text.strip()


@pytest.mark.parametrize("name", EVERY_CHART)
def test_chart_has_unique_ids_and_no_inline_style(name):
    elements = list(parse(EVERY_CHART[name]).iter())

    ids = [element.get("id") for element in elements if element.get("id")]
    assert len(ids) == len(set(ids))
    assert [element.tag for element in elements if "style" in element.attrib] == []
    assert [
        element.tag for element in elements if element.tag in (f"{NAMESPACE}style", f"{NAMESPACE}script")
    ] == []


@pytest.mark.parametrize(
    "svg",
    [
        plan_chart(chart_id="p", currency="EUR", target=1, won=1, weighted_pipeline=1, title=CANARY),
        progress_bar(chart_id="b", value=1, label=CANARY),
        ring(chart_id="r", value=1, label=CANARY),
        sparkline(chart_id="s", values=[1, 2], label=CANARY),
        month_bars(chart_id="m", currency="EUR", months=[MonthPoint(CANARY, actual=1)]),
    ],
    ids=["plan_chart", "progress_bar", "ring", "sparkline", "month_bars"],
)
def test_chart_shows_a_hostile_label_as_text(svg):
    root = parse(svg)

    assert list(root.iter(f"{NAMESPACE}script")) == []
    assert "<script>alert('x')</script>&\"" in "".join(root.itertext())


def test_plan_chart_lengths_are_proportional():
    svg = a_plan()

    won, weighted, gap = part(svg, "won"), part(svg, "weighted"), part(svg, "gap")
    unit = percentage(won, "width") / 400
    assert percentage(weighted, "width") / unit == pytest.approx(350, abs=1)
    assert percentage(gap, "width") / unit == pytest.approx(250, abs=1)
    assert percentage(mark(svg, "target"), "x1") / unit == pytest.approx(1000, abs=1)


def test_plan_chart_stacks_weighted_on_won():
    svg = a_plan()

    won, weighted, gap = part(svg, "won"), part(svg, "weighted"), part(svg, "gap")
    assert percentage(won, "x") == 0
    assert percentage(weighted, "x") == percentage(won, "width")
    assert percentage(gap, "x") == pytest.approx(
        percentage(weighted, "x") + percentage(weighted, "width"), abs=Decimal("0.02")
    )


def test_plan_chart_short_of_target_says_by_how_much():
    assert "€250 short of target" in words(a_plan())
    assert "Expected €750 · 75.0%" in words(a_plan())


def test_plan_chart_above_target_says_by_how_much_and_draws_no_gap():
    svg = a_plan(won=Decimal(4000))

    assert "€3.35k above target" in words(svg)
    assert part(svg, "gap") is None
    assert percentage(mark(svg, "target"), "x1") < 30


def test_plan_chart_on_target_says_so():
    assert "exactly on target" in words(a_plan(weighted_pipeline=Decimal(600)))


@pytest.mark.parametrize("target", [None, Decimal(0), Decimal(-5)])
def test_plan_chart_without_target_has_neither_mark_nor_gap(target):
    svg = a_plan(target=target)

    assert "No target set" in words(svg)
    assert (mark(svg, "target"), part(svg, "gap")) == (None, None)


def test_plan_chart_of_nothing_draws_no_amount():
    svg = a_plan(target=None, won=Decimal(0), weighted_pipeline=Decimal(0))

    assert (part(svg, "won"), part(svg, "weighted")) == (None, None)
    assert "Expected €0" in words(svg)


def test_plan_chart_puts_credit_notes_left_of_zero():
    svg = a_plan(won=Decimal(-400), weighted_pipeline=Decimal(600))

    won, weighted = part(svg, "won"), part(svg, "weighted")
    zero = percentage(won, "x") + percentage(won, "width")
    assert won.get("class") == "c-negative"
    assert percentage(weighted, "x") == pytest.approx(zero, abs=Decimal("0.02"))
    assert "€800 short of target" in words(svg)


def test_plan_chart_stays_inside_its_width():
    for numbers in ({"won": Decimal(90000)}, {"won": Decimal(-90000)}, {"stretch": Decimal(1200)}):
        for element in parse(a_plan(**numbers)).iter(f"{NAMESPACE}rect"):
            if element.get("data-part"):
                assert percentage(element, "x") >= 0
                assert percentage(element, "x") + percentage(element, "width") <= 100


def test_plan_chart_takes_numbers_as_the_api_writes_them():
    assert a_plan(target="1000.00", won="400.00", weighted_pipeline="350.00") == a_plan(
        target=Decimal("1000.00"), won=Decimal("400.00"), weighted_pipeline=Decimal("350.00")
    )


def test_mini_plan_bar_is_drawn_to_the_same_scale_as_the_plan_chart():
    values = {"currency": "EUR", "target": Decimal(10), "won": Decimal(3), "weighted_pipeline": Decimal(4)}

    mini, full = mini_plan_bar(chart_id="mini", **values), plan_chart(chart_id="full", **values)

    assert percentage(part(mini, "won"), "width") == percentage(part(full, "won"), "width")
    assert percentage(mark(mini, "target"), "x1") == percentage(mark(full, "target"), "x1")


@pytest.mark.parametrize(("value", "width"), [(0, 0), (40, 40), (100, 100), (180, 100), (-5, 0)])
def test_progress_bar_holds_its_length_between_nothing_and_all(value, width):
    assert percentage(part(progress_bar(chart_id="b", value=value), "done"), "width") == width


def test_progress_bar_marks_where_it_should_be():
    svg = progress_bar(chart_id="b", value=40, expected=60, label="Tender")

    assert percentage(mark(svg, "due"), "x1") == 60
    assert parse(svg).find(f"{NAMESPACE}title").text == "Tender: 40.0% done, 60.0% expected by now"


def test_progress_bar_of_nothing_is_empty_rather_than_zero():
    svg = progress_bar(chart_id="b", value=None, label="Tender")

    assert part(svg, "done") is None
    assert parse(svg).find(f"{NAMESPACE}title").text == "Tender: nothing to measure"


def test_ring_fills_by_its_score():
    assert part(ring(chart_id="r", value=78), "score").get("stroke-dasharray") == "78.0 100"
    assert words(ring(chart_id="r", value=None)) == ["–"]


def test_sparkline_draws_a_point_for_each_known_value():
    line = parse(sparkline(chart_id="s", values=[1, None, 3, 2])).find(f"{NAMESPACE}polyline")

    assert len(line.get("points").split()) == 3


def test_month_bars_heights_are_proportional():
    svg = month_bars(chart_id="m", currency="EUR", months=MONTHS)

    bars = [
        element for element in parse(svg).iter(f"{NAMESPACE}rect") if element.get("data-part") == "actual"
    ]
    assert float(bars[1].get("height")) == pytest.approx(2 * float(bars[0].get("height")), abs=0.2)
    assert [bar.get("class") for bar in bars] == ["c-under", "c-won"]


def test_month_bars_hatches_months_to_come():
    forecast = part(month_bars(chart_id="m", currency="EUR", months=MONTHS), "forecast")

    assert forecast.get("fill") == "url(#m-hatch)"


def test_month_bars_tell_each_month_in_words():
    root = parse(month_bars(chart_id="m", currency="EUR", months=MONTHS))

    titles = [group.find(f"{NAMESPACE}title").text for group in root.iter(f"{NAMESPACE}g") if len(group) > 1]
    assert titles[0] == "Jan: actual €100.00, target €200.00"
    assert titles[2] == "Mar: forecast €100.00, target €150.00"


# --- Course and distribution --------------------------------------------------------------------
def a_course(**options: object) -> str:
    days = [date(2026, 1, 1), date(2026, 1, 31), date(2026, 3, 2)]
    lines = [Line(CANARY, "won", [0, 50, None]), Line("Target", "target", [100, 100, 100])]
    return course_chart(chart_id="c", currency="EUR", days=days, lines=lines, title=CANARY, **options)


def lines_of(svg: str) -> dict[str, list[tuple[Decimal, Decimal]]]:
    found = {}
    for element in parse(svg).iter(f"{NAMESPACE}polyline"):
        points = [tuple(map(Decimal, point.split(","))) for point in element.attrib["points"].split()]
        found[element.attrib["data-line"]] = points
    return found


def test_course_stands_where_day_and_amount_are() -> None:
    found = lines_of(a_course())

    assert found == {
        "won": [(0, 210), (500, 105)],
        "target": [(0, 0), (500, 0), (1_000, 0)],
    }


def test_course_marks_today_only_if_it_is_there() -> None:
    assert percentage(mark(a_course(today=date(2026, 1, 31)), "today"), "x1") == 50
    assert mark(a_course(today=date(2027, 1, 1)), "today") is None
    assert mark(a_course(), "today") is None


def test_course_of_one_day_and_of_none() -> None:
    for days, values in (([date(2026, 1, 1)], [5]), ([], [])):
        svg = course_chart(
            chart_id="c", currency="EUR", days=days, lines=[Line("Won", "won", values)], title="Course"
        )
        assert len(lines_of(svg)) == len(days)


def test_distribution_parts_what_reaches_the_target() -> None:
    classes = [(0, 100, 0.2), (100, 200, 0.5), (200, 300, 0.3)]
    svg = distribution_chart(chart_id="d", currency="EUR", classes=classes, target=200, stretch=400)
    bars = [element for element in parse(svg).iter() if element.get("data-part")]

    assert [bar.attrib["data-part"] for bar in bars] == ["short", "short", "reached"]
    assert [bar.attrib["height"] for bar in bars] == ["36.0", "90.0", "54.0"]
    assert percentage(mark(svg, "stretch"), "x1") > percentage(mark(svg, "target"), "x1")


def test_distribution_of_one_certain_amount() -> None:
    svg = distribution_chart(chart_id="d", currency="EUR", classes=[(7, 7, 1.0)])

    assert len([element for element in parse(svg).iter() if element.get("data-part")]) == 1
