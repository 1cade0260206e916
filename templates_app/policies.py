"""Pure decisions about templates: rings of prerequisites, differences between versions."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


def has_ring(waits_for: Mapping[Any, Any]) -> bool:
    """Whether something waits, over any number of steps, for itself. Each key waits for its value, or for None."""
    settled: set[Any] = set()
    for start in waits_for:
        walk: set[Any] = set()
        here = start
        while here is not None and here not in settled:
            if here in walk:
                return True
            walk.add(here)
            here = waits_for.get(here)
        settled |= walk
    return False


@dataclass(frozen=True)
class FieldChange:
    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class VersionDifference:
    """Keys of items: in the order of the version in which they stand."""

    added: list[Hashable] = field(default_factory=list)
    removed: list[Hashable] = field(default_factory=list)
    changed: dict[Hashable, list[FieldChange]] = field(default_factory=dict)
    moved: list[Hashable] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.moved)


def difference(
    before: Mapping[Any, Mapping[str, Any]], after: Mapping[Any, Mapping[str, Any]]
) -> VersionDifference:
    """Compare the items of two versions, each given as key → field → value, in order."""
    common = [key for key in after if key in before]
    changed = {}
    for key in common:
        fields = [
            FieldChange(name, before[key].get(name), value)
            for name, value in after[key].items()
            if before[key].get(name) != value
        ]
        if fields:
            changed[key] = fields
    return VersionDifference(
        added=[key for key in after if key not in before],
        removed=[key for key in before if key not in after],
        changed=changed,
        moved=_moved([key for key in before if key in after], common),
    )


def _moved(before: Sequence[Any], after: Sequence[Any]) -> list[Any]:
    """The fewest keys whose moves explain the new order."""
    place = {key: index for index, key in enumerate(before)}
    ends: list[int] = []  # the smallest last place of a rising run of each length
    length: dict[Any, int] = {}
    for key in after:
        at = bisect_left(ends, place[key])
        ends[at : at + 1] = [place[key]]
        length[key] = at + 1
    stayed: set[Any] = set()
    wanted, limit = len(ends), len(before)
    for key in reversed(after):
        if length[key] == wanted and place[key] < limit:
            stayed.add(key)
            wanted, limit = wanted - 1, place[key]
    return [key for key in after if key not in stayed]
