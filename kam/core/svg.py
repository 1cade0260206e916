"""Charts as SVG: elements, and the colours of the light theme (for paper; components/chart.css has both themes).

Colours stand in presentation attributes, so that a chart is complete on paper; classes let the page's theme
replace them. Horizontal positions are percentages and text is in pixels: a chart reads the same on a phone and
on a wide screen.
"""

import re
from decimal import Decimal
from functools import lru_cache

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

INK, INK_2, LINE, TRACK = "#152238", "#51607a", "#e3e8ef", "#e6ebf2"
GOOD, BAD, NEGATIVE = "#0b7a3e", "#b3261e", "#b3261e"
TONES = {"ok": "#0b7a3e", "warn": "#c9780f", "bad": "#cf4037", "info": "#1f5fbf"}

ZERO, HUNDRED = Decimal(0), Decimal(100)
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_SPECIAL = re.compile("[&<>\"'\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def escaped(value: object) -> str:
    """Safe inside XML, whatever people typed."""
    text = value if isinstance(value, str) else str(value)
    if not _SPECIAL.search(text):
        return text  # as most are: coordinates, colours, amounts
    return _NOT_XML.sub("", conditional_escape(text))


@lru_cache(maxsize=256)
def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def element(name: str, *children: str, **attributes: object) -> str:
    """An element; `class_` and `stroke_width` become `class` and `stroke-width`, None leaves one out."""
    written = "".join(
        f' {_attribute(key)}="{escaped(value)}"' for key, value in attributes.items() if value is not None
    )
    return f"<{name}{written}>{''.join(children)}</{name}>" if children else f"<{name}{written}/>"


def label_at(
    text: str, *, x: str | int, y: float, anchor: str = "start", css: str = "", size: int = 12
) -> str:
    fill = {"c-tone-bad": BAD, "c-tone-ok": GOOD, "c-strong": INK}.get(css, INK_2)
    weight = 600 if css else None
    return element(
        "text",
        escaped(text),
        class_=css or None,
        x=x,
        y=y,
        text_anchor=anchor,
        font_size=size,
        font_weight=weight,
        fill=fill,
    )


def svg(
    *children: str,
    chart_id: str,
    title: str,
    description: str,
    css: str,
    height: int | None,
    role: str = "img",
    **attributes: object,
) -> SafeString:
    """`role="group"` where parts of it are links. Without a height it keeps the shape of its `viewBox`."""
    names = f"{chart_id}-title {chart_id}-desc" if description else f"{chart_id}-title"
    head = element("title", escaped(title) or " ", id=f"{chart_id}-title")
    if description:
        head += element("desc", escaped(description), id=f"{chart_id}-desc")
    attributes = {"width": "100%", "height": height, **attributes}
    return mark_safe(
        element(
            "svg",
            head,
            *children,
            xmlns="http://www.w3.org/2000/svg",
            class_=f"k-chart {css}",
            role=role,
            aria_labelledby=names,
            **attributes,
        )
    )
