"""The colours keep WCAG AA in both themes: 4.5 for text, 3 for lines and marks that carry meaning."""

import re
from pathlib import Path

import pytest
from django.conf import settings

CSS = Path(settings.BASE_DIR) / "static" / "css"
TONES = ("ok", "warn", "bad", "info", "neutral")

TEXT_PAIRS = [
    *[
        (ink, ground)
        for ink in ("ink", "ink-2")
        for ground in ("bg", "card", "raised", "hover", "track", "accent-bg")
    ],
    *[("accent", ground) for ground in ("bg", "card", "accent-bg")],
    *[("link", ground) for ground in ("bg", "card", "hover")],
    *[(tone, f"{tone}-bg") for tone in TONES],
    *[(tone, ground) for tone in TONES for ground in ("card", "bg", "hover")],
    *[("solid-ink", solid) for solid in ("primary", "primary-hover", "danger", "danger-hover")],
    *[
        (ink, ground)
        for ink in ("side-ink", "side-ink-2", "side-strong")
        for ground in ("side", "side-hover")
    ],
    ("side-strong", "side-active"),
    *[(f"avatar-{number}-ink", f"avatar-{number}") for number in range(1, 7)],
    *[("ink", f"heat-{number}") for number in range(6)],
    ("bad", "raised"),
]
MARK_PAIRS = [
    ("line-strong", "card"),
    ("line-strong", "bg"),
    *[(mark, "card") for mark in ("won", "weighted-line", "gap", "surplus", "under", "negative", "target")],
    *[(f"bar-{tone}", "card") for tone in ("ok", "warn", "bad", "info")],
    *[(f"series-{number}", "card") for number in range(1, 7)],
    ("target", "track"),
    ("primary", "card"),
]


def tokens(theme: str) -> dict[str, str]:
    """The colours of a theme; the dark one falls back to what it does not change."""
    blocks = re.findall(r"([^{}]+)\{([^}]*)\}", (CSS / "tokens.css").read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    for selector, body in blocks:
        if ":root" in selector or f'"{theme}"' in selector:
            found.update(re.findall(r"--k-([\w-]+):\s*(#[0-9a-f]{6});", body))
    return found


def luminance(colour: str) -> float:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_black_on_white_is_21():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_is_readable_on_its_ground(theme):
    colours = tokens(theme)

    ratios = {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in TEXT_PAIRS}
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_marks_stand_out_from_their_ground(theme):
    colours = tokens(theme)

    ratios = {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in MARK_PAIRS}
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < 3} == {}


def test_every_token_in_use_is_defined():
    sheets = {path.name: path.read_text(encoding="utf-8") for path in CSS.rglob("*.css")}
    defined = set(re.findall(r"(--k-[\w-]+)\s*:", "".join(sheets.values())))

    missing = {name: set(re.findall(r"var\((--k-[\w-]+)", sheet)) - defined for name, sheet in sheets.items()}
    assert {name: tokens for name, tokens in missing.items() if tokens} == {}


def test_colours_are_written_in_tokens_only():
    sheets = [path for path in CSS.rglob("*.css") if path.name not in ("tokens.css", "print.css")]

    written = {
        path.name: re.findall(r"#[0-9a-f]{3,8}\b|\brgba?\(", path.read_text(encoding="utf-8"))
        for path in sheets
    }
    assert {name: colours for name, colours in written.items() if colours} == {}
