"""How much is generated and how often each thing is measured."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, fields

PER_ACCOUNT = 50  # opportunities


@dataclass(frozen=True)
class Sizes:
    accounts: int
    opportunities: int
    small: int  # opportunities of the small world that the large one is compared with
    imported: int
    changed: int  # opportunities changed in bulk
    heavy_repeats: int  # rebuild, import
    repeats: int  # bulk change
    light_repeats: int  # single records, pages, API
    loads: int  # page loads before memory is read

    @property
    def plans(self) -> int:
        return self.accounts

    @property
    def small_accounts(self) -> int:
        return max(self.small // PER_ACCOUNT, 40)


USUAL = Sizes(
    accounts=4_000,
    opportunities=200_000,
    small=10_000,
    imported=20_000,
    changed=1_000,
    heavy_repeats=5,
    repeats=9,
    light_repeats=40,
    loads=50,
)
FULL = Sizes(
    accounts=20_000,
    opportunities=1_000_000,
    small=10_000,
    imported=100_000,
    changed=1_000,
    heavy_repeats=5,
    repeats=9,
    light_repeats=40,
    loads=50,
)
SMOKE = Sizes(
    accounts=60,
    opportunities=3_000,
    small=2_000,
    imported=200,
    changed=100,
    heavy_repeats=1,
    repeats=1,
    light_repeats=2,
    loads=4,
)


def read_arguments(
    arguments: Sequence[str] | None = None,
) -> tuple[Sizes, frozenset[str], argparse.Namespace]:
    """The sizes, and which parts to run (none named: all)."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    presets = parser.add_mutually_exclusive_group()
    presets.add_argument(
        "--full", action="store_true", help="20,000 accounts and plans, 1,000,000 opportunities"
    )
    presets.add_argument(
        "--smoke", action="store_true", help="a few rows, to see that everything runs: no figures"
    )
    parser.add_argument(
        "--only", default="", metavar="PART,…", help="rebuild, save, bulk, pages, api, import, memory"
    )
    parser.add_argument(
        "--reuse", action="store_true", help="keep a world of the same size from the last run"
    )
    for field in fields(Sizes):
        parser.add_argument(f"--{field.name.replace('_', '-')}", type=int, metavar="N")
    options = parser.parse_args(arguments)
    preset = FULL if options.full else SMOKE if options.smoke else USUAL
    given = {f.name: getattr(options, f.name) for f in fields(Sizes) if getattr(options, f.name) is not None}
    sizes = Sizes(**{f.name: getattr(preset, f.name) for f in fields(Sizes)} | given)
    return sizes, frozenset(filter(None, options.only.split(","))), options
