"""From the cells of a row to the fields of a record, as a mapping says.

A column repeats itself, so each distinct cell is converted once. What cannot be converted becomes a
`ValidationError` in its place, which the bulk write reports with all other errors of the row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from crm.importing.mapping import ELSE, LINE, FieldSpec, Formats, Mapping, MappingError, model_field
from crm.importing.readers import LONGEST_CELL, Cell
from kam.core.fields import PercentField, ScaledIntegerField

Convert = Callable[[Cell], Any]
REMEMBERED = 20_000  # distinct cells of a column


class RowReader:
    """Reads rows of one file by one mapping. Raises `MappingError` for columns that are not there."""

    def __init__(self, mapping: Mapping, header: Sequence[str]) -> None:
        self.mapping = mapping
        self.header = list(header)
        self._skips = [(self._place(rule.column, "skip_when"), rule) for rule in mapping.skip_when]
        self._fields = [self._column(name, spec) for name, spec in mapping.fields.items()]
        self._needed = max([0, *(place + 1 for column in self._fields for place in column.places)])
        if not mapping.fields:
            raise MappingError(_("fields: name at least one field."))

    def _place(self, column: str, where: str) -> int:
        found = [place for place, name in enumerate(self.header) if name == column]
        if len(found) == 1:
            return found[0]
        if found:
            message = _("%(where)s: several columns of the file are called “%(column)s”.")
            raise MappingError(message % {"where": where, "column": column})
        message = _("%(where)s: the file has no column “%(column)s”; it has %(known)s.")
        known = ", ".join(name for name in self.header if name)
        raise MappingError(message % {"where": where, "column": column, "known": known})

    def _column(self, name: str, spec: FieldSpec) -> Column:
        places = tuple(self._place(column, f"fields.{name}") for column in spec.columns)
        return Column(name, spec, places, converter(model_field(self.mapping.kind, name), spec))

    def skips(self, cells: Sequence[Cell]) -> bool:
        for place, rule in self._skips:
            text = str(cells[place]).strip() if place < len(cells) else ""
            if (text in rule.values) != rule.is_not:
                return True
        return False

    def read(self, cells: list[Cell]) -> dict[str, Any]:
        """The row as the bulk write takes it."""
        if len(cells) < self._needed:
            cells = [*cells, *[""] * (self._needed - len(cells))]
        row: dict[str, Any] = {}
        line: dict[str, Any] = {}
        for column in self._fields:
            value = column.read(cells)
            if column.in_line:
                if value is not None:
                    line[column.target] = value
            else:
                row[column.target] = value
        if line or any(column.in_line for column in self._fields):
            row["lines"] = [line] if line else []
        return row

    def columns_of(self, field: str) -> tuple[str, ...]:
        """The columns of the file behind a field that an error names; none for constants and what is not mapped."""
        parts = field.split(".")
        name = f"{LINE}{parts[2]}" if parts[0] == "lines" and len(parts) > 2 else parts[0]
        spec = self.mapping.fields.get(name)
        return spec.columns if spec else ()

    def shown(self, columns: Sequence[str], cells: Sequence[Cell]) -> str:
        """What the file has in these columns."""
        places = [self.header.index(column) for column in columns]
        return " | ".join(str(cells[place]) for place in places if place < len(cells))


class Column:
    """One field: where its cells are and how they are converted."""

    def __init__(self, name: str, spec: FieldSpec, places: tuple[int, ...], convert: Convert) -> None:
        self.in_line = name.startswith(LINE)
        self.target = name.removeprefix(LINE)
        self.places = places
        self._glue = spec.glue
        self._empty = spec.formats.empty
        self._convert = convert
        self._known: dict[Cell, Any] = {}
        self._constant = convert(spec.constant) if not places else None

    def read(self, cells: Sequence[Cell]) -> Any:
        if not self.places:
            return self._constant
        cell = cells[self.places[0]] if len(self.places) == 1 else self._joined(cells)
        try:
            return self._known[cell]
        except KeyError:
            if len(self._known) > REMEMBERED:
                self._known.clear()
            value = self._known[cell] = self._convert(cell)
            return value

    def _joined(self, cells: Sequence[Cell]) -> str:
        texts = (str(cells[place]).strip() for place in self.places)
        return self._glue.join(text for text in texts if text not in self._empty)


def converter(field: models.Field, spec: FieldSpec) -> Convert:
    """How the cells of one column become values: repairs first, then the form of the field."""
    form = _form(field, spec)

    def convert(cell: Any) -> Any:
        value: Any = cell.strip() if isinstance(cell, str) else cell
        if isinstance(value, str) and len(value) > LONGEST_CELL:
            return ValidationError(_("This cell is too long."), "too_long")
        if isinstance(value, str) and spec.values:
            value = spec.values.get(value, spec.values.get(ELSE, value))
        if value is None or (isinstance(value, str) and value in spec.formats.empty):
            value = spec.default
        if value is None:
            return [] if field.many_to_many else None
        try:
            return form(value)
        except ValidationError as error:
            return error

    return convert


def _form(field: models.Field, spec: FieldSpec) -> Convert:
    if field.is_relation:
        return _references(spec) if field.many_to_many else _reference(spec)
    if isinstance(field, models.DateField):
        return lambda value: read_date(value, spec.formats.dates)
    if isinstance(field, models.BooleanField):
        return lambda value: value
    if isinstance(field, models.IntegerField | ScaledIntegerField):
        is_percent = isinstance(field, PercentField)
        return lambda value: read_number(value, spec.formats, is_percent=is_percent)
    return lambda value: value.isoformat() if isinstance(value, date) else value


def _reference(spec: FieldSpec) -> Convert:
    def convert(value: Any) -> dict[str, str]:
        reference = {spec.by: str(value)}
        if spec.source and spec.by == "external_id":
            reference["source"] = spec.source
        return reference

    return convert


def _references(spec: FieldSpec) -> Convert:
    one = _reference(spec)
    return lambda value: [one(part.strip()) for part in str(value).split(spec.split) if part.strip()]


def read_date(value: Any, formats: Sequence[str]) -> date:
    if isinstance(value, date):
        return value
    for text in formats:
        try:
            return datetime.strptime(str(value), text).date()  # noqa: DTZ007 -- a calendar date has no zone
        except ValueError:
            continue
    message = _("“%(value)s” is no date of the form %(formats)s.")
    params = {"value": str(value)[:50], "formats": _(" or ").join(_readable(text) for text in formats)}
    raise ValidationError(message, "invalid_date", params)


def _readable(text: str) -> str:
    for directive, letters in (("%d", "DD"), ("%m", "MM"), ("%Y", "YYYY"), ("%y", "YY")):
        text = text.replace(directive, letters)
    return text


def read_number(value: Any, formats: Formats, *, is_percent: bool = False) -> Any:
    """A number as text, with a point and without groups: the field itself reads and checks it."""
    if not isinstance(value, str):
        return value
    text = value.removesuffix("%").strip() if is_percent else value
    decimal, thousands = re.escape(formats.decimal), re.escape(formats.thousands)
    grouped = rf"|[0-9]{{1,3}}(?:{thousands}[0-9]{{3}})+" if thousands else ""
    if not re.fullmatch(rf"[+-]?(?:[0-9]+{grouped})(?:{decimal}[0-9]*)?(?:[eE][+-]?[0-9]{{1,3}})?", text):
        raise ValidationError(_("“%(value)s” is no number here."), "invalid", {"value": value[:50]})
    if formats.thousands:
        text = text.replace(formats.thousands, "")
    return text.replace(formats.decimal, ".")
