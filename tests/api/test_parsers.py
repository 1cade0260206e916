from __future__ import annotations

from decimal import Decimal
from io import BytesIO

import pytest
from rest_framework.exceptions import ParseError, UnsupportedMediaType, ValidationError

from kam.core.api import parsers
from kam.core.api.problems import PayloadTooLarge


def test_loads_reads_fractions_exactly() -> None:
    assert parsers.loads(b'{"a": 0.1, "b": [1, -2], "c": null}') == {
        "a": Decimal("0.1"),
        "b": [1, -2],
        "c": None,
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"{",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b'{"a": "\xff"}',
        b'\xef\xbb\xbf{"a": 1}',
        b'{"a": 1' + b"0" * 400 + b"}",
        b'{"a": 1e400}',
        b'{"a": 1e-400}',
        b'{"a": 1e99999999999999999999}',
        b'{"a": 0.' + b"1" * 100 + b"}",
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a": ' * 5_000 + b"1" + b"}" * 5_000,
        b'{"a": ' * 25 + b"1" + b"}" * 25,
    ],
)
def test_loads_refuses_what_others_guess_about(body: bytes) -> None:
    with pytest.raises(ParseError):
        parsers.loads(body)


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        (b'{"a": {"b": ["x", "\\u0000"]}}', "a.b.1", "null_characters_not_allowed"),
        (b'{"a": "\\ud800"}', "a", "surrogate_characters_not_allowed"),
    ],
)
def test_loads_names_the_text_no_database_stores(body: bytes, field: str, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        parsers.loads(body)

    assert caught.value.get_codes() == {field: [code]}


def test_loads_accepts_escaped_pairs() -> None:
    assert parsers.loads(b'{"a": "\\ud83d\\ude00"}') == {"a": "\U0001f600"}


def test_parser_reads_no_more_than_it_may(settings: object) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10  # type: ignore[attr-defined]

    with pytest.raises(PayloadTooLarge):
        parsers.StrictJSONParser().parse(BytesIO(b'{"a": "0123456789"}'))


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=latin-1", "application/json; charset=utf-16"]
)
def test_parser_takes_utf8_only(media_type: str) -> None:
    with pytest.raises(UnsupportedMediaType):
        parsers.StrictJSONParser().parse(BytesIO(b"{}"), media_type)
