"""JSON, read strictly: what other parsers would guess about is refused with 400."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import IO, Any, NoReturn, Protocol

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ParseError, UnsupportedMediaType, ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer

from kam.core.api.problems import PayloadTooLarge

MAX_DEPTH = 20
MAX_DIGITS = 40


class Check(Protocol):
    def __call__(self, value: dict[str, Any], *, texts: bool) -> None: ...


class StrictJSONParser(BaseParser):
    """UTF-8 JSON objects. No NaN, no duplicate names, no NUL, no lone surrogates, no endless nesting or digits.

    Numbers with a fraction arrive as `Decimal`, so that `0.1` is exactly that.
    """

    media_type = "application/json"
    renderer_class = JSONRenderer

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: dict[str, Any] | None = None
    ) -> Any:
        check_charset(media_type or "")
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise PayloadTooLarge()
        return loads(body, self.check)

    def check(self, value: dict[str, Any], *, texts: bool) -> None:
        check_values(value, texts=texts)


def check_charset(media_type: str) -> None:
    for parameter in media_type.split(";")[1:]:
        name, _equals, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in {"utf-8", "utf8"}:
            raise UnsupportedMediaType(media_type)


def loads(body: bytes, check: Check | None = None) -> dict[str, Any]:
    """The JSON object in `body`; raises `ParseError` or `ValidationError`."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ParseError(_("The body is not valid UTF-8.")) from error
    try:
        value = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_int=_integer,
            parse_float=_decimal,
            object_pairs_hook=_object,
        )
    except RecursionError as error:
        raise ParseError(_("The JSON is nested too deeply.")) from error
    except ValueError as error:
        raise ParseError(_("The body is not valid JSON: %(error)s") % {"error": error}) from error
    if not isinstance(value, dict):
        raise ParseError(_("The body must be a JSON object."))
    # Only a text with an escape can hold what UTF-8 itself cannot.
    (check or check_values)(value, texts="\\u" in text)
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ParseError(_("“%(name)s” is not a JSON number.") % {"name": name})


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise ParseError(_("A number has too many digits."))
    return int(digits)


def _decimal(digits: str) -> Decimal:
    try:
        number = Decimal(digits)
    except InvalidOperation:  # an exponent without end
        number = None
    if number is None or len(digits) > MAX_DIGITS or abs(number.adjusted()) > MAX_DIGITS:
        raise ParseError(_("A number has too many digits."))
    return number


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for name, _value in pairs:
            if name in seen:
                raise ParseError(_("The name “%(name)s” occurs twice.") % {"name": name[:100]})
            seen.add(name)
    return result


def check_values(value: dict[str, Any], *, texts: bool) -> None:
    """Refuse nesting beyond `MAX_DEPTH` and, with `texts`, strings that no database stores."""
    waiting: list[tuple[Any, tuple[str, ...]]] = [(value, ())]
    while waiting:
        container, path = waiting.pop()
        if len(path) >= MAX_DEPTH:
            raise ParseError(_("The JSON is nested too deeply."))
        pairs = container.items() if isinstance(container, dict) else enumerate(container)
        for key, item in pairs:
            if isinstance(item, dict | list):
                waiting.append((item, (*path, str(key))))
            elif texts and isinstance(item, str):
                _check_text(item, (*path, str(key)))
            if texts and isinstance(key, str):
                _check_text(key, path)


def _check_text(text: str, path: tuple[str, ...]) -> None:
    if "\x00" in text:
        code, message = "null_characters_not_allowed", _("Null characters are not allowed.")
    elif any("\ud800" <= char <= "\udfff" for char in text):
        code, message = "surrogate_characters_not_allowed", _("Surrogate characters are not allowed.")
    else:
        return
    field = ".".join(path).encode("utf-8", "replace").decode().replace("\x00", "?")
    raise ValidationError(
        {field: [ErrorDetail(message, code=code)]} if field else [ErrorDetail(message, code=code)]
    )
