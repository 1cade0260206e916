"""Pages beside bare ones, through the same middleware and login."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

from django.test import Client

from benchmarks.database import World
from benchmarks.measuring import Action, paired, statements_of
from benchmarks.report import Report
from benchmarks.sizes import Sizes
from benchmarks.world import MANAGER, TREE
from kam.users.models import User

LARGEST_PAGE = 60  # KB, compressed


@dataclass(frozen=True)
class Page:
    name: str
    url: str
    bare: str
    ratio: float
    statements: int
    is_for_all: bool = False  # its goal is that of who sees all plans


def usual_plan(world: World) -> str:
    """A plan without a tree whose account has as many opportunities as most."""
    return str(
        world.sql(
            f"SELECT p.id FROM plans_accountplan p JOIN crm_account a ON a.id = p.account_id"
            f" WHERE mod(substr(a.external_id, 2)::int, {TREE}) = 5"
            f" ORDER BY abs(substr(a.external_id, 2)::int - (SELECT count(*) FROM crm_account) / 2) LIMIT 1"
        )[0][0]
    )


def owner_of(world: World, plan: str) -> str:
    """The account manager whose plan it is: sees one territory."""
    query = (
        "SELECT u.username FROM users_user u JOIN plans_accountplan p ON p.owner_id = u.id WHERE p.id = %s"
    )
    return str(world.sql(query, [plan])[0][0])


def browser(username: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=username))
    return client


def loads(client: Client, url: str, headers: dict[str, str] | None = None) -> Action:
    def load() -> bytes:
        answer = client.get(url, headers=headers)
        assert answer.status_code == 200, (url, answer.status_code)  # noqa: S101
        return answer.content

    return load


def measure(report: Report, sizes: Sizes, large: World, small: World) -> None:
    plan = usual_plan(large)
    pages = [
        Page("plan page", f"/plans/{plan}/", f"/bare/plans/{plan}/", 4, 12),
        Page("plan list", "/plans/", "/bare/plans/", 3, 10),
        Page("opportunity list, open ones", "/opportunities/?is_closed=false", "/bare/opportunities/", 3, 8),
        Page("account list", "/accounts/", "/bare/accounts/", 3, 8),
        Page("portfolio", "/portfolio/", "/bare/portfolio/", 3, 10, is_for_all=True),
    ]
    with large.active():
        for username, who in ((MANAGER, "manager of all"), (owner_of(large, plan), "account manager")):
            for page in pages:
                ratio = None if page.is_for_all and username != MANAGER else page.ratio
                measure_page(report, sizes, page, browser(username), who, ratio=ratio)
            measure_own(report, sizes, browser(username), who)
    grows(report, sizes, large, small)


def measure_own(report: Report, sizes: Sizes, client: Client, who: str) -> None:
    """The list of opportunities beside a bare one that keeps to the reader's rows, too; and its totals."""
    url = "/opportunities/?is_closed=false"
    bare = loads(client, "/bare/opportunities/own/")
    pairs = paired(loads(client, url), bare, repeats=sizes.repeats, warm_up=2)
    report.ratio(f"opportunity list ({who}) : bare page of the reader's rows, counted", pairs)
    totals = loads(client, f"{url}&totals=show", part("totals"))
    pairs = paired(totals, bare, repeats=sizes.repeats, warm_up=1)
    report.ratio(f"totals of the opportunity list ({who}) : the same", pairs)
    sums = loads(client, "/portfolio/?sums=show", part("sums"))
    pairs = paired(sums, loads(client, "/bare/portfolio/sums/"), repeats=sizes.repeats, warm_up=1)
    report.ratio(f"sums of the portfolio, each record once ({who}) : all records added up", pairs)


def part(name: str) -> dict[str, str]:
    """What asks for a part of a page alone."""
    return {"HX-Request": "true", "HX-Target": name}


def measure_page(
    report: Report, sizes: Sizes, page: Page, client: Client, who: str, *, ratio: float | None
) -> None:
    load, bare = loads(client, page.url), loads(client, page.bare)
    name = f"{page.name} ({who})"
    pairs = paired(load, bare, repeats=sizes.light_repeats, warm_up=3)
    report.ratio(f"{name} : bare page", pairs, at_most=ratio)
    report.statements(name, len(statements_of(load)), at_most=page.statements)
    content = load()
    report.number(f"{name}: HTML, gzip", len(gzip.compress(content)) / 1024, at_most=LARGEST_PAGE, unit=" KB")


def grows(report: Report, sizes: Sizes, large: World, small: World) -> None:
    """What shows all plans, in the large world beside the small one."""
    for name, url in (("plan list", "/plans/"), ("portfolio", "/portfolio/")):
        actions = []
        for world in (large, small):
            with world.active():
                actions.append(inside(world, loads(browser(MANAGER), url)))
        pairs = paired(*actions, repeats=sizes.light_repeats, warm_up=3)
        report.ratio(f"{name}, {sizes.opportunities:,} : {sizes.small:,} opportunities", pairs, at_most=1.5)


def inside(world: World, action: Action) -> Action:
    def run() -> None:
        with world.active():
            action()

    return run
