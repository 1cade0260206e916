"""Power against support: the people of a plan as a map, as SVG from plain values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kam.core.svg import BAD, INK, INK_2, TONES, element, escaped, svg

WIDTH, GUTTER, HEAD, GAP = 1120, 92, 40, 6
LANE, PADDING, DOT, CORNER = 44, 9, 16, 8
LOWEST_ROW = LANE + 2 * PADDING
MOST_IN_CELL = 6
BESIDE_NAME = math.radians(60)
NAME_LENGTH, ROLE_LENGTH = 19, 26
INFLUENCES = (5, 4, 3, 2, 1)
SUPPORTS = (-2, -1, 0, 1, 2)
HEAT = ("#f4f7fb", "#e4f3ea", "#fdf5dc", "#fde4bd", "#fbc9ae", "#f3a193")
# How worrying it is that somebody of this influence (from 5 down) gives this support (from -2 up).
HEAT_OF = ((5, 4, 3, 1, 1), (4, 4, 3, 1, 1), (3, 3, 2, 1, 1), (2, 2, 0, 0, 0), (2, 0, 0, 0, 0))
LINES = {
    "reports_to": {"stroke": INK_2, "stroke_width": 1.5},
    "influences": {"stroke": TONES["info"], "stroke_width": 2, "stroke_dasharray": "7 5"},
    "conflicts_with": {"stroke": BAD, "stroke_width": 2.5, "stroke_dasharray": "1 6"},
}
BOWS = {"reports_to": 26, "influences": 48, "conflicts_with": -30}  # two lines between the same two part


@dataclass(frozen=True)
class MapPerson:
    """Somebody (or an organisation) with a place on the map; `url` is where a click leads."""

    key: str
    name: str
    initials: str
    role: str
    influence: int
    support: int
    url: str
    is_organisation: bool = False
    is_looked_after: bool = True


@dataclass(frozen=True)
class MapLink:
    """A line from one key to another; `kind` is one of `LINES`."""

    start: str
    end: str
    kind: str


@dataclass(frozen=True)
class MapCell:
    influence: int
    support: int
    people: list[MapPerson] = field(default_factory=list)

    @property
    def heat(self) -> int:
        return HEAT_OF[5 - self.influence][self.support + 2]

    @property
    def shown(self) -> list[MapPerson]:
        """All of them, or, where they are too many, those that leave a line for “3 more”."""
        return self.people if len(self.people) <= MOST_IN_CELL else self.people[: MOST_IN_CELL - 1]

    @property
    def more(self) -> int:
        return len(self.people) - len(self.shown)

    @property
    def lanes(self) -> int:
        return len(self.shown) + bool(self.more)


def cells_of(people: Sequence[MapPerson]) -> list[list[MapCell]]:
    """Rows from the highest influence down, columns from against us to for us."""
    rows = [[MapCell(influence, support) for support in SUPPORTS] for influence in INFLUENCES]
    for person in people:
        rows[5 - person.influence][person.support + 2].people.append(person)
    return rows


@dataclass(frozen=True)
class Frame:
    """Where things stand: the top and height of each row, the width of a column."""

    tops: list[int]
    heights: list[int]

    column = (WIDTH - GUTTER) / 5

    @classmethod
    def of(cls, rows: Sequence[Sequence[MapCell]]) -> Frame:
        heights = [max(LOWEST_ROW, max(cell.lanes for cell in row) * LANE + 2 * PADDING) for row in rows]
        tops = [HEAD + sum(heights[:number]) + GAP * number for number in range(len(heights))]
        return cls(tops, heights)

    @property
    def height(self) -> int:
        return self.tops[-1] + self.heights[-1] + 2

    def corner(self, row: int, support: int) -> tuple[float, int]:
        return GUTTER + self.column * (support + 2), self.tops[row]

    def spot(self, row: int, support: int, lane: int) -> tuple[float, float]:
        """The middle of the dot in that lane of the cell."""
        x, y = self.corner(row, support)
        return x + PADDING + DOT + 2, y + PADDING + LANE * lane + LANE / 2


def relationship_map(
    *,
    chart_id: str,
    rows: Sequence[Sequence[MapCell]],
    links: Sequence[MapLink],
    influences: Mapping[int, str],
    supports: Mapping[int, str],
    list_url: str,
    title: str,
) -> SafeString:
    """Every person a link; lines lie below the dots. Narrow screens show `cells_of` as a table instead."""
    frame = Frame.of(rows)
    places = {
        person.key: frame.spot(number, cell.support, lane)
        for number, row in enumerate(rows)
        for cell in row
        for lane, person in enumerate(cell.shown)
    }
    drawn = [_heads(frame, influences, supports), *_cells(frame, rows)]
    drawn += [
        _line(chart_id, places[link.start], places[link.end], link.kind)
        for link in links
        if link.start in places and link.end in places
    ]
    drawn += [
        part
        for number, row in enumerate(rows)
        for cell in row
        for part in _people(frame, number, cell, list_url)
    ]
    return svg(
        _arrows(chart_id),
        *drawn,
        chart_id=chart_id,
        title=title,
        description="",
        css="k-relationship-map",
        role="group",
        height=None,
        viewBox=f"0 0 {WIDTH} {frame.height}",
    )


def _arrows(chart_id: str) -> str:
    heads = ""
    for kind in ("reports_to", "influences"):
        tip = element("path", d="M0 0 8 4 0 8z", class_=f"c-tip-{kind}", fill=LINES[kind]["stroke"])
        heads += element(
            "marker",
            tip,
            id=f"{chart_id}-{kind}",
            viewBox="0 0 8 8",
            refX=7,
            refY=4,
            markerWidth=9,
            markerHeight=9,
            markerUnits="userSpaceOnUse",
            orient="auto",
        )
    return element("defs", heads)


def _text(text: str, *, x: float, y: float, css: str = "", size: int = 12, **more: object) -> str:
    fill = INK if css else INK_2
    return element(
        "text", escaped(text), class_=css or None, x=f"{x:g}", y=f"{y:g}", font_size=size, fill=fill, **more
    )


def _heads(frame: Frame, influences: Mapping[int, str], supports: Mapping[int, str]) -> str:
    parts = [
        _text(_("Influence ↓"), x=GUTTER - 12, y=18, size=11, text_anchor="end"),
        _text(_("Support →"), x=GUTTER - 12, y=32, size=11, text_anchor="end"),
    ]
    for support, label in supports.items():
        x = frame.corner(0, support)[0] + (frame.column - GAP) / 2
        parts.append(_text(label, x=x, y=26, css="c-strong", text_anchor="middle"))
    for row, influence in enumerate(INFLUENCES):
        y = frame.tops[row] + frame.heights[row] / 2 + 4
        parts.append(_text(influences[influence], x=GUTTER - 12, y=y, css="c-strong", text_anchor="end"))
    return element("g", *parts, aria_hidden="true")


def _cells(frame: Frame, rows: Sequence[Sequence[MapCell]]) -> Iterator[str]:
    for number, row in enumerate(rows):
        for cell in row:
            x, y = frame.corner(number, cell.support)
            yield element(
                "rect",
                class_=f"c-heat-{cell.heat}",
                fill=HEAT[cell.heat],
                x=f"{x:g}",
                y=y,
                width=f"{frame.column - GAP:g}",
                height=frame.heights[number],
                rx=CORNER,
            )


def _line(chart_id: str, start: tuple[float, float], end: tuple[float, float], kind: str) -> str:
    """A slight bow between the edges of two dots, so that lines of one column part from the dots between."""
    across, down = end[0] - start[0], end[1] - start[1]
    length = math.hypot(across, down) or 1
    aside = (down / length, -across / length)
    if aside[0] > 0 or (aside[0] == 0 and aside[1] > 0):
        aside = (-aside[0], -aside[1])  # to the left, or up: the same way in both directions
    bow = BOWS[kind] * max(1, length / 260)
    middle = ((start[0] + end[0]) / 2 + aside[0] * bow, (start[1] + end[1]) / 2 + aside[1] * bow)
    first, last = _edge(start, middle), _edge(end, middle)
    path = f"M{first[0]:.1f} {first[1]:.1f}Q{middle[0]:.1f} {middle[1]:.1f} {last[0]:.1f} {last[1]:.1f}"
    tip = None if kind == "conflicts_with" else f"url(#{chart_id}-{kind})"
    drawn = element(
        "path",
        class_=f"c-line-{kind}",
        d=path,
        fill="none",
        stroke_linecap="round" if kind == "conflicts_with" else None,
        marker_end=tip,
        data_part="link",
        **LINES[kind],
    )
    return drawn + (_cross(first, middle, last) if kind == "conflicts_with" else "")


def _edge(dot: tuple[float, float], towards: tuple[float, float]) -> tuple[float, float]:
    """Where a line leaves the dot; never to the right, where the name stands."""
    angle = math.atan2(towards[1] - dot[1], towards[0] - dot[0])
    if abs(angle) < BESIDE_NAME:
        angle = BESIDE_NAME if angle > 0 else -BESIDE_NAME
    return dot[0] + math.cos(angle) * (DOT + 4), dot[1] + math.sin(angle) * (DOT + 4)


def _cross(first: tuple[float, float], middle: tuple[float, float], last: tuple[float, float]) -> str:
    """Marks a conflict on its way, for those who do not tell its colour."""
    x, y = (0.49 * first[axis] + 0.42 * middle[axis] + 0.09 * last[axis] for axis in (0, 1))
    plate = element("circle", class_="c-plate", fill="#ffffff", cx=f"{x:.1f}", cy=f"{y:.1f}", r=8)
    strokes = f"M{x - 3.5:.1f} {y - 3.5:.1f}l7 7m0 -7l-7 7"
    cross = element(
        "path", class_="c-cross", d=strokes, fill="none", stroke=BAD, stroke_width=2, stroke_linecap="round"
    )
    return plate + cross


def _people(frame: Frame, row: int, cell: MapCell, list_url: str) -> Iterator[str]:
    for lane, person in enumerate(cell.shown):
        yield _person(person, frame.spot(row, cell.support, lane), cell.heat, frame.column - GAP)
    if cell.more:
        x, y = frame.spot(row, cell.support, len(cell.shown))
        words = _("and %(count)s more") % {"count": cell.more}
        link = _text(words, x=x - DOT, y=y + 4, css="c-more", text_decoration="underline")
        target = f"{list_url}?influence={cell.influence}&support={cell.support}"
        yield element("a", _lane((x, y), frame.column - GAP), link, href=target, class_="c-person")


def _lane(spot: tuple[float, float], width: float) -> str:
    """All of a lane can be hit, and rings what has the focus."""
    x, y = spot
    return element(
        "rect",
        class_="c-focus",
        fill="none",
        pointer_events="all",
        x=f"{x - DOT - 5:g}",
        y=f"{y - LANE / 2 + 1:g}",
        width=f"{width - 2 * PADDING + 6:g}",
        height=LANE - 2,
        rx=8,
    )


def _person(person: MapPerson, spot: tuple[float, float], heat: int, width: float) -> str:
    x, y = spot
    outline = {
        "class_": "c-dot",
        "fill": "#ffffff",
        "stroke": INK_2,
        "stroke_width": 1.5,
        "stroke_dasharray": None if person.is_looked_after else "4 3",
    }
    if person.is_organisation:
        dot = element(
            "rect", x=f"{x - DOT:g}", y=f"{y - DOT:g}", width=2 * DOT, height=2 * DOT, rx=5, **outline
        )
    else:
        dot = element("circle", cx=f"{x:g}", cy=f"{y:g}", r=DOT, **outline)
    halo = {"stroke": HEAT[heat], "stroke_width": 3, "stroke_linejoin": "round", "paint_order": "stroke"}
    aside = "" if person.is_looked_after else f" · {_('nobody looks after them')}"
    words = f"{person.name}, {person.role}{aside}" if person.role else f"{person.name}{aside}"
    return element(
        "a",
        element("title", escaped(words)),
        _lane(spot, width),
        dot,
        _text(person.initials, x=x, y=y + 4, css="c-strong", size=11, text_anchor="middle"),
        _text(
            shortened(person.name, NAME_LENGTH),
            x=x + DOT + 8, y=y - 2, css=f"c-strong c-on-heat-{heat}", size=13, **halo,
        ),
        _text(
            shortened(person.role, ROLE_LENGTH),
            x=x + DOT + 8, y=y + 13, css=f"c-role c-on-heat-{heat}", size=11, **halo,
        ),
        href=person.url,
        class_="c-person",
        aria_label=words,
    )  # fmt: skip


def shortened(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"
