"""The change log in words."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.utils import timezone

from kam.core.history import readable
from kam.core.models import Change


def change(**values: object) -> Change:
    start = {
        "model": "plans.accountplan",
        "object_id": uuid4(),
        "object_name": "Harbour",
        "operation": "update",
        "actor_name": "Nina Vale",
        "source": "page",
    }
    return Change(**{**start, **values})


def details(
    before: dict[str, object], after: dict[str, object], **options: object
) -> list[tuple[str, str, str]]:
    entry = change(before=before, after=after)
    told = readable([entry], page_of=entry.object_id, names={}, **options)  # type: ignore[arg-type]
    return [(detail.label, detail.before, detail.after) for one in told for detail in one.details]


@pytest.mark.parametrize(
    ("field", "before", "after", "told"),
    [
        ("status", "draft", "active", ("Status", "Draft", "Active")),
        ("start_date", "2027-01-01", None, ("Start date", "Jan. 1, 2027", "–")),
        ("sales_target", None, "90.950", ("Sales target", "–", "€90.95")),
        ("is_confidential", False, True, ("Is confidential", "no", "yes")),
        ("name", "Old", "New", ("Name", "Old", "New")),
        ("vision", "Short", "Long " * 20, ("Vision", "", "")),
        ("owner", "1" * 32, "2" * 32, ("Owner", "", "")),
    ],
)
def test_values_are_told_as_people_read_them(
    field: str, before: object, after: object, told: tuple[str, str, str]
) -> None:
    assert details({field: before}, {field: after}, currency="EUR") == [told]


def test_instants_are_told_in_the_readers_time_zone() -> None:
    entry = change(model="plans.assessmenttask", before={"completed_at": None})
    entry.after = {"completed_at": "2026-10-22T23:30:00+00:00"}

    with timezone.override("Europe/Berlin"):
        told = readable([entry], page_of=entry.object_id, names={})

    assert told[0].details[0].after == "Oct. 23, 2026, 1:30 a.m."


def test_fields_come_in_the_order_of_the_model_and_old_ones_are_passed_over() -> None:
    after = {"vision": "B", "gone": 2, "sales_target": "2.000", "name": "B"}
    before = {"vision": "A", "gone": 1, "sales_target": "1.000", "name": "A"}

    assert [label for label, *_values in details(before, after)] == ["Name", "Sales target", "Vision"]


def test_entry_about_hidden_fields_alone_is_not_told() -> None:
    entry = change(before={"sales_target": "1.000"}, after={"sales_target": "2.000"})

    assert readable([entry], page_of=entry.object_id, names={}, hidden=("sales_target",)) == []


def test_headline_names_what_is_not_the_page_itself() -> None:
    own = change(before={"name": "A"}, after={"name": "B"})
    other = change(
        model="plans.accountplanobjective", operation="create", object_name="Six wards", source="import"
    )

    told = readable([own, other], page_of=own.object_id, names={})

    assert [entry.what for entry in told] == ["changed the account plan", "added the objective “Six wards”"]
    assert [entry.source for entry in told] == ["", "by import"]


def test_unknown_actor_is_the_system() -> None:
    entry = change(actor_name="", before={"name": "A"}, after={"name": "B"})

    assert readable([entry], page_of=entry.object_id, names={})[0].who == "The system"
