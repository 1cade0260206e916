"""Mapping files: which column of a file is which field, and how its values are read.

`docs/importing.md` is the reference. A mapping is checked as a whole before any row is read; what is
wrong is said with the place in the mapping.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from crm.bulk import KINDS, Kind
from crm.bulk.references import keys_of
from crm.importing.readers import FileFormat

LINE = "line."  # what a file says of the one line of an opportunity
ELSE = "*"  # in `values`: every other value
TOP_OPTIONS = {"kind", "source", "file", "formats", "fields", "skip_when", "repeated"}
FILE_OPTIONS = {"encoding", "delimiter", "sheet", "header_row"}
FORMAT_OPTIONS = {"dates", "decimal", "thousands", "empty"}
FIELD_OPTIONS = {
    "column",
    "join",
    "with",
    "constant",
    "values",
    "default",
    "by",
    "source",
    "split",
    "dates",
    "decimal",
    "thousands",
}
SKIP_OPTIONS = {"column", "is", "is_not", "empty"}
# How a file names a record, unless the mapping says otherwise; the first that the model knows.
USUAL_KEYS = ("username", "code", "external_id", "name")
BY_NAME = {"stage", "activitytype", "picklistvalue"}


class MappingError(Exception):
    """The mapping is wrong; the message says where."""


@dataclass(frozen=True)
class Formats:
    dates: tuple[str, ...] = ("%Y-%m-%d",)
    decimal: str = "."
    thousands: str = ""
    empty: frozenset[str] = frozenset({""})


@dataclass(frozen=True)
class FieldSpec:
    """Where one field comes from."""

    columns: tuple[str, ...] = ()
    glue: str = " "
    constant: Any = None
    values: AnyMapping[str, Any] = field(default_factory=dict)
    default: Any = None
    by: str = ""
    source: str = ""
    split: str = ""
    formats: Formats = field(default_factory=Formats)


@dataclass(frozen=True)
class SkipRule:
    """Rows to leave out without a word: where a column has, or has not, one of these values."""

    column: str
    values: frozenset[str]
    is_not: bool = False


@dataclass(frozen=True)
class Mapping:
    kind: Kind
    fields: AnyMapping[str, FieldSpec]
    source: str = ""
    file_format: FileFormat = field(default_factory=FileFormat)
    formats: Formats = field(default_factory=Formats)
    skip_when: tuple[SkipRule, ...] = ()
    merges_repeated: bool = False


def model_field(kind: Kind, name: str) -> models.Field:
    """The model's field behind the name of a mapping; `KeyError` for what is none."""
    if name.startswith(LINE) and kind.children:
        inner = name.removeprefix(LINE)
        if inner in kind.children.fields:
            return kind.children.model._meta.get_field(inner)  # type: ignore[return-value]
    elif name in kind.allowed and not (kind.children and name == kind.children.name):
        return kind.model._meta.get_field(name)  # type: ignore[return-value]
    raise KeyError(name)


def field_names(kind: Kind) -> list[str]:
    nested = [f"{LINE}{name}" for name in kind.children.fields] if kind.children else []
    own = kind.allowed - ({kind.children.name} if kind.children else set())
    return sorted(own) + nested


def usual_key(model: type[models.Model]) -> str:
    if model._meta.model_name in BY_NAME:
        return "name"
    return next(key for key in USUAL_KEYS if key in keys_of(model))


# --- From a file ----------------------------------------------------------------------------
def load_mapping(path: Path, *, kind: str, source: str = "") -> Mapping:
    """Read and check a mapping file, TOML or JSON. Raises `MappingError`."""
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as error:
        raise MappingError(_("The mapping cannot be read: %(error)s.") % {"error": error}) from error
    except (ValueError, RecursionError) as error:
        kind_of_file = "JSON" if path.suffix.lower() == ".json" else "TOML"
        message = _("The mapping is no valid %(kind)s: %(error)s.")
        raise MappingError(message % {"kind": kind_of_file, "error": error}) from error
    return read_mapping(data, kind=kind, source=source)


def read_mapping(data: Any, *, kind: str, source: str = "") -> Mapping:
    options = _options(data, TOP_OPTIONS, "")
    if options.get("kind", kind) != kind:
        message = _("kind: this mapping is for “%(kind)s”.")
        raise MappingError(message % {"kind": options["kind"]})
    formats = _formats(options.get("formats", {}), Formats(), "formats.")
    found = KINDS[kind]
    specs = _options(options.get("fields", {}), None, "fields")
    return Mapping(
        kind=found,
        fields={name: _field(found, name, spec, formats) for name, spec in specs.items()},
        source=source or _text(options, "source", ""),
        file_format=_file_format(options.get("file", {})),
        formats=formats,
        skip_when=tuple(_skip_rules(options.get("skip_when", []), formats)),
        merges_repeated=_choice(options, "repeated", ("refuse", "merge"), "refuse") == "merge",
    )


def _options(data: Any, known: set[str] | None, place: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise MappingError(_("%(place)s: give a table of options.") % {"place": place or _("The mapping")})
    for name in data:
        if known is not None and name not in known:
            message = _("%(place)s: there is no such option; the options are %(known)s.")
            full = f"{place.rstrip('.')}.{name}" if place else name
            raise MappingError(message % {"place": full, "known": ", ".join(sorted(known))})
    return data


def _text(options: dict[str, Any], name: str, place: str, default: str = "") -> str:
    value = options.get(name, default)
    if not isinstance(value, str):
        raise MappingError(_("%(place)s: give a text.") % {"place": f"{place}{name}"})
    return value


def _texts(options: dict[str, Any], name: str, place: str, default: Sequence[str]) -> tuple[str, ...]:
    value = options.get(name, default)
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise MappingError(_("%(place)s: give a text or a list of texts.") % {"place": f"{place}{name}"})
    return tuple(texts)


def _choice(options: dict[str, Any], name: str, choices: Sequence[str], default: str) -> str:
    value = options.get(name, default)
    if value not in choices:
        message = _("%(place)s: give one of %(choices)s.")
        raise MappingError(message % {"place": name, "choices": ", ".join(choices)})
    return value


def _file_format(data: Any) -> FileFormat:
    options = _options(data, FILE_OPTIONS, "file.")
    header_row = options.get("header_row", 1)
    if type(header_row) is not int or not 1 <= header_row <= 1_000:
        raise MappingError(_("file.header_row: give the number of a row."))
    delimiter, encoding = _text(options, "delimiter", "file."), _text(options, "encoding", "file.")
    if len(delimiter) > 1 or delimiter in {'"', "\n", "\r"}:
        raise MappingError(_("file.delimiter: give one character."))
    try:
        "".encode(encoding or "utf-8")
    except LookupError as error:
        raise MappingError(_("file.encoding: “%(name)s” is no encoding.") % {"name": encoding}) from error
    return FileFormat(encoding, delimiter, _text(options, "sheet", "file."), header_row)


def _formats(data: Any, default: Formats, place: str) -> Formats:
    options = {name: data[name] for name in _options(data, FORMAT_OPTIONS, place)}
    dates = _texts(options, "dates", place, default.dates)
    for text in dates:
        if not {"%d", "%m"} <= set(_directives(text)) or not {"%y", "%Y"} & set(_directives(text)):
            message = _("%(place)s: “%(value)s” is no date format; %%d-%%m-%%Y is one.")
            raise MappingError(message % {"place": f"{place}dates", "value": text})
    decimal = _text(options, "decimal", place, default.decimal)
    thousands = _text(options, "thousands", place, default.thousands)
    if len(decimal) != 1 or len(thousands) > 1 or decimal == thousands or (decimal + thousands).isalnum():
        raise MappingError(
            _("%(place)s: the decimal mark and the thousands mark are two signs.") % {"place": place}
        )
    empty = frozenset({"", *(text.strip() for text in _texts(options, "empty", place, tuple(default.empty)))})
    return Formats(dates, decimal, thousands, empty)


def _directives(text: str) -> list[str]:
    return [text[at : at + 2] for at in range(len(text)) if text[at] == "%"]


def _field(kind: Kind, name: str, data: Any, formats: Formats) -> FieldSpec:
    place = f"fields.{name}."
    try:
        target = model_field(kind, name)
    except KeyError as error:
        known = ", ".join(field_names(kind))
        message = _("fields.%(name)s: %(kind)s have no such field; they have %(known)s.")
        raise MappingError(message % {"name": name, "kind": kind.name, "known": known}) from error
    if isinstance(data, str):
        data = {"column": data}
    options = _options(data, FIELD_OPTIONS, place)
    origins = {"column", "join", "constant"} & options.keys()
    if len(origins) != 1:
        raise MappingError(
            _("%(place)s give one of column, join and constant.") % {"place": f"{place[:-1]}:"}
        )
    own_formats = {option: options[option] for option in FORMAT_OPTIONS & options.keys()}
    return FieldSpec(
        columns=_columns(options, place),
        glue=_text(options, "with", place, " "),
        constant=_scalar(options.get("constant"), f"{place}constant"),
        values=_values(options.get("values", {}), f"{place}values"),
        default=_scalar(options.get("default"), f"{place}default"),
        by=_key(target, options, place),
        source=_text(options, "source", place),
        split=_text(options, "split", place, ";"),
        formats=_formats(own_formats, formats, place),
    )


def _columns(options: dict[str, Any], place: str) -> tuple[str, ...]:
    if "constant" in options:
        return ()
    if "column" in options:
        return (_text(options, "column", place),)
    return _texts(options, "join", place, ())


def _scalar(value: Any, place: str) -> Any:
    if isinstance(value, date):
        return value
    if value is not None and not isinstance(value, str | int | float | bool):
        raise MappingError(_("%(place)s: give a text, a number, true or false.") % {"place": place})
    return value


def _values(data: Any, place: str) -> dict[str, Any]:
    return {
        name.strip(): _scalar(value, f"{place}.{name}") for name, value in _options(data, None, place).items()
    }


def _key(target: models.Field, options: dict[str, Any], place: str) -> str:
    model = target.related_model
    if model is None:
        if unfit := {"by", "source", "split"} & options.keys():
            message = _("%(place)s: only references to other records have this option.")
            raise MappingError(message % {"place": f"{place}{min(unfit)}"})
        return ""
    key = _text(options, "by", place, usual_key(model))  # type: ignore[arg-type]
    known = keys_of(model)  # type: ignore[arg-type]
    if key not in known:
        message = _("%(place)sby: give one of %(known)s.")
        raise MappingError(message % {"place": place, "known": ", ".join(sorted(known))})
    return key


def _skip_rules(data: Any, formats: Formats) -> list[SkipRule]:
    if not isinstance(data, list):
        raise MappingError(_("skip_when: give a list of rules."))
    rules = []
    for number, entry in enumerate(data):
        place = f"skip_when.{number}."
        options = _options(entry, SKIP_OPTIONS, place)
        tests = {"is", "is_not", "empty"} & options.keys()
        if (
            "column" not in options
            or len(tests) != 1
            or ("empty" in tests and type(options["empty"]) is not bool)
        ):
            message = _("%(place)s give a column and one of is, is_not and empty (true or false).")
            raise MappingError(message % {"place": f"{place[:-1]}:"})
        test = tests.pop()
        values = formats.empty if test == "empty" else frozenset(_texts(options, test, place, ()))
        is_not = test == "is_not" or (test == "empty" and not options["empty"])
        rules.append(SkipRule(_text(options, "column", place), values, is_not))
    return rules


# --- From a header --------------------------------------------------------------------------
def mapping_for_header(header: Sequence[str], *, kind: str, source: str = "") -> Mapping:
    """For a file whose columns are called like our fields, references as `account.external_id`."""
    found = KINDS[kind]
    specs = {}
    for column in header:
        if not column:
            continue
        name, _dot, key = column.rpartition(".")
        is_reference = bool(name) and name in field_names(found) and model_field(found, name).is_relation
        target = name if is_reference else column
        if target in specs:
            raise MappingError(_("Two columns are called “%(name)s”.") % {"name": target})
        specs[target] = _field(
            found, target, {"column": column} | ({"by": key} if is_reference else {}), Formats()
        )
    return Mapping(kind=found, fields=specs, source=source)
