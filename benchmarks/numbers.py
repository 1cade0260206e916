"""KPIs beside bare SQL: the full rebuild, one record saved and read, a thousand changed in bulk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import count

from benchmarks.database import World
from benchmarks.measuring import paired, statements_of
from benchmarks.report import Report
from benchmarks.sizes import Sizes
from benchmarks.world import INTEGRATION, SOURCE, TREE
from crm.bulk import upsert
from crm.models import Opportunity
from kam.users.models import User
from metrics import operations
from plans.models import AccountPlan

REASON = "benchmark"
SUMS = """
    sum({amount}) FILTER (WHERE s.is_won), sum({amount}) FILTER (WHERE NOT s.is_closed),
    sum({amount} * o.probability) FILTER (WHERE NOT s.is_closed), count(*) FILTER (WHERE s.is_won),
    count(*) FILTER (WHERE NOT s.is_closed), count(*) FILTER (WHERE s.is_closed AND NOT s.is_won)
"""
COVERED = """
    FROM plans_accountplan p
    JOIN crm_accountedge e ON e.ancestor_id = p.account_id
    JOIN crm_opportunity o ON o.account_id = e.descendant_id AND o.close_date BETWEEN p.start_date AND p.end_date
    JOIN crm_stage s ON s.id = o.stage_id
"""
# The same rows, without currencies, rates, rounding, slippage and whatever else makes a KPI.
BARE_ROLLUP = (
    f"INSERT INTO bench_scratch SELECT p.id, {SUMS.format(amount='o.amount')} {COVERED} GROUP BY p.id"
)
BARE_SAVE = f"""
    WITH changed AS (UPDATE crm_opportunity SET amount = %s WHERE id = %s RETURNING id, amount)
    SELECT {SUMS.format(amount="COALESCE(c.amount, o.amount)")} {COVERED} LEFT JOIN changed c ON c.id = o.id
    WHERE p.id = %s
"""
BARE_CHANGE = """
    UPDATE crm_opportunity o SET amount = v.amount, version = version + 1, updated_at = now()
    FROM json_to_recordset(%s) AS v(external_id varchar, amount bigint)
    WHERE o.source = %s AND o.external_id = v.external_id
"""
BARE_RECOMPUTE = f"""
    INSERT INTO bench_scratch SELECT p.id, {SUMS.format(amount="o.amount")} {COVERED}
    WHERE p.account_id IN (SELECT e.ancestor_id FROM crm_accountedge e JOIN crm_opportunity o
        ON o.account_id = e.descendant_id WHERE o.source = %s AND o.external_id = ANY(%s)) GROUP BY p.id
    ON CONFLICT (plan_id) DO UPDATE SET won = excluded.won, pipeline = excluded.pipeline,
        weighted = excluded.weighted, won_count = excluded.won_count, open_count = excluded.open_count,
        lost_count = excluded.lost_count
"""


def rebuild(report: Report, sizes: Sizes, large: World) -> None:
    def bare() -> None:
        # The memory and the compiler as the rebuild sets them for itself.
        large.sql(f"BEGIN; SET LOCAL jit = off; SET LOCAL work_mem = '64MB'; {BARE_ROLLUP}; COMMIT")

    def clear() -> None:
        large.sql("TRUNCATE metrics_plankpi")
        large.sql("TRUNCATE bench_scratch")

    with large.active():
        pairs = paired(
            operations.rebuild, bare, repeats=sizes.heavy_repeats, before_subject=clear, before_base=clear
        )
        report.ratio("full rebuild : INSERT … SELECT", pairs, at_most=1.5)
        pairs = paired(operations.rebuild, bare, repeats=sizes.heavy_repeats, before_base=clear)
        report.ratio("  again, nothing to write", pairs)
        report.statements("full rebuild", len(statements_of(operations.rebuild)))


# --- One record -----------------------------------------------------------------------------
def save(report: Report, sizes: Sizes, large: World, small: World) -> None:
    """One opportunity saved, its plan's KPIs read."""
    steps = {world: Saves(world, sizes.light_repeats) for world in (large, small)}
    pairs = paired(steps[large].save_and_read, steps[large].bare, repeats=sizes.light_repeats, warm_up=8)
    report.ratio("save and read KPIs : one statement", pairs, at_most=6)
    pairs = paired(
        steps[large].save_and_read, steps[small].save_and_read, repeats=sizes.light_repeats, warm_up=8
    )
    report.ratio(f"save and read KPIs, {sizes.opportunities:,} : {sizes.small:,} rows", pairs, at_most=1.2)
    with large.active():
        report.statements("save and read KPIs", len(statements_of(steps[large].save_and_read)), at_most=10)


class Saves:
    """Opportunities of plans of usual size, one after the other."""

    def __init__(self, world: World, repeats: int) -> None:
        self.world = world
        with world.active():
            self.pairs = self._endless(repeats)
            next(self.pairs)  # loads them
        self.amounts = count(1)

    def _endless(self, repeats: int) -> Iterator[tuple[Opportunity, AccountPlan]]:
        rows = self.world.sql(
            # Accounts without a tree, in the middle of the range: as many opportunities in every world.
            f"""
            SELECT o.id, p.id FROM plans_accountplan p JOIN crm_account a ON a.id = p.account_id
            JOIN LATERAL (SELECT id FROM crm_opportunity o WHERE o.account_id = a.id AND o.currency = 'USD'
                AND o.close_date BETWEEN p.start_date AND p.end_date ORDER BY o.id LIMIT 1) o ON true
            WHERE substr(a.external_id, 2)::int % {TREE} > 4
            ORDER BY abs(substr(a.external_id, 2)::int - (SELECT count(*) FROM crm_account) / 2) LIMIT %s
            """.replace("% ", "%% "),
            [repeats],
        )
        loaded = [
            (
                Opportunity.objects.unscoped(REASON).select_related("account").get(pk=opportunity_id),
                AccountPlan.objects.unscoped(REASON).get(pk=plan_id),
            )
            for opportunity_id, plan_id in rows
        ]
        yield loaded[0]
        while True:
            yield from loaded

    def save_and_read(self) -> None:
        opportunity, plan = next(self.pairs)
        with self.world.active():
            opportunity.amount += Decimal("0.01") * next(self.amounts)
            opportunity.save()
            kpi, is_fresh = operations.fresh_kpi(plan)
        assert is_fresh, kpi  # noqa: S101 -- a fast wrong answer is no figure

    def bare(self) -> None:
        opportunity, plan = next(self.pairs)
        self.world.sql(BARE_SAVE, [next(self.amounts) * 1_000, opportunity.pk, plan.pk])


# --- A thousand -----------------------------------------------------------------------------
def bulk(report: Report, sizes: Sizes, large: World) -> None:
    with large.active():
        user = User.objects.get(username=INTEGRATION)
        operations.sweep(sweeper="benchmark")
    step = sizes.opportunities // sizes.changed
    names = [f"O{number * step + 1}" for number in range(sizes.changed)]
    amounts = count(1_000)

    def change() -> None:
        amount = next(amounts)
        rows = [{"external_id": name, "source": SOURCE, "amount": f"{amount}.50"} for name in names]
        with large.active():
            result = upsert(kind="opportunities", rows=rows, user=user)
            operations.sweep(sweeper="benchmark")
        assert result.updated == len(rows), result  # noqa: S101

    def bare() -> None:
        amount = next(amounts) * 1_000
        data = json.dumps([{"external_id": name, "amount": amount} for name in names])
        large.sql("BEGIN")
        large.sql(BARE_CHANGE, [data, SOURCE])
        large.sql(BARE_RECOMPUTE, [SOURCE, names])
        large.sql("COMMIT")

    pairs = paired(change, bare, repeats=sizes.repeats)
    report.ratio(f"{sizes.changed:,} changed in bulk, with KPIs : set-based SQL", pairs, at_most=3)
    with large.active():
        report.statements("changed in bulk", len(statements_of(change)), at_most=15)
