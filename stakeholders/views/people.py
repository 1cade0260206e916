"""The people of a plan as a picture: power against support, and who reports to whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kam.core.addresses import record_url
from kam.core.clock import company_today
from kam.core.policy import object_required
from kam.core.templatetags.kam import initials
from plans.models import Plan
from stakeholders.charts import LINES, MapCell, MapLink, MapPerson, cells_of, relationship_map
from stakeholders.enums import Influence, LinkKind, Support
from stakeholders.gaps import gaps_among
from stakeholders.models import AccountPlanStakeholder, StakeholderLink
from stakeholders.policies import leads_to
from stakeholders.views.frame import frame_of, links_of, people_of, with_head
from stakeholders.views.gaps import lines_of

ALL_LINES = "all"
SHOWN_GAPS = 5
SHOWN_NAMES = 2
LINE_CHOICES = {
    ALL_LINES: gettext_lazy("All lines"),
    **{kind.value: kind.label for kind in LinkKind},
    "none": gettext_lazy("No lines"),
}


# --- The map ----------------------------------------------------------------------------------
@dataclass
class MapRow:
    """Somebody on the map, in words."""

    person: AccountPlanStakeholder
    links: list[str] = field(default_factory=list)


@object_required(Plan, "plans.view_accountplan", queryset=with_head)
def stakeholder_map(request: HttpRequest, plan: Plan) -> HttpResponse:
    """Who may not see whom people speak for gets the list: a place on the map would tell it."""
    frame = frame_of(request, plan, "map")
    if not frame["sees_stance"]:
        return redirect("stakeholders:stakeholder_list", plan.pk)
    asked = request.GET.get("lines", "")
    lines = asked if asked in LINE_CHOICES else ALL_LINES
    people, links = people_of(plan, with_contact=True), links_of(plan)
    gaps = gaps_among(
        people,
        expected=list(plan.plan_type.expected_roles.all()),
        looked_after={row.pk for row in people if row.is_looked_after},  # type: ignore[attr-defined]
        today=company_today(),
    )
    placed = [row for row in people if row.support is not None]
    rows = cells_of([on_map(row) for row in placed])
    context = frame | {
        "people": people,
        "summary": summary_of(people),
        "gaps": lines_of(gaps[:SHOWN_GAPS], plan, request.user, may_change=frame["may_change"]),
        "gap_count": len(gaps),
        "not_placed": [row for row in people if row.support is None],
        "chart": chart_of(plan, rows, [link for link in links if lines in {ALL_LINES, link.kind}]),
        "rows": [(Influence(row[0].influence).label, row) for row in rows],
        "supports": [Support(cell.support) for cell in rows[0]],
        "in_words": in_words(people, links),
        "lines": [
            {"label": label, "url": f"?lines={key}", "active": key == lines}
            for key, label in LINE_CHOICES.items()
        ]
        if links
        else [],
    }
    return render(request, "stakeholders/stakeholder_map.html", context)


def summary_of(people: Sequence[AccountPlanStakeholder]) -> list[dict[str, Any]]:
    """Four numbers to start a talk with, each with whom it counts."""
    groups = [
        (_("On the plan"), "users", people, _("Nobody yet")),
        (_("Who decide"), "key", [row for row in people if row.decides], _("Nobody named")),
        (_("For us"), "star", [row for row in people if (row.support or 0) > 0], _("Nobody yet")),
        (
            _("Against us"),
            "alert-circle",
            [row for row in people if (row.support or 0) < 0],
            _("Nobody known"),
        ),
    ]
    return [
        {"label": label, "icon": icon, "value": len(rows), "sub": names_of(rows) or nobody}
        for label, icon, rows, nobody in groups
    ]


def names_of(rows: Sequence[AccountPlanStakeholder]) -> str:
    names = list(dict.fromkeys(str(row) for row in rows))
    shown = ", ".join(names[:SHOWN_NAMES])
    more = len(names) - SHOWN_NAMES
    return shown if more <= 0 else _("%(names)s and %(count)s more") % {"names": shown, "count": more}


def on_map(row: AccountPlanStakeholder) -> MapPerson:
    name = str(row)
    return MapPerson(
        key=str(row.pk),
        name=name,
        initials=initials(name),
        role=row.role.name,
        influence=row.influence,
        support=row.support or 0,
        url=record_url("stakeholders:stakeholder_detail", row.pk),
        is_organisation=row.is_organisation,
        is_looked_after=row.is_looked_after,  # type: ignore[attr-defined]
    )


def chart_of(plan: Plan, rows: Sequence[Sequence[MapCell]], links: Iterable[StakeholderLink]) -> SafeString:
    lines = [
        MapLink(str(link.from_stakeholder_id), str(link.to_stakeholder_id), link.kind)
        for link in links
        if link.kind in LINES
    ]
    return relationship_map(
        chart_id="relationship-map",
        rows=rows,
        links=lines,
        influences={level.value: str(level.label) for level in Influence},
        supports={level.value: str(level.label) for level in Support},
        list_url=reverse("stakeholders:stakeholder_list", args=[plan.pk]),
        title=_("People by influence and by whom they speak for"),
    )


def in_words(people: Sequence[AccountPlanStakeholder], links: Sequence[StakeholderLink]) -> list[MapRow]:
    rows = {row.pk: MapRow(row) for row in people}
    for link in links:
        start, end = rows.get(link.from_stakeholder_id), rows.get(link.to_stakeholder_id)
        if start is None or end is None:
            continue
        start.links.append(f"{link.get_kind_display()} {end.person}")
        if link.kind == LinkKind.CONFLICTS_WITH:
            end.links.append(f"{link.get_kind_display()} {start.person}")
    return list(rows.values())


# --- Who reports to whom ------------------------------------------------------------------------
@dataclass
class Place:
    """Somebody with those who report to them."""

    person: AccountPlanStakeholder
    below: list[Place] = field(default_factory=list)


@object_required(Plan, "plans.view_accountplan", queryset=with_head)
def stakeholder_organisation(request: HttpRequest, plan: Plan) -> HttpResponse:
    people = people_of(plan)
    tree = tree_of(people, links_of(plan))
    context = frame_of(request, plan, "organisation") | {
        "people": people,
        "tree": [place for place in tree if place.below],
        "alone": [place.person for place in tree if not place.below],
    }
    return render(request, "stakeholders/stakeholder_organisation.html", context)


def tree_of(people: Sequence[AccountPlanStakeholder], links: Sequence[StakeholderLink]) -> list[Place]:
    """By the links of the plan, and where it says nothing by the contacts' own superiors."""
    places = {row.pk: Place(row) for row in people}
    above: dict[Any, list[Any]] = {}
    for link in links:
        if link.kind == LinkKind.REPORTS_TO:
            above.setdefault(link.from_stakeholder_id, []).append(link.to_stakeholder_id)
    by_contact = {row.contact_id: row.pk for row in reversed(people) if row.contact_id}
    for row in people:
        superior = by_contact.get(row.contact.reports_to_id) if row.contact else None
        if row.pk not in above and superior and not leads_to(superior, row.pk, above):
            above[row.pk] = [superior]
    for row in people:
        for superior in above.get(row.pk, ()):
            places[superior].below.append(places[row.pk])
    return [places[row.pk] for row in people if row.pk not in above]
