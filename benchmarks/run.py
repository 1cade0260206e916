"""A run: make the worlds, measure part by part, print the table."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from django.core.management import call_command

from benchmarks import api, importing, memory, numbers, pages, world
from benchmarks.database import NotOursError, World, main_settings, refuse_foreign, second_database
from benchmarks.report import Report
from benchmarks.sizes import Sizes, read_arguments

Part = Callable[[Report, Sizes, World, World], None]
PARTS: dict[str, Part] = {
    "rebuild": lambda report, sizes, large, small: numbers.rebuild(report, sizes, large),
    "save": numbers.save,
    "bulk": lambda report, sizes, large, small: numbers.bulk(report, sizes, large),
    "pages": pages.measure,
    "api": lambda report, sizes, large, small: api.measure(report, sizes, large),
    "import": lambda report, sizes, large, small: importing.measure(report, sizes, large),
    "memory": lambda report, sizes, large, small: memory.measure(report, sizes, large),
}


def main(arguments: Sequence[str] | None = None) -> int:
    sizes, only, options = read_arguments(arguments)
    unknown = only - PARTS.keys()
    if unknown:
        print(
            f"There is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}.", file=sys.stderr
        )
        return 2
    try:
        report = run(sizes, [name for name in PARTS if not only or name in only], reuse=options.reuse)
    except NotOursError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"\n{report}")
    return 0


def run(sizes: Sizes, parts: Sequence[str], *, reuse: bool) -> Report:
    report, started = Report(), time.monotonic()
    with ExitStack() as stack:
        large, small = made_worlds(stack, sizes, reuse=reuse)
        call_command("collectstatic", interactive=False, verbosity=0)
        print(f"Made in {time.monotonic() - started:.0f} s", flush=True)
        for name in parts:
            PARTS[name](report, sizes, large, small)
    print(f"All in {time.monotonic() - started:.0f} s", flush=True)
    return report


def made_worlds(stack: ExitStack, sizes: Sizes, *, reuse: bool) -> tuple[World, World]:
    large = opened(stack, main_settings())
    stored = large.sql("SELECT count(*) FROM crm_account")[0][0]
    large.close()
    small = opened(stack, stack.enter_context(second_database(large.settings, from_first=not stored)))
    if not (reuse and stored == sizes.accounts):
        make(large, sizes.accounts, sizes.opportunities)
    make(small, sizes.small_accounts, sizes.small)
    return large, small


def opened(stack: ExitStack, database: dict[str, Any]) -> World:
    one = World(database)
    stack.callback(one.close)
    with one.active():
        call_command("migrate", verbosity=0)
    refuse_foreign(one, marker=world.MARKER)
    return one


def make(one: World, accounts: int, opportunities: int) -> None:
    print(f"Making {accounts:,} accounts and plans, {opportunities:,} opportunities …", flush=True)
    world.fill(one, accounts=accounts, opportunities=opportunities)
