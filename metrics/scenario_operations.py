"""Keeping what somebody imagines. Whatever hangs on a scenario raises the scenario's version, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from crm.models import Opportunity
from kam.core.changes import StaleObjectError, bump_version
from kam.users.models import User
from metrics.records import possible_records
from metrics.scenario_models import MOST_BLOCKS, MOST_CHANGES, BuildingBlock, Scenario, ScenarioChange
from metrics.scenarios import open_reader, openable
from plans.models import Plan

PART = "part of a scenario that was loaded through the gate"
CHANGE_FIELDS = ("date", "amount", "probability", "outcome")
BLOCK_FIELDS = ("name", "amount", "date", "probability", "product_category")


def locked(scenario: Scenario) -> Scenario:
    """The scenario as it stands, until the end of the transaction: its parts are changed one after the other."""
    rows = Scenario.objects.unscoped(PART).select_related("plan")
    if connection.features.has_select_for_update_of:
        rows = rows.select_for_update(of=("self",))
    return rows.get(pk=scenario.pk)


def countable(plan: Plan, deal_ids: Sequence[UUID]) -> set[UUID]:
    """Of these deals, the open ones that the plan counts, or would count on another day."""
    return {
        record.opportunity_id
        for record in possible_records(open_reader(plan), set(deal_ids))
        if record.opportunity_id
    }


# --- One deal, one block: the editor --------------------------------------------------------
@transaction.atomic
def keep_change(
    *, scenario: Scenario, deal: Opportunity, values: Mapping[str, Any], version: int
) -> list[ScenarioChange]:
    """Let the deal be so in the scenario; what is as it is in truth is no change. Returns all of its changes.

    `version` is that of the change the writer has seen, 0 if there was none; raises `StaleObjectError`.
    """
    bump_version(scenario, is_checked=False)  # first: its parts are changed one after the other
    changes = list(ScenarioChange.objects.unscoped(PART).filter(scenario=scenario))
    change = next((row for row in changes if row.opportunity_id == deal.pk), None)
    if (change.version if change else 0) != version:
        raise StaleObjectError(change or scenario)
    change = change or ScenarioChange(scenario=scenario, deal_name=deal.name)
    change.opportunity = deal
    as_is = {"date": deal.close_date, "amount": deal.amount, "probability": deal.probability}
    for name in CHANGE_FIELDS:
        value = values[name]
        setattr(change, name, None if name in as_is and value == as_is[name] else value)
    is_new, others = change._state.adding, [row for row in changes if row is not change]
    if change.is_nothing and not is_new:
        change.delete()
        return others
    if change.is_nothing or not (is_new or change.changed_fields()):
        transaction.set_rollback(True)  # nothing is otherwise: the scenario is what it was
        return changes
    if errors := _errors_of(change):
        raise ValidationError(errors)
    if is_new and len(changes) >= MOST_CHANGES:
        raise ValidationError(_("At most %(most)s changes a scenario.") % {"most": MOST_CHANGES})
    change.save()
    return [*changes, change] if is_new else changes


@transaction.atomic
def forget_change(*, scenario: Scenario, deal_id: UUID) -> None:
    """Let the deal be as it is."""
    scenario = locked(scenario)
    if ScenarioChange.objects.unscoped(PART).filter(scenario=scenario, opportunity=deal_id).delete()[0]:
        bump_version(scenario)


@transaction.atomic
def clear_changes(*, scenario: Scenario, ids: Sequence[UUID]) -> None:
    """Remove these changes, such as those that do not apply any more."""
    scenario = locked(scenario)
    if ScenarioChange.objects.unscoped(PART).filter(scenario=scenario, pk__in=ids).delete()[0]:
        bump_version(scenario)


@transaction.atomic
def keep_block(block: BuildingBlock) -> None:
    """Save a checked block; raises `StaleObjectError` if somebody saved it before."""
    scenario = locked(block.scenario)
    is_new = block._state.adding
    if is_new and BuildingBlock.objects.unscoped(PART).filter(scenario=scenario).count() >= MOST_BLOCKS:
        raise ValidationError(_("At most %(most)s building blocks a scenario.") % {"most": MOST_BLOCKS})
    if is_new or block.changed_fields():
        block.save()
        bump_version(scenario)


@transaction.atomic
def remove_block(block: BuildingBlock) -> None:
    scenario = locked(block.scenario)
    block.delete()
    bump_version(scenario)


# --- A whole scenario -----------------------------------------------------------------------
@transaction.atomic
def duplicate(scenario: Scenario, *, name: str, user: User) -> tuple[Scenario, int]:
    """A private copy, and how many changes stayed behind: those of deals that the user may not open."""
    copy = Scenario.objects.create(plan=scenario.plan, owner=user, name=name[:200], note=scenario.note)
    changes = list(ScenarioChange.objects.unscoped(PART).filter(scenario=scenario))
    seen = openable((change.opportunity_id for change in changes), user)
    kept = [change for change in changes if change.opportunity_id in seen]
    ScenarioChange.objects.bulk_create(
        ScenarioChange(
            scenario=copy,
            opportunity_id=change.opportunity_id,
            deal_name=change.deal_name,
            **{field: getattr(change, field) for field in CHANGE_FIELDS},
        )
        for change in kept
    )
    blocks = BuildingBlock.objects.unscoped(PART).filter(scenario=scenario).select_related("product_category")
    BuildingBlock.objects.bulk_create(
        BuildingBlock(scenario=copy, **{field: getattr(block, field) for field in BLOCK_FIELDS})
        for block in blocks
    )
    hidden = sum(change.opportunity_id is not None for change in changes) - len(kept)
    return copy, hidden


@transaction.atomic
def save_scenario(
    *,
    scenario: Scenario,
    user: User,
    changes: Sequence[Mapping[str, Any]] | None = None,
    blocks: Sequence[Mapping[str, Any]] | None = None,
) -> Scenario:
    """Save the checked scenario and, where given, bring its changes and blocks to these.

    A change of a deal that the user may not open stays as it is. Raises `ValidationError` with paths such
    as `changes.1.opportunity`.
    """
    is_new, version = scenario._state.adding, scenario.version
    scenario.save()
    is_changed = False
    if changes is not None:
        is_changed |= _bring_changes(scenario, changes, user)
    if blocks is not None:
        is_changed |= _bring_blocks(scenario, blocks)
    if is_changed and not is_new and scenario.version == version:
        bump_version(scenario)
    return scenario


def _bring_changes(scenario: Scenario, wanted: Sequence[Mapping[str, Any]], user: User) -> bool:
    stored = list(ScenarioChange.objects.unscoped(PART).filter(scenario=scenario))
    seen = openable((change.opportunity_id for change in stored), user)
    known = {change.opportunity_id: change for change in stored if change.opportunity_id in seen}
    gone = [change for change in stored if change.opportunity_id is None and scenario.owner_id == user.pk]
    deals = [row["opportunity"] for row in wanted]
    new = {deal.pk for deal in deals} - known.keys()
    fitting = countable(scenario.plan, list(new)) if new else set()
    errors: dict[str, Any] = {}
    rows, named = [], set()
    for place, values in enumerate(wanted):
        deal = values["opportunity"]
        row = known.get(deal.pk) or ScenarioChange(scenario=scenario, deal_name=deal.name)
        row.opportunity = deal
        _take(row, values, CHANGE_FIELDS)
        found = _errors_of(row)
        if deal.pk in new and deal.pk not in fitting:
            found["opportunity"] = _("This is no open deal of the plan.")
        if deal.pk in named:
            found["opportunity"] = _("The scenario changes this deal already.")
        named.add(deal.pk)
        errors |= {f"changes.{place}.{name}": error for name, error in found.items()}
        rows.append(row)
    if errors:
        raise ValidationError(errors)
    dropped = [change for pk, change in known.items() if pk not in named]
    return _store(ScenarioChange, rows, [*dropped, *gone])


def _bring_blocks(scenario: Scenario, wanted: Sequence[Mapping[str, Any]]) -> bool:
    """Blocks of the same name are the same, in their order."""
    rows = BuildingBlock.objects.unscoped(PART).filter(scenario=scenario)
    stored: dict[str, list[BuildingBlock]] = {}
    for block in rows:
        stored.setdefault(block.name, []).append(block)
    errors: dict[str, Any] = {}
    kept = []
    for place, values in enumerate(wanted):
        same = stored.get(values["name"])
        block = same.pop(0) if same else BuildingBlock(scenario=scenario)
        _take(block, values, BLOCK_FIELDS)
        errors |= {f"blocks.{place}.{name}": error for name, error in _errors_of(block).items()}
        kept.append(block)
    if errors:
        raise ValidationError(errors)
    return _store(BuildingBlock, kept, [block for blocks in stored.values() for block in blocks])


def _take(row: Any, values: Mapping[str, Any], fields: Sequence[str]) -> None:
    """What is not named has its default: the rows are taken as they are given."""
    for name in fields:
        setattr(row, name, values[name] if name in values else row._meta.get_field(name).get_default())


def _errors_of(row: Any) -> dict[str, Any]:
    """What is wrong with a row by itself, by field."""
    try:
        row.clean_fields(exclude={"scenario", "opportunity", "product_category", "created_by", "updated_by"})
        row.clean()
    except ValidationError as error:
        errors = error.update_error_dict({})
        return {("name" if name == NON_FIELD_ERRORS else name): found for name, found in errors.items()}
    return {}


def _store(model: Any, rows: Sequence[Any], dropped: Sequence[Any]) -> bool:
    """Write what differs, in a fixed number of statements; returns whether anything did."""
    objects = model.objects.unscoped(PART)
    if dropped:
        objects.filter(pk__in=[row.pk for row in dropped]).delete()
    new = [row for row in rows if row._state.adding]
    changed = [row for row in rows if not row._state.adding and row.changed_fields()]
    objects.bulk_create(new)
    fields = CHANGE_FIELDS if model is ScenarioChange else BLOCK_FIELDS
    if changed:
        objects.bulk_update(changed, fields)
    return bool(dropped or new or changed)
