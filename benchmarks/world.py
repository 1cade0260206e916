"""The generated company, the same in every run: set-based SQL, with the triggers switched off.

About fifty opportunities an account (some have few, some hundreds), closing over two years; one plan
an account over this year or the last; every twentieth account heads a tree of four, two levels deep;
90 % of the amounts in US dollars, 8 % in euros, 2 % in pounds, with a rate a month.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from django.apps import apps
from django.db import transaction

from benchmarks.database import World
from crm.models import ActivityType, ExchangeRate, Stage, Territory, TerritoryMembership
from kam.core.clock import company_today
from kam.users.models import Role, User
from metrics import operations
from metrics.models import StaleMarker
from templates_app.models import PlanType

MARKER = "bench-"  # every user's name starts with it
SOURCE = "bench"
MANAGER, INTEGRATION, ACCOUNT_MANAGER = f"{MARKER}manager", f"{MARKER}feed", f"{MARKER}kam-1"
TERRITORIES = 40
STAGES = (
    ("Qualify", 10, False, False),
    ("Propose", 40, False, False),
    ("Negotiate", 70, False, False),
    ("Won", 100, True, True),
    ("Lost", 0, True, False),
)
TREE = 20  # of so many accounts one heads a tree of four

FUNCTIONS = """
CREATE OR REPLACE FUNCTION pg_temp.u(i bigint, seed bigint) RETURNS double precision LANGUAGE sql IMMUTABLE
AS 'SELECT ((hashint8extended(i, seed) >> 11) & 9007199254740991) / 9007199254740992.0::double precision';
CREATE OR REPLACE FUNCTION pg_temp.key(name text, i bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
AS 'SELECT md5(name || i)::uuid';
"""

ROWS = (
    """
    INSERT INTO users_user (id, version, username, password, first_name, last_name, email, is_superuser, is_staff,
        is_active, date_joined, role, time_zone, locale, job_title, source)
    SELECT pg_temp.key('user', i), 1, 'bench-kam-' || i, '!', 'Account', 'Manager ' || i, '', false, false, true,
        now(), 'kam', '', '', '', ''
    FROM generate_series(1, {people}) i
    """,
    """
    INSERT INTO crm_territory (id, version, created_at, updated_at, name, code, parent_id)
    SELECT pg_temp.key('territory', i), 1, now(), now(), 'Territory ' || i, 'B' || i,
        CASE WHEN i > 0 THEN pg_temp.key('territory', 0) END
    FROM generate_series(0, {territories}) i
    """,
    """
    INSERT INTO crm_territoryedge (ancestor_id, descendant_id, depth)
    SELECT id, id, 0 FROM crm_territory UNION ALL SELECT parent_id, id, 1 FROM crm_territory WHERE parent_id IS NOT NULL
    """,
    """
    INSERT INTO crm_territorymembership (id, version, created_at, updated_at, territory_id, user_id, role)
    SELECT pg_temp.key('member', i), 1, now(), now(), pg_temp.key('territory', 1 + i %% {territories}),
        pg_temp.key('user', i), 'kam'
    FROM generate_series(1, {people}) i
    """,
    """
    INSERT INTO crm_account (id, version, created_at, updated_at, source, external_id, name, website, address, currency,
        business_overview, call_frequency, owner_id, territory_id, parent_id)
    SELECT pg_temp.key('account', i), 1, now(), now(), 'bench', 'A' || i, 'Account ' || i, '', '', 'USD',
        'What account ' || i || ' does.', 'monthly', pg_temp.key('user', 1 + i %% {people}),
        pg_temp.key('territory', 1 + (1 + i %% {people}) %% {territories}),
        CASE WHEN i %% {tree} IN (1, 2) AND i > {tree} THEN pg_temp.key('account', i - i %% {tree})
             WHEN i %% {tree} = 3 AND i > {tree} THEN pg_temp.key('account', i - 1) END
    FROM generate_series(1, {accounts}) i
    """,
    """
    INSERT INTO crm_accountedge (ancestor_id, descendant_id, depth)
    WITH RECURSIVE walk(ancestor_id, descendant_id, depth) AS (
        SELECT id, id, 0 FROM crm_account
        UNION ALL SELECT w.ancestor_id, a.id, w.depth + 1
        FROM walk w JOIN crm_account a ON a.parent_id = w.descendant_id)
    SELECT * FROM walk
    """,
    """
    INSERT INTO crm_opportunity (id, version, created_at, updated_at, source, external_id, name, amount, currency,
        probability, close_date, next_step, account_id, owner_id, stage_id)
    SELECT pg_temp.key('opportunity', i), 1, now(), now(), 'bench', 'O' || i, 'Opportunity ' || i, x.amount, x.currency,
        s.default_probability, x.close_date, CASE WHEN i %% 3 = 0 THEN 'Send the offer' ELSE '' END,
        pg_temp.key('account', x.account), pg_temp.key('user', 1 + x.account %% {people}), s.id
    FROM (
        SELECT i, 1 + floor({accounts} * power(pg_temp.u(i, 1), 1.2))::bigint AS account,
            500000 + floor(power(pg_temp.u(i, 2), 3) * 20000000)::bigint * 10 AS amount,
            CASE WHEN pg_temp.u(i, 3) < 0.90 THEN 'USD' WHEN pg_temp.u(i, 3) < 0.98 THEN 'EUR' ELSE 'GBP' END
                AS currency,
            DATE '{start}' + floor(pg_temp.u(i, 4) * 730)::int AS close_date, pg_temp.u(i, 5) AS luck
        FROM generate_series(1, {opportunities}) i) x
    JOIN crm_stage s ON s.name = CASE
        WHEN x.close_date < DATE '{today}' AND luck < 0.50 THEN 'Won' WHEN x.close_date < DATE '{today}' AND luck < 0.85
        THEN 'Lost' WHEN luck < 0.4 THEN 'Qualify' WHEN luck < 0.9 THEN 'Propose' ELSE 'Negotiate' END
    """,
    """
    INSERT INTO plans_accountplan (id, version, created_at, updated_at, name, account_id, plan_type_id, start_date,
        end_date, status, owner_id, currency, sales_target, stretch_target, revenue_basis,
        include_child_accounts, is_confidential, review_frequency, vision, goals, customer_goals,
        business_overview, short_term_plan, support_required, risks, competitors)
    SELECT pg_temp.key('plan', i), 1, now(), now(), 'Plan ' || i, pg_temp.key('account', i), t.id,
        DATE '{start}' + CASE WHEN i %% 4 = 0 THEN interval '0' ELSE interval '1 year' END,
        DATE '{start}' + CASE WHEN i %% 4 = 0 THEN interval '1 year' ELSE interval '2 years' END - interval '1 day',
        'active', pg_temp.key('user', 1 + i %% {people}), CASE WHEN i %% 10 = 7 THEN 'EUR' ELSE 'USD' END,
        800000000 + i * 1000, NULL, 'opportunity', true, false, 'quarterly', {prose}, {prose}, {prose}, {prose},
        {prose}, {prose}, {prose}, {prose}
    FROM generate_series(1, {accounts}) i CROSS JOIN templates_app_plantype t
    """,
    """
    INSERT INTO plans_strategy (id, version, created_at, updated_at, plan_id, name, description, "order")
    SELECT pg_temp.key('strategy', i), 1, now(), now(), pg_temp.key('plan', i), 'Strategy', {prose}, 0
    FROM generate_series(1, {accounts}) i
    """,
    """
    INSERT INTO plans_accountplanobjective (id, version, created_at, updated_at, plan_id, strategy_id, name, approach,
        owner_id, start_date, target_date, status, weight, measure_kind, unit, baseline, current, target, progress_mode,
        owner_comments, manager_comments, lessons_learned, "order")
    SELECT pg_temp.key('objective', i * 4 + n), 1, now(), now(), pg_temp.key('plan', i), pg_temp.key('strategy', i),
        'Objective ' || n, {prose}, pg_temp.key('user', 1 + i %% {people}), DATE '{start}', DATE '{today}' + 60,
        'in_progress', 1000, 'number', 'sites', 0, 1000 * n, 8000, 'measure', '', '', '', n
    FROM generate_series(1, {accounts}) i CROSS JOIN generate_series(0, 3) n
    """,
    """
    INSERT INTO plans_accountplanparticipant (id, version, created_at, updated_at, plan_id, user_id, role, access)
    SELECT pg_temp.key('participant', i * 2 + n), 1, now(), now(), pg_temp.key('plan', i),
        pg_temp.key('user', 1 + (i + n + 1) %% {people}), 'team_member', 'read'
    FROM generate_series(1, {accounts}) i CROSS JOIN generate_series(0, 1) n
    """,
    """
    INSERT INTO crm_activity (id, version, created_at, updated_at, subject, status, planned_for, done_on, quantity,
        notes, next_step, account_id, owner_id, type_id)
    SELECT pg_temp.key('activity', i * 4 + n), 1, now(), now(), 'Visit ' || n,
        CASE WHEN n < 2 THEN 'done' ELSE 'planned' END, DATE '{today}' + (n * 10 - 20),
        CASE WHEN n < 2 THEN DATE '{today}' + (n * 10 - 20) END, 1000, '', '',
        pg_temp.key('account', i), pg_temp.key('user', 1 + i %% {people}), t.id
    FROM generate_series(1, {accounts}) i CROSS JOIN generate_series(0, 3) n CROSS JOIN crm_activitytype t
    """,
    """
    INSERT INTO core_change (at, actor_id, actor_name, source, reason, request_id, model, object_id, object_name,
        container_id, operation, before, after)
    SELECT now() - n * interval '1 day', pg_temp.key('user', 1 + i %% {people}), 'Account Manager', 'web', '', '',
        'plans.accountplan', pg_temp.key('plan', i), 'Plan ' || i, pg_temp.key('plan', i), 'update',
        '{{"vision": "Before"}}', '{{"vision": "After"}}'
    FROM generate_series(1, {accounts}) i CROSS JOIN generate_series(0, 3) n
    """,
)
SCRATCH = """
CREATE TABLE IF NOT EXISTS bench_scratch (plan_id uuid PRIMARY KEY, won numeric, pipeline numeric, weighted numeric,
    won_count bigint, open_count bigint, lost_count bigint)
"""
PROSE = "repeat('We win the tender for the northern sites with a better service level. ', 4)"


def first_day() -> date:
    return date(company_today().year - 1, 1, 1)


def people_for(accounts: int) -> int:
    return max(min(200, accounts // 20), TERRITORIES // 20 + 1)


def fill(world: World, *, accounts: int, opportunities: int) -> None:
    """Empty the database and make the company anew, with right KPIs."""
    tables = world.sql(
        "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables WHERE schemaname = current_schema()"
        " AND tablename NOT IN ('django_migrations', 'django_content_type', 'auth_permission')"
    )
    world.sql(f"TRUNCATE {tables[0][0]}")
    with world.active():
        make_catalog()
    world.sql(FUNCTIONS)
    names = {
        "accounts": accounts,
        "opportunities": opportunities,
        "people": people_for(accounts),
        "territories": TERRITORIES,
        "tree": TREE,
        "start": first_day(),
        "today": company_today(),
        "prose": PROSE,
    }
    with column_defaults(world):
        for statement in ROWS:
            world.sql(statement.format(**names), [])
    world.sql(SCRATCH)
    world.sql("VACUUM (ANALYZE)")  # as the server does by itself sooner or later
    with world.active():
        make_members()
        StaleMarker.objects.all().delete()
        operations.rebuild()
    world.sql("VACUUM (ANALYZE)")


@contextmanager
def column_defaults(world: World) -> Iterator[None]:
    """Columns that the rows do not name get what the models would have given them."""
    changed = []
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            value = None if field.null or field.primary_key else field.get_default()
            if value is not None and model._meta.managed:
                changed.append(f'ALTER TABLE {model._meta.db_table} ALTER "{field.column}"')
                world.sql(f"{changed[-1]} SET DEFAULT %s", [field.get_db_prep_save(value, world.bare)])
    try:
        yield
    finally:
        for column in changed:
            world.sql(f"{column} DROP DEFAULT")


@transaction.atomic
def make_catalog() -> None:
    for order, (name, probability, is_closed, is_won) in enumerate(STAGES):
        Stage.objects.create(
            name=name, order=order, default_probability=probability, is_closed=is_closed, is_won=is_won
        )
    start = first_day()
    for month in range(30):
        day = date(start.year + month // 12, month % 12 + 1, 1)
        ExchangeRate.objects.create(currency="EUR", valid_from=day, rate=f"1.{month + 5:02}")
        ExchangeRate.objects.create(currency="GBP", valid_from=day, rate=f"1.{month + 20:02}")
    PlanType.objects.create(name="Key account plan")
    ActivityType.objects.create(name="Visit")


def make_members() -> None:
    """Who looks: a manager of the whole tree of territories, and a system that feeds records."""
    manager = User(username=MANAGER, first_name="Mara", last_name="Manager", role=Role.MANAGER)
    feed = User(username=INTEGRATION, role=Role.INTEGRATION, source=SOURCE)
    for user in (manager, feed):
        user.set_unusable_password()
        user.save()
    root = Territory.objects.get(code="B0")
    TerritoryMembership.objects.create(territory=root, user=manager, role="manager")
