"""`expected.json`: which status every request gets from whom, kept as data and read in reviews."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path

PATH = Path(__file__).with_name("expected.json")
PERSONAS = (
    *("anonymous", "account_manager", "colleague", "stranger", "msl", "manager", "executive"),
    *("admin", "integration", "viewer"),
)
Table = dict[str, dict[str, int]]  # request → persona → status


def read() -> Table:
    """In the file each request lists who gets which status."""
    if not PATH.exists():
        return {}
    return {
        request: {persona: int(status) for status, names in by_status.items() for persona in names.split()}
        for request, by_status in json.loads(PATH.read_text()).items()
    }


def column(persona: str) -> dict[str, int]:
    return {request: row[persona] for request, row in read().items() if persona in row}


def write(persona: str, answers: dict[str, int]) -> None:
    """Replace the persona's statuses; requests that nobody makes any more go. Workers wait for each other."""
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _write(persona, answers)


def _write(persona: str, answers: dict[str, int]) -> None:
    table = read()
    for request in set(table) - set(answers):
        table[request].pop(persona, None)
    for request, status in answers.items():
        table.setdefault(request, {})[persona] = status
    lines = [
        f"{json.dumps(request)}: {json.dumps(_by_status(row))}"
        for request, row in sorted(table.items(), key=lambda item: (item[0].split()[1], item[0]))
        if row
    ]
    PATH.write_text("{\n" + ",\n".join(lines) + "\n}\n")


def _by_status(row: dict[str, int]) -> dict[str, str]:
    return {
        str(status): " ".join(persona for persona in PERSONAS if row.get(persona) == status)
        for status in sorted(set(row.values()))
    }
