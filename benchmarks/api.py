"""The REST API beside DRF as it comes."""

from __future__ import annotations

from itertools import count
from typing import Any

from django.test import Client

from benchmarks.database import World
from benchmarks.measuring import Action, paired, statements_of
from benchmarks.report import Report
from benchmarks.sizes import Sizes
from benchmarks.world import ACCOUNT_MANAGER
from kam.users.models import ApiToken, User

BEYOND_PLANS = "2099-12-31"
URL, BARE = "/api/v1/opportunities/", "/bare/api/opportunities/"


def measure(report: Report, sizes: Sizes, large: World) -> None:
    with large.active():
        user = User.objects.get(username=ACCOUNT_MANAGER)
        _token, key = ApiToken.issue(user=user, name="benchmark")
        client = Client(headers={"Authorization": f"Token {key}"})
        pairs = paired(lists(client, URL), lists(client, BARE), repeats=sizes.light_repeats, warm_up=3)
        report.ratio("REST list of 50 : bare DRF", pairs, at_most=2)
        report.statements("REST list of 50", len(statements_of(lists(client, URL))), at_most=6)
        account, stage = large.sql(
            "SELECT a.id, s.id FROM crm_account a, crm_stage s WHERE a.owner_id = %s AND s.name = 'Propose' LIMIT 1",
            [user.pk],
        )[0]
        body = {
            "account": str(account),
            "stage": str(stage),
            "owner": str(user.pk),
            "currency": "USD",
            "probability": 40,
            "close_date": BEYOND_PLANS,
            "next_step": "",
        }
        create = creates(client, URL, {**body, "amount": "90.95"})
        bare = creates(client, BARE, {**body, "amount": 90_950})
        pairs = paired(create, bare, repeats=sizes.light_repeats, warm_up=3)
        report.ratio("REST create : bare DRF", pairs, at_most=3)
        report.statements("REST create", len(statements_of(create)), at_most=12)
        large.sql("DELETE FROM crm_opportunity WHERE close_date = %s", [BEYOND_PLANS])


def lists(client: Client, url: str) -> Action:
    def load() -> None:
        answer = client.get(url)
        assert answer.status_code == 200, answer.content  # noqa: S101
        assert len(answer.json()["results"]) == 50  # noqa: S101

    return load


def creates(client: Client, url: str, body: dict[str, Any]) -> Action:
    numbers = count()

    def create() -> None:
        named = {**body, "name": f"Deal {next(numbers)}"}
        answer = client.post(url, named, content_type="application/json")
        assert answer.status_code == 201, answer.content  # noqa: S101

    return create
