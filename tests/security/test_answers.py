"""What every URL answers each persona is kept as data, and tells nothing of what they may not see.

Each persona asks every URL with every method; the status is that of `expected.json`. They ask in two
worlds that differ only in what is hidden from them: plans, with all that belongs to a plan, and
accounts, with all that belongs to an account. Both answer alike: status, headers, text, number of
statements. The ids of what is hidden answer like an id that does not exist; so do filters, searches,
orderings, bodies and forms that name it.

After a change on purpose, or for a new URL:

    WRITE_EXPECTED=1 python -m pytest tests/security/test_answers.py && git diff tests/security/expected.json
"""

from __future__ import annotations

import os
import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from metrics.operations import rebuild
from plans.models.plans import PlanQuerySet
from tests.fixtures import ClientFor
from tests.security import expected_table
from tests.security.asking import Answer, Call, ask, known_ids, undone
from tests.security.expected_table import PERSONAS
from tests.security.naming import bodies, call_of, form_calls, queries
from tests.security.routes import Route, site_routes
from tests.security.rows import KNOWN, Rows
from tests.security.twins import SECRET, Twins

# What is asked by few, as it is the same code for all: methods that a view does not have, pages without
# a form sent like one, parameters and bodies that name what is hidden, and what the role alone decides.
ASK_EVERY_METHOD = {"anonymous", "admin", "viewer"}
ASK_WITH_PARAMETERS = {"colleague"}
WRITE_IN_BOTH = {"account_manager", "admin"}
OF_THE_SAME_ROLE = {"colleague", "stranger"}  # as `account_manager`
REFUSED = {401, 403, 405}
ASKED_BY = 3  # personas who ask for the ids of hidden rows, of each URL and method
# Documents about the API, the same for everybody and slow to make.
SAME_FOR_ALL = {"api/v1/schema/", "api/v1/docs/"}
MISSING = SimpleNamespace(pk=uuid.UUID(int=1), version=1)
POINTS_TO_HIDDEN = "about a row that points to a hidden one"
Answers = dict[Call, Answer]


# --- Every URL with every method --------------------------------------------------------------
def answers_of_table(persona: str, client: Client, seen: Rows, known: frozenset[str]) -> Answers:
    answers: Answers = {}
    for route in site_routes():
        if persona in OF_THE_SAME_ROLE and not route.is_of_customers:
            continue
        row = seen[route.model] if route.id_name else None  # type: ignore[index]
        shows_only = False
        for method in route.methods if persona in ASK_EVERY_METHOD else route.own_methods:
            if (route.path in SAME_FOR_ALL and persona != "anonymous") or (method == "POST" and shows_only):
                continue
            call = call_of(route, method, row, name=f"{method} /{route.path}")
            answers[call] = ask(client, call, known)
            shows_only = persona not in ASK_EVERY_METHOD and not route.is_api and answers[call].only_shows
    return answers


def changed(table: dict[str, int], expected: dict[str, int]) -> dict[str, str]:
    """Requests by method and URL whose status is another one, is not in the file, or is only there."""
    return {
        request: f"expected {expected.get(request)}, got {table.get(request)}"
        for request in sorted({*table, *expected})
        if table.get(request) != expected.get(request)
    }


# --- Two worlds -------------------------------------------------------------------------------
def is_telling(persona: str, route: Route, call: Call, answer: Answer) -> bool:
    """Whether the answer may depend on what is hidden; what hangs on it keeps common rows from being deleted."""
    if call.method != "GET":
        return persona in WRITE_IN_BOTH and (
            route.is_of_customers or call.method == "DELETE" or not route.is_api
        )
    return answer.status not in REFUSED and (route.is_of_customers or persona == "admin")


def answers_to_parameters(
    persona: str, client: Client, twins: Twins, hidden: list[Rows], known: frozenset[str]
) -> Answers:
    calls: list[Call] = []
    if persona in ASK_WITH_PARAMETERS:
        calls += [Call("GET", url) for route in site_routes() for url in queries(route, hidden)]
        calls += [
            call_of(route, "GET", row, name=POINTS_TO_HIDDEN)
            for route in site_routes()
            for row in twins.pointing
            if route.id_name and route.model is type(row)
        ]
    if persona in WRITE_IN_BOTH:
        calls += [call for route in site_routes() for call in bodies(route, twins.seen, hidden)]
    return {call: ask(client, call, known) for call in dict.fromkeys(calls)}


def told_by_ids(persona: str, client: Client, hidden: list[Rows], known: frozenset[str]) -> dict[str, str]:
    """Calls about a row that is hidden whose answer is not that about a row which does not exist."""
    told: dict[str, str] = {}
    usual: dict[bool, Answer] = {}
    for number, (route, method) in enumerate((r, m) for r in site_routes() for m in r.own_methods):
        rows = [by_model[route.model] for by_model in hidden if route.model in by_model]
        if not route.id_name or not rows or (number + PERSONAS.index(persona)) % ASKED_BY:
            continue
        call = call_of(route, method, rows[number % len(rows)])
        answer = ask(client, call, known)
        if not alike(usual.get(route.is_api), answer):
            missing = usual[route.is_api] = ask(client, call_of(route, method, MISSING), known)
            if not alike(missing, answer) or answer.status < 300:
                told[str(call)] = difference(missing, answer)
    return told


def alike(one: Answer | None, other: Answer) -> bool:
    return one is not None and (one.status, one.text) == (other.status, other.text)


def differences(here: Answers, there: Answers) -> dict[str, str]:
    told = {str(call): difference(here[call], there[call]) for call in there if unlike(call, here, there)}
    return told | {
        f"{call} (text)": SECRET
        for call, answer in there.items()
        if SECRET in answer.text and SECRET.split()[1].lower() not in f"{call.url}{call.body}".lower()
    }


def unlike(call: Call, here: Answers, there: Answers) -> bool:
    """A write may take along what hangs on its row, and a row is asked for what it points to; all other
    reading takes the same statements in both worlds."""
    one, other = here[call], there[call]
    is_reading = call.method == "GET" and call.name != POINTS_TO_HIDDEN
    same = (one.status, one.headers, one.text) == (other.status, other.headers, other.text)
    return not same or (is_reading and one.statements != other.statements)


def difference(here: Answer, there: Answer) -> str:
    if here.text == there.text:
        return f"{here.status}/{here.statements} {here.headers} | {there.status}/{there.statements} {there.headers}"
    pairs = enumerate(zip(f"{here.text}0", f"{there.text}1", strict=False))
    at = next(n for n, (one, other) in pairs if one != other)
    near = slice(max(at - 60, 0), at + 90)
    return f"{here.status} …{here.text[near]}… | {there.status} …{there.text[near]}…"


def compare_worlds(
    persona: str, client: Client, twins: Twins, here: Answers
) -> tuple[dict[str, str], dict[str, str]]:
    """What tells the worlds apart, and which ids of hidden rows are told from missing ones."""
    with undone():
        hidden = twins.hide(persona)
        known = known_ids()
        routes = {f"/{route.path}": route for route in site_routes()}
        there = {
            call: ask(client, call, known)
            for call, answer in here.items()
            if is_telling(persona, routes[call.name.partition(" ")[2]], call, answer)
        }
        named = answers_to_parameters(persona, client, twins, hidden, known)
        if persona in WRITE_IN_BOTH:
            sent = {s for call, answer in there.items() for s in form_calls(call, answer, hidden)}
            named |= {call: ask(client, call, known) for call in sent}
        by_id = told_by_ids(persona, client, hidden, known)
    with undone():
        rebuild()
        here = here | {call: ask(client, call, known) for call in named}
    return differences(here, there | named), by_id


# --- The tests --------------------------------------------------------------------------------
def test_every_object_in_an_address_is_known() -> None:
    unknown = {
        route.path: route.model for route in site_routes() if route.id_name and route.model not in KNOWN
    }

    assert unknown == {}, "add a row of the model to tests/security/rows.py"


# What the databases are asked otherwise is how the rows of the field are found: these three see each its way.
ON_BOTH = {"account_manager", "manager", "colleague"}
EACH = [p if p in ON_BOTH else pytest.param(p, marks=pytest.mark.any_database) for p in PERSONAS]


@pytest.mark.parametrize("persona", EACH)
def test_answers_are_as_expected_and_tell_nothing(persona: str, twins: Twins, client_as: ClientFor) -> None:
    client = Client() if persona == "anonymous" else client_as(twins.cast[persona])
    with undone():
        rebuild()
        here = answers_of_table(persona, client, twins.seen, known_ids())
    told: Any = ({}, {}) if persona == "anonymous" else compare_worlds(persona, client, twins, here)
    table = {call.name: answer.status for call, answer in here.items()}
    if os.environ.get("WRITE_EXPECTED"):
        expected_table.write(persona, table)

    written = {call.name for call, answer in here.items() if answer.writes and answer.status < 400}
    found = {
        "not as expected": changed(table, expected_table.column(persona)),
        "worlds differ": told[0],
        "hidden is not missing": told[1],
        "server error": {call.name: "" for call, answer in here.items() if answer.status >= 500},
        "written by who only reads": dict.fromkeys(written - OWN if persona in READS_ONLY else (), ""),
    }
    lines = [f"{what}: {where} {how}" for what, calls in found.items() for where, how in calls.items()]
    if lines:  # an `assert` would spend minutes on comparing
        pytest.fail("\n".join(lines), pytrace=False)


READS_ONLY = {"anonymous", "executive", "viewer"}
# Of the user's own; whoever wrote something may delete it.
OWN = {
    "POST /logout/",
    "POST /profile/",
    "DELETE /api/v1/api-tokens/<uuid:pk>/",
    "POST /notifications/read/",
    "POST /api/v1/notifications/mark-all-read/",
    "PATCH /api/v1/notifications/settings/",
    "DELETE /api/v1/notifications/settings/",
    # Whoever sees the numbers of a plan may imagine others.
    "POST /plans/<uuid:pk>/what-if/new/",
    "POST /scenarios/<uuid:pk>/duplicate/",
    "POST /api/v1/account-plans/<uuid:plan_id>/scenarios/",
}


def test_table_keeps_anonymous_out() -> None:
    """What anybody may call without a login is short enough to be read."""
    refused = {302, 401, 403, 405}

    assert {
        request for request, status in expected_table.column("anonymous").items() if status not in refused
    } == {
        "GET /login/",
        "POST /login/",
        "GET /api/v1/",
        "GET /api/v1/schema/",
        "GET /api/v1/docs/",
        "POST /api/v1/auth/token/",
        "GET /^api(/|$)",  # what is no version of the API: a problem that says so
        "POST /^api(/|$)",
    }


def test_worlds_would_differ_without_the_gate(
    twins: Twins, client_as: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: with every plan visible the same calls tell the worlds apart."""
    client = client_as(twins.cast["colleague"])
    routes = [route for route in site_routes() if "plan" in route.path and not route.id_name]
    calls = [Call("GET", route.url()) for route in routes]
    with undone():
        twins.hide("colleague")
        monkeypatch.setattr(PlanQuerySet, "filter_visible", lambda self, user: self)
        rebuild()
        there = {call: ask(client, call, known_ids()) for call in calls}
    here = {call: ask(client, call, known_ids()) for call in calls}

    assert len(differences(here, there)) >= 5
