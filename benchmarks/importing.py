"""A feed of opportunities, checked and with its KPIs, beside COPY of the same rows from Django."""

from __future__ import annotations

import io
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from benchmarks.database import World
from benchmarks.measuring import paired
from benchmarks.report import Report
from benchmarks.sizes import Sizes
from benchmarks.world import INTEGRATION, SOURCE, first_day
from crm.bulk import Feed
from crm.models import Account, Opportunity, Stage
from kam.users.models import User
from metrics import operations

BATCH = 5_000
PREFIX = "N"  # of the external ids of the new rows
COLUMNS = (
    "id", "version", "created_at", "updated_at", "source", "external_id", "name", "amount", "currency", "probability",
    "close_date", "next_step", "account_id", "owner_id", "stage_id",
)  # fmt: skip
SLOWEST = 2.5  # 0.4 × as fast


def rows_of(sizes: Sizes) -> list[dict[str, Any]]:
    """As a reader of a file gives them: text."""
    start, stages = first_day(), ("Qualify", "Propose", "Negotiate", "Won", "Lost")
    return [
        {
            "source": SOURCE,
            "external_id": f"{PREFIX}{number}",
            "account": {"source": SOURCE, "external_id": f"A{number * 7 % sizes.accounts + 1}"},
            "name": f"New opportunity {number}",
            "stage": {"name": stages[number % 5]},
            "amount": f"{number * 37 % 90_000}.{number % 100:02}",
            "currency": ("USD", "USD", "USD", "USD", "EUR")[number % 5],
            "close_date": str(start + timedelta(days=number * 11 % 730)),
            "next_step": "",
        }
        for number in range(sizes.imported)
    ]


def measure(report: Report, sizes: Sizes, large: World) -> None:
    rows = rows_of(sizes)
    with large.active():
        user = User.objects.get(username=INTEGRATION)
        reset, feed = partial(remove, large), partial(bring_in, rows, user)
        pairs = paired(
            feed,
            partial(copy_in, rows),
            repeats=sizes.heavy_repeats,
            before_subject=reset,
            before_base=reset,
            warm_up=0,
        )
        report.ratio(f"import of {len(rows):,} with KPIs : COPY", pairs, at_most=SLOWEST)
        again = paired(
            feed, feed, repeats=sizes.heavy_repeats, before_subject=partial(ensure, large, feed), before_base=reset,
            warm_up=0,
        )  # fmt: skip
        report.ratio("  the same rows again : the first time", again, at_most=0.6)
        remove(large)


def bring_in(rows: list[dict[str, Any]], user: User) -> None:
    with transaction.atomic():
        feed = Feed(kind="opportunities", user=user, default_source=SOURCE)
        for start in range(0, len(rows), BATCH):
            result = feed.upsert(rows[start : start + BATCH])
            assert not result.errors, result.errors[:3]  # noqa: S101
    operations.sweep(sweeper="benchmark")


def copy_in(rows: list[dict[str, Any]]) -> None:
    """What a script would do that trusts the file: look up keys, format, COPY."""
    accounts = dict(Account.objects.unscoped("benchmark").values_list("external_id", "pk"))
    owners = dict(Account.objects.unscoped("benchmark").values_list("external_id", "owner_id"))
    stages = {stage.name: stage for stage in Stage.objects.all()}
    now = timezone.now().isoformat()
    lines = []
    for row in rows:
        account, stage = row["account"]["external_id"], stages[row["stage"]["name"]]
        units, cents = row["amount"].split(".")
        lines.append(
            f"{uuid4()}\t1\t{now}\t{now}\t{row['source']}\t{row['external_id']}\t{row['name']}"
            f"\t{int(units) * 1000 + int(cents) * 10}\t{row['currency']}\t{int(stage.default_probability * 10)}"
            f"\t{row['close_date']}\t\t{accounts[account]}\t{owners[account]}\t{stage.pk}\n"
        )
    with (
        transaction.atomic(),
        Opportunity.objects.none().query.get_compiler("default").connection.cursor() as cursor,
    ):
        cursor.execute("ALTER TABLE crm_opportunity DISABLE TRIGGER USER")
        cursor.cursor.copy_expert(
            f"COPY crm_opportunity ({', '.join(COLUMNS)}) FROM STDIN", io.StringIO("".join(lines))
        )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE crm_opportunity ENABLE TRIGGER USER")


def remove(world: World) -> None:
    """As if nothing had been brought in."""
    world.sql(
        "DELETE FROM core_change WHERE object_id IN (SELECT id FROM crm_opportunity WHERE source = %s"
        " AND external_id LIKE %s)",
        [SOURCE, f"{PREFIX}%"],
    )
    world.sql("DELETE FROM crm_opportunity WHERE source = %s AND external_id LIKE %s", [SOURCE, f"{PREFIX}%"])
    world.sql("VACUUM (ANALYZE) crm_opportunity, core_change, metrics_stalemarker, metrics_plankpi")


def ensure(world: World, feed: Any) -> None:
    if not world.sql(
        "SELECT 1 FROM crm_opportunity WHERE source = %s AND external_id = %s", [SOURCE, f"{PREFIX}0"]
    ):
        feed()
