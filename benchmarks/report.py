"""The table: what was measured, what was promised, and whether it holds."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.measuring import Pairs


@dataclass(frozen=True)
class Line:
    name: str
    found: str
    goal: str
    is_met: bool | None  # None: there is no goal, the figure is for information
    detail: str = ""

    @property
    def verdict(self) -> str:
        return {True: "ok", False: "MISSED", None: ""}[self.is_met]


@dataclass
class Report:
    lines: list[Line] = field(default_factory=list)

    def ratio(self, name: str, pairs: Pairs, *, at_most: float | None = None) -> None:
        low, high = min(pairs.ratios), max(pairs.ratios)
        found = f"{pairs.ratio:.2f}× ({low:.2f}–{high:.2f})"
        goal = "" if at_most is None else f"≤ {at_most:g}×"
        self.add(name, found, goal, None if at_most is None else pairs.ratio <= at_most, str(pairs))

    def number(self, name: str, value: float, *, at_most: float | None = None, unit: str = "") -> None:
        goal = "" if at_most is None else f"≤ {at_most:g}{unit}"
        self.add(name, f"{value:,.4g}{unit}", goal, None if at_most is None else value <= at_most)

    def statements(self, name: str, count: int, *, at_most: int | None = None) -> None:
        self.number(f"{name}: statements", count, at_most=at_most)

    def add(self, name: str, found: str, goal: str, is_met: bool | None, detail: str = "") -> None:
        line = Line(name, found, goal, is_met, detail)
        self.lines.append(line)
        print(f"  {name}: {found} {line.verdict}", flush=True)

    @property
    def missed(self) -> list[Line]:
        return [line for line in self.lines if line.is_met is False]

    def __str__(self) -> str:
        rows = [("", "measured", "goal", "", "medians")]
        rows += [(line.name, line.found, line.goal, line.verdict, line.detail) for line in self.lines]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        text = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        met = sum(line.is_met is True for line in self.lines)
        return "\n".join([*text, "", f"{met} goals met, {len(self.missed)} missed"])
