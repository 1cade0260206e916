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
        self._columns = [self._column(name, spec) for name, spec in mapping.fields.items()]
        self._needed = max([0, *(place + 1 for column in self._columns for place in column.places)])
        self._has_line = any(column.in_line for column in self._columns)
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
        convert = converter(
            model_field(self.mapping.kind, name), spec, source=spec.source or self.mapping.source
        )
        return Column(name, spec, places, convert)

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
        for column in self._columns:
            cell = cells[column.place] if column.place is not None else column.joined(cells)
            try:
                value = column.known[cell]
            except KeyError:
                value = column.convert(cell)
            if not column.in_line:
                row[column.target] = value
            elif value is not None:
                line[column.target] = value
        if self._has_line:
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
    """One field: where its cells are, how they are converted, and what is known of them."""

    def __init__(self, name: str, spec: FieldSpec, places: tuple[int, ...], convert: Convert) -> None:
        self.in_line = name.startswith(LINE)
        self.target = name.removeprefix(LINE)
        self.places = places
        self.place = places[0] if len(places) == 1 else None
        self.known: dict[Cell, Any] = {}
        self._glue = spec.glue
        self._empty = spec.formats.empty
        self._convert = convert
        if not places:
            self.known[""] = convert(spec.constant)

    def convert(self, cell: Cell) -> Any:
        if len(self.known) > REMEMBERED:
            self.known.clear()
        value = self.known[cell] = self._convert(cell)
        return value

    def joined(self, cells: Sequence[Cell]) -> str:
        """The cells of several columns as one; empty for a constant."""
        texts = (str(cells[place]).strip() for place in self.places)
        return self._glue.join(text for text in texts if text not in self._empty)


def converter(field: models.Field, spec: FieldSpec, *, source: str) -> Convert:
    """How the cells of one column become values: repairs first, then the form of the field."""
    form = _form(field, spec, source)

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


def _form(field: models.Field, spec: FieldSpec, source: str) -> Convert:
    if field.is_relation:
        one = _reference(spec.by, source)
        return _references(one, spec.split) if field.many_to_many else one
    if isinstance(field, models.DateField):
        return lambda value: read_date(value, spec.formats.dates)
    if isinstance(field, models.BooleanField):
        return lambda value: value
    if isinstance(field, models.IntegerField | ScaledIntegerField):
        is_percent = isinstance(field, PercentField)
        pattern = number_pattern(spec.formats)
        return lambda value: read_number(value, spec.formats, pattern, is_percent=is_percent)
    return lambda value: value.isoformat() if isinstance(value, date) else value


def _reference(by: str, source: str) -> Convert:
    named = {"source": source} if source and by == "external_id" else {}
    return lambda value: {by: str(value), **named}


def _references(one: Convert, split: str) -> Convert:
    return lambda value: [one(part.strip()) for part in str(value).split(split) if part.strip()]


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


def number_pattern(formats: Formats) -> re.Pattern[str]:
    decimal, thousands = re.escape(formats.decimal), re.escape(formats.thousands)
    grouped = rf"|[0-9]{{1,3}}(?:{thousands}[0-9]{{3}})+" if thousands else ""
    return re.compile(rf"[+-]?(?:[0-9]+{grouped})(?:{decimal}[0-9]*)?(?:[eE][+-]?[0-9]{{1,3}})?")


def read_number(value: Any, formats: Formats, pattern: re.Pattern[str], *, is_percent: bool) -> Any:
    """A number as text, with a point and without groups: the field itself reads and checks it."""
    if not isinstance(value, str):
        return value
    text = value.removesuffix("%").strip() if is_percent else value
    if not pattern.fullmatch(text):
        raise ValidationError(_("“%(value)s” is no number here."), "invalid", {"value": value[:50]})
    if formats.thousands:
        text = text.replace(formats.thousands, "")
    return text.replace(formats.decimal, ".")
