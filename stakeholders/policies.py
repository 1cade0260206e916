"""Pure decisions about stakeholders: no database, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import TypeVar

from stakeholders.enums import Influence, RelationshipLevel

KEY_INFLUENCE = Influence.HIGH
LONGEST_SILENCE = timedelta(days=90)  # without contact with somebody who matters

Key = TypeVar("Key")


def is_key(influence: int, *, decides: bool) -> bool:
    """Whether the plan stands or falls with them."""
    return decides or influence >= KEY_INFLUENCE


def is_level_reached(now: str, desired: str) -> bool:
    """Where no level is desired, any will do."""
    return not desired or RelationshipLevel(now).rank >= RelationshipLevel(desired).rank


def is_trusting(now: str) -> bool:
    """Whether they take our word: more than a vendor's."""
    return RelationshipLevel(now).rank >= RelationshipLevel.CREDIBLE_SOURCE.rank


def is_silent(last_contact: date | None, *, today: date) -> bool:
    return last_contact is None or today - last_contact > LONGEST_SILENCE


def leads_to(start: Key, goal: Key, above: Mapping[Key, Iterable[Key]]) -> bool:
    """Whether one gets from `start` to `goal` upwards."""
    seen: set[Key] = set()
    to_see = [start]
    while to_see:
        node = to_see.pop()
        if node == goal:
            return True
        if node not in seen:
            seen.add(node)
            to_see.extend(above.get(node, ()))
    return False
