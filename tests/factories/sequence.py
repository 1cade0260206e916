"""Numbers that make names and codes unique within a test run."""

from __future__ import annotations

import itertools

_numbers = itertools.count(1)


def numbered(prefix: str) -> str:
    return f"{prefix}-{next(_numbers)}"
