"""Running the rollup: for a few plans as a stored function, for many, for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from kam.core.stored_functions import StoredFunction
from metrics.rollup import facts
from metrics.rollup.rates import joined_rates
from metrics.rollup.statement import COLUMNS, Given, computed_sql, differs_sql, rollup_sql

MANY_PLANS = 500  # from here on a plan made for the statement is worth its time
ALL = Given(plan_filter="1 = 1", company="%(company)s", today="%(today)s", now="%(now)s")
# Compiling costs more than it saves, and the groups of many plans do not fit the usual memory. One process reads
# faster than another adds up: a third would only take their time.
FOR_MANY = "SET LOCAL jit = off; SET LOCAL work_mem = '64MB'; SET LOCAL max_parallel_workers_per_gather = 1;"


def compute(
    connection: BaseDatabaseWrapper, *, plan_ids: Sequence[UUID] | None, today: date, now: datetime
) -> None:
    """Compute and store the KPIs of these plans (None: of all) in one statement.

    The caller holds the plans' locks and has removed their markers in an earlier statement.
    """
    company = settings.COMPANY_CURRENCY
    is_for_many = plan_ids is None or len(plan_ids) >= MANY_PLANS
    with connection.cursor() as cursor:
        if not is_for_many and FUNCTION.is_installed(connection):
            ids = [str(pk) for pk in plan_ids or ()]
            cursor.execute(f"SELECT {FUNCTION.name}(%s::uuid[], %s, %s, %s)", [ids, company, today, now])
            return
        parameters: dict[str, Any] = {
            "company": company,
            "today": connection.ops.adapt_datefield_value(today),
            "now": connection.ops.adapt_datetimefield_value(now),
        }
        if connection.vendor == "postgresql" and plan_ids is None:
            cursor.execute(f"{FOR_MANY} {facts.FIND_SPECIAL}")
            parameters["special"] = [str(pk) for (pk,) in cursor.fetchall()]
            rates, names = joined_rates(cursor)
            sql = _in_parallel(replace(ALL, rates=rates))
        else:
            plan_filter, names = _plan_filter(connection, plan_ids)
            sql = rollup_sql(connection.vendor, replace(ALL, plan_filter=plan_filter))
            sql = f"{FOR_MANY} {sql}" if connection.vendor == "postgresql" else sql
        cursor.execute(sql, parameters | names)


def _in_parallel(given: Given) -> str:
    """The same for all plans: another process reads for a new table, but none for an INSERT.

    With every plan locked nobody else stores a row, so none has to be looked for while one is stored.
    """
    return f"""
    CREATE TEMP TABLE kam_computed ON COMMIT DROP AS {computed_sql("postgresql", given, facts.PARTS_APART)};
    UPDATE metrics_plankpi k SET {", ".join(f"{name} = c.{name}" for name in COLUMNS[1:])}
    FROM kam_computed c WHERE k.plan_id = c.plan_id AND {differs_sql("postgresql")};
    INSERT INTO metrics_plankpi ({", ".join(COLUMNS)})
    SELECT c.* FROM kam_computed c LEFT JOIN metrics_plankpi k ON k.plan_id = c.plan_id WHERE k.plan_id IS NULL;
    DROP TABLE kam_computed
    """


def _plan_filter(
    connection: BaseDatabaseWrapper, plan_ids: Sequence[UUID] | None
) -> tuple[str, dict[str, Any]]:
    if plan_ids is None:
        return "1 = 1", {}
    if connection.vendor == "postgresql":
        # Each id of a list is weighed when the statement is planned, wherever the plans stand in it; of a set none is.
        return "p.id IN (SELECT unnest(%(plans)s::uuid[]))", {"plans": [str(pk) for pk in plan_ids]}
    field = models.UUIDField()
    names = {f"plan{n}": field.get_db_prep_value(pk, connection) for n, pk in enumerate(plan_ids)}
    return f"p.id IN ({', '.join(f'%({name})s' for name in names)})", names


# The joins are written in the order that is right for a few plans, whatever the database knows of the tables.
# Where all of them are plain it does not even begin with the rest of the statement.
def _function_body() -> str:
    chosen = "p.id = ANY(plan_ids)"
    given = Given(plan_filter=chosen, company="company_currency", today="on_today", now="at_now")
    special = f"EXISTS (SELECT 1 FROM plans_accountplan p WHERE {chosen} AND {facts.IS_SPECIAL})"
    of_all = rollup_sql("postgresql", given)
    of_plain = rollup_sql("postgresql", given, [facts.ALL_PLAIN])
    return f"IF {special} THEN {of_all}; ELSE {of_plain}; END IF"


FUNCTION = StoredFunction(
    "kam_rollup",
    arguments="plan_ids uuid[], company_currency varchar, on_today date, at_now timestamptz",
    returns="void",
    body=_function_body,
    settings="SET join_collapse_limit = 1",
)
