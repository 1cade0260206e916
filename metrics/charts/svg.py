"""The colours of revenue in charts, in the light theme."""

from kam.core.svg import element

WON, WEIGHTED, WEIGHTED_LINE, UNDER = "#1f5fbf", "#bcd3f4", "#5b8fdc", "#c9780f"


def hatch(chart_id: str) -> str:
    """Diagonal lines say "not certain" without colour."""
    lines = element(
        "rect", class_="c-weighted", width=6, height=6, fill=WEIGHTED, stroke="none", stroke_width=0
    )
    lines += element("line", class_="c-hatch", x1=0, x2=0, y1=0, y2=6, stroke=WEIGHTED_LINE, stroke_width=1.6)
    pattern = element(
        "pattern",
        lines,
        id=f"{chart_id}-hatch",
        width=6,
        height=6,
        patternUnits="userSpaceOnUse",
        patternTransform="rotate(45)",
    )
    return element("defs", pattern)
