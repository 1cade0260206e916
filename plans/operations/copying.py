"""Deep copy of a plan to another account or territory, another period, or both (domain.md, *Deep copy*).

Each table is read in one statement and written in one, however large the plan is. What a plan holds is
told in `parts`.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import Value
from django.utils import timezone

from crm.bulk.log import Log
from crm.bulk.writing import insert_rows
from crm.models import Account, Territory
from kam.core.actor import current_actor
from kam.users.models import User
from plans.enums import PlanStatus
from plans.models import AccountPlanParticipant, Plan
from plans.operations.parts import Part, Table, check_parts, parts
from templates_app.enums import FieldKind

WHY = "parts of a plan that was loaded through the gate"
USING = "default"
ASKED_AT_ONCE = 100  # SQLite takes at most 500 queries in one UNION
# What the new plan does not take over from the old one.
NOT_TAKEN_OVER = frozenset({"id", "version", "created_at", "created_by", "updated_at", "updated_by"})


@dataclass(frozen=True)
class CopyRequest:
    """`subject` is what the new plan is for: a plan of an account stays one, and so does a territory's."""

    name: str
    subject: Account | Territory
    start_date: date
    end_date: date
    owner: User
    include: Collection[str]


@dataclass
class PlanCopy:
    """What was made: `plan`, the number of rows by part, and whose work fell to the new plan's owner."""

    plan: Plan
    shift: timedelta
    counts: dict[str, int]
    replaced: list[User]


class DryRun(Exception):
    """No error: takes everything back."""

    def __init__(self, copy: PlanCopy) -> None:
        self.copy = copy


def preview_copy(source: Plan, request: CopyRequest) -> PlanCopy:
    """What `copy_plan` would make. Nothing of it stays."""
    try:
        with transaction.atomic():
            raise DryRun(copy_plan(source, request))
    except DryRun as done:
        return done.copy


@transaction.atomic
def copy_plan(source: Plan, request: CopyRequest) -> PlanCopy:
    """Make a draft with the chosen parts of `source`; dates shift by the difference of the start dates.

    Raises `ValidationError` by field for what the new plan cannot be.
    """
    check_parts(request.include)
    plan = _new_frame(source, request)
    plan.full_clean()
    plan.save()
    run = _Run(source, plan, request)
    for part in parts():
        if part.name in request.include:
            run.read(part)
    run.hand_over()
    run.write()
    return PlanCopy(plan, run.shift, run.counts, run.replaced)


def _new_frame(source: Plan, request: CopyRequest) -> Plan:
    """The plan itself: its texts and settings stay, what belongs to the period or the subject starts fresh."""
    values = {
        column.attname: getattr(source, column.attname)
        for column in Plan._meta.concrete_fields
        if column.name not in NOT_TAKEN_OVER
    }
    values |= {
        "name": request.name,
        source.subject_field: request.subject,
        "start_date": request.start_date,
        "end_date": request.end_date,
        "owner": request.owner,
        "status": PlanStatus.DRAFT,
        "copied_from": source,
        "parent_plan": None,
        "short_term_plan": "",
    }
    for name in (source.subject_field, "owner", "copied_from", "parent_plan"):
        del values[f"{name}_id"]
    if "targets" not in request.include:
        values |= {"sales_target": None, "stretch_target": None, "custom_values": _without_amounts(source)}
    return type(source)(**values)


def _without_amounts(source: Plan) -> dict[str, Any]:
    """Amounts come with the targets: who may not see them on the source must not find them in a copy."""
    kinds = dict(source.plan_type.custom_fields.values_list("key", "kind"))
    return {key: value for key, value in source.custom_values.items() if kinds.get(key) != FieldKind.MONEY}


class _Run:
    """One copy: rows are collected table by table, handed over to who works on them, then written together."""

    def __init__(self, source: Plan, plan: Plan, request: CopyRequest) -> None:
        self.source = source
        self.plan = plan
        self.owner = request.owner
        self.shift = request.start_date - source.start_date
        self.counts: dict[str, int] = {}
        self.replaced: list[User] = []
        self.tables: list[tuple[Table, list[Any]]] = []
        self.relations: list[tuple[type[models.Model], str, list[tuple[Any, Any]]]] = []
        # Key of the old row → the new row, by model.
        self.made: dict[Any, dict[Any, Any]] = {Plan: {source.pk: plan}}
        actor = current_actor().user
        actor_id = actor.pk if actor else None
        self.stamp = {"version": 1, "created_by_id": actor_id, "updated_by_id": actor_id}
        self.now = timezone.now()

    # --- Reading ------------------------------------------------------------------------------
    def read(self, part: Part) -> None:
        self.counts[part.name] = 0
        for table in part.tables:
            rows = self._rows(table)
            self.counts[part.name] += len(rows)
            self.tables.append((table, rows))
            for name in table.relations:
                self._read_relation(table, name)

    def _rows(self, table: Table) -> list[Any]:
        model: Any = table.model
        found = model.objects.unscoped(WHY).filter(**{table.plan_path: self.source.pk})
        left_out = table.left_out(self.owner)
        if left_out is not None:
            found = found.exclude(left_out)
        names = [column.attname for column in model._meta.concrete_fields]
        made = self.made.setdefault(model, {})
        parents = self.made.get(table.target_of(table.parent), {})
        fit = table.fitting(self.source, self.plan)
        links = []
        for stored in found.values_list(*names):
            values = dict(zip(names, stored, strict=True))
            parent = parents.get(values[table.parent])
            needed = self._needed(table, values)
            if parent is None or None in needed.values() or not fit(values):
                continue
            old = values.pop("id")
            links.append([values[name] for name in table.links])
            made[old] = row = self._new_row(table, values, parent)
            for name, target in needed.items():
                setattr(row, name.removesuffix("_id"), target)
        for row, olds in zip(made.values(), links, strict=True):
            for name, key in zip(table.links, olds, strict=True):
                target = self.made.get(table.target_of(name), {}).get(key)
                setattr(row, name, target.pk if target else None)
        return list(made.values())

    def _needed(self, table: Table, values: dict[str, Any]) -> dict[str, Any]:
        """The new rows that the row cannot be without, None for one that was not copied."""
        return {name: self.made.get(table.target_of(name), {}).get(values[name]) for name in table.needed}

    def _new_row(self, table: Table, values: dict[str, Any], parent: Any) -> Any:
        for name in table.shifted:
            if values[name] is not None:
                values[name] += self.shift
        # Rows of the same place are sorted by when they were made: as they are read here.
        self.now += timedelta(microseconds=1)
        values["created_at"] = values["updated_at"] = self.now
        row = table.model(**{**values, **self.stamp, **table.fresh})
        setattr(row, table.parent.removesuffix("_id"), parent)
        return row

    def _read_relation(self, table: Table, name: str) -> None:
        relation: Any = table.model._meta.get_field(name)
        near, far = relation.m2m_field_name(), relation.m2m_reverse_field_name()
        pairs = relation.remote_field.through._base_manager.filter(
            **{f"{near}__{table.plan_path}": self.source.pk}
        ).values_list(f"{near}_id", f"{far}_id")
        ones, others = self.made[table.model], self.made.get(relation.related_model, {})
        new = [(ones[one], others[other]) for one, other in pairs if one in ones and other in others]
        self.relations.append((table.model, name, new))

    # --- People -------------------------------------------------------------------------------
    def hand_over(self) -> None:
        """Whoever left, or does not see the new plan, is followed by its owner."""
        places = [(row, name) for table, rows in self.tables for name in table.people for row in rows]
        named = {getattr(row, name) for row, name in places} - {None, self.owner.pk}
        users = User.objects.unscoped(WHY).in_bulk(named) if named else {}
        staying = self._readers([user for user in users.values() if user.is_active])
        self.replaced = sorted((user for pk, user in users.items() if pk not in staying), key=str)
        for row, name in places:
            if getattr(row, name) not in staying and getattr(row, name) is not None:
                setattr(row, name, self.owner.pk)

    def _readers(self, users: list[User]) -> set[Any]:
        """Those who will see the new plan: who takes part in it, and who does without; one statement for all."""
        colleagues = {row.user_id for row in self.made.get(AccountPlanParticipant, {}).values()}
        asked = [
            Plan.objects.visible_to(user)
            .order_by()
            .filter(pk=self.plan.pk)
            .values_list(Value(str(user.pk), output_field=models.CharField()))
            for user in users
            if user.pk not in colleagues
        ]
        found = {user.pk for user in users if user.pk in colleagues}
        for start in range(0, len(asked), ASKED_AT_ONCE):
            first, *others = asked[start : start + ASKED_AT_ONCE]
            rows = first.union(*others, all=True) if others else first
            found |= {uuid.UUID(key) for (key,) in rows}
        return found

    # --- Writing ------------------------------------------------------------------------------
    def write(self) -> None:
        log = Log()
        for table, rows in self.tables:
            self._name(table, rows)
            insert_rows(table.model, (row.__dict__ for row in rows), using=USING)
            log.created(rows)
        for model, name, pairs in self.relations:
            self._write_relation(log, model, name, pairs)
        log.write(using=USING)

    def _name(self, table: Table, rows: list[Any]) -> None:
        """Give the rows what their names are made of, so that none asks for it by itself."""
        for name in table.names:
            model: Any = table.target_of(name)
            unscoped = getattr(model.objects, "unscoped", None)
            wanted = {getattr(row, name) for row in rows} - {None}
            found = (unscoped(WHY) if unscoped else model.objects).in_bulk(wanted)
            for row in rows:
                setattr(row, name.removesuffix("_id"), found.get(getattr(row, name)))

    def _write_relation(
        self, log: Log, model: type[models.Model], name: str, pairs: list[tuple[Any, Any]]
    ) -> None:
        relation: Any = model._meta.get_field(name)
        near, far = f"{relation.m2m_field_name()}_id", f"{relation.m2m_reverse_field_name()}_id"
        through = relation.remote_field.through
        insert_rows(through, ({near: one.pk, far: other.pk} for one, other in pairs), using=USING)
        by_row: dict[Any, list[Any]] = {}
        for one, other in pairs:
            by_row.setdefault(one, []).append(other.pk)
        for one, keys in by_row.items():
            log.relinked(one, name, added=keys, removed=())
