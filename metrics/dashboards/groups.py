"""Counts by person and by territory, from the rows that the database has counted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from crm.models import Territory
from kam.users.models import User

Counts = Counter[str]


@dataclass(frozen=True)
class Group:
    """What one owner, territory or type has. Without an id: what has none of them."""

    id: UUID | None
    name: str
    counts: Counts
    level: int = 0  # of a territory within those that are shown


def summed(rows: Iterable[tuple[Any, Counts]]) -> dict[Any, Counts]:
    found: dict[Any, Counts] = defaultdict(Counter)
    for key, counts in rows:
        found[key].update(counts)
    return found


def by_name(counted: Mapping[UUID | None, Counts], names: Mapping[UUID, str]) -> list[Group]:
    """In the order of their names; what has none comes last."""
    groups = [Group(key, names[key] if key else "", counts) for key, counts in counted.items()]
    return sorted(groups, key=lambda group: (group.id is None, group.name.casefold(), str(group.id)))


def people(ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """What these people are called."""
    rows = User.objects.filter(pk__in={pk for pk in ids if pk}).only("first_name", "last_name", "username")
    return {user.pk: str(user) for user in rows}


class _Place(NamedTuple):
    id: UUID
    parent_id: UUID | None
    name: str


def by_territory(counted: Mapping[UUID | None, Counts]) -> list[Group]:
    """Each territory with what lies below it, in the order of their tree: one statement.

    A territory that adds nothing to the one below it is left out.
    """
    places = [_Place(*row) for row in Territory.objects.order_by("name", "pk").values_list(*_Place._fields)]
    below: dict[UUID | None, list[_Place]] = defaultdict(list)
    for place in places:
        below[place.parent_id].append(place)
    found = [group for place in below[None] for group in _branch(place, below, counted, 0)]
    return [*found, Group(None, "", counted[None])] if counted.get(None) else found


def _branch(
    place: _Place, below: Mapping[Any, list[_Place]], counted: Mapping[Any, Counts], level: int
) -> list[Group]:
    own = counted.get(place.id, Counter())
    inner = [
        branch for child in below.get(place.id, ()) if (branch := _branch(child, below, counted, level + 1))
    ]
    if not own and len(inner) == 1:
        return [Group(group.id, group.name, group.counts, group.level - 1) for group in inner[0]]
    total = sum((branch[0].counts for branch in inner), Counter(own))
    rest = [group for branch in inner for group in branch]
    return [Group(place.id, place.name, total, level), *rest] if total else []
