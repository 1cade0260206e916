"""What a whole is made of, lying in a table cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kam.core.svg import TRACK, element, escaped, svg
from plans.charts import SERIES_COLOURS

BAR = 12


@dataclass(frozen=True)
class Part:
    """One part: `look` is the number of its colour, from 1 (`--k-series-…`)."""

    label: str
    look: int
    count: int


def parts_bar(*, chart_id: str, parts: Sequence[Part], title: str = "") -> SafeString:
    """The parts beside each other over the whole width: bars of several rows compare shares, not sizes."""
    whole = sum(part.count for part in parts)
    drawn = [element("rect", class_="c-track", fill=TRACK, width="100%", height=BAR, rx=2)]
    before = 0
    for part in parts:
        if not part.count:
            continue
        drawn.append(
            element(
                "rect",
                element("title", escaped(f"{part.label}: {part.count}")),
                class_=f"c-series c-series-{part.look}",
                fill=SERIES_COLOURS[part.look - 1],
                stroke="#ffffff",
                data_part="count",
                x=f"{before * 100 / whole:.3f}%",
                width=f"{part.count * 100 / whole:.3f}%",
                height=BAR,
            )
        )
        before += part.count
    words = ", ".join(f"{part.label} {part.count}" for part in parts)
    return svg(
        *drawn,
        chart_id=chart_id,
        title=title or _("Shares"),
        description=words,
        css="k-mini-bar",
        height=BAR,
    )
