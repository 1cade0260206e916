from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from templates_app.policies import FieldChange, difference, has_ring


def test_ring_is_found_over_any_number_of_steps() -> None:
    assert has_ring({"a": "a"})
    assert has_ring({"a": "b", "b": "c", "c": "a", "d": None})
    assert not has_ring({"a": "b", "b": "c", "c": None, "d": "b"})
    assert not has_ring({"a": "elsewhere"})


def test_difference_says_what_was_added_removed_and_changed() -> None:
    before = {"a": {"name": "Call", "weight": 1}, "b": {"name": "Visit", "weight": 1}}
    after = {"b": {"name": "Visit", "weight": 3}, "c": {"name": "Train", "weight": 1}}

    found = difference(before, after)

    assert (found.added, found.removed, found.moved) == (["c"], ["a"], [])
    assert found.changed == {"b": [FieldChange("weight", 1, 3)]}
    assert found


def test_one_item_that_moves_is_one_that_moved() -> None:
    before = {key: {} for key in "abcde"}

    assert difference(before, {key: {} for key in "bcdea"}).moved == ["a"]
    assert difference(before, {key: {} for key in "eabcd"}).moved == ["e"]
    assert not difference(before, before)


@given(st.permutations("abcdef"))
def test_the_others_kept_their_order(order: list[str]) -> None:
    moved = difference({key: {} for key in "abcdef"}, {key: {} for key in order}).moved

    stayed = [key for key in order if key not in moved]
    assert stayed == sorted(stayed)
    assert stayed
