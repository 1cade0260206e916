"""What a scenario changes, in sentences. Deals that the reader may not open are counted, never named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.models import Opportunity
from kam.core.formatting import format_money, format_percent
from kam.users.models import User
from metrics.enums import ChangeState, DealOutcome
from metrics.scenario_models import BuildingBlock, Scenario, ScenarioChange
from metrics.scenarios import Basis, Effect, Result, counts

OVER = {
    ChangeState.WON: "“%(deal)s” was won since: this change no longer applies.",
    ChangeState.LOST: "“%(deal)s” was lost since: this change no longer applies.",
    ChangeState.DELETED: "“%(deal)s” was deleted since: this change no longer applies.",
    ChangeState.NOT_COUNTED: "“%(deal)s” does not count in this plan: this change has no effect.",
}


@dataclass(frozen=True)
class Line:
    """One change or building block in words."""

    text: str
    tone: str = ""  # "warn": it has no effect (any more), or not all of it
    effect: Effect | None = None


@dataclass(frozen=True)
class Told:
    """All that a scenario changes, as far as this reader may know it."""

    lines: Sequence[Line]
    hidden: int

    @property
    def is_nothing(self) -> bool:
        return not self.lines and not self.hidden

    @property
    def count(self) -> int:
        return len(self.lines) + self.hidden

    @property
    def over(self) -> list[Effect]:
        """Changes that have nothing to change any more."""
        return [
            line.effect for line in self.lines if line.effect is not None and not line.effect.still_applies
        ]

    @property
    def hidden_text(self) -> str:
        text = ngettext(
            "%(count)s more change, of a deal that you cannot open, counts in the numbers.",
            "%(count)s more changes, of deals that you cannot open, count in the numbers.",
            self.hidden,
        )
        return text % {"count": self.hidden} if self.hidden else ""


def told(scenario: Scenario, result: Result, *, user: User) -> Told:
    """The result was worked out for the user."""
    is_author, seen = scenario.owner_id == user.pk, result.basis.openable
    shown = [
        effect
        for effect in result.effects
        if effect.change.opportunity_id in seen or (effect.deal is None and is_author)
    ]
    lines = [line_of(effect, result.basis) for effect in shown]
    lines += [line_of_block(block, result.basis) for block in result.blocks]
    return Told(lines, len(result.effects) - len(shown))


def line_of(effect: Effect, basis: Basis) -> Line:
    deal, change = effect.deal, effect.change
    name = deal.name if deal is not None else change.deal_name
    if deal is None or not effect.still_applies:
        return Line(_(OVER[effect.state]) % {"deal": name}, "warn", effect)
    text = f"“{name}”: {', '.join(parts_of(change, deal))}"
    if effect.state == ChangeState.OUTSIDE:
        text += _(" – outside the plan's period: it brings nothing")
    elif effect.state == ChangeState.NOT_CONVERTED:
        text += _(" – without an exchange rate for that day: left out")
    elif effect.is_partly_outside:
        text += _(" – part of it falls outside the plan's period")
    else:
        return Line(f"{text}.", "", effect)
    return Line(f"{text}.", "warn", effect)


def parts_of(change: ScenarioChange, deal: Opportunity) -> list[str]:
    """What is otherwise, each with what it is in truth."""
    if change.outcome == DealOutcome.DROPPED:
        return [_("dropped")]
    parts = [_("won")] if change.outcome == DealOutcome.WON else []
    if change.date is not None:
        days = {"new": date_format(change.date), "old": date_format(deal.close_date)}
        parts.append(_("on %(new)s instead of %(old)s") % days)
    if change.amount is not None:
        amounts = {
            "new": format_money(change.amount, deal.currency),
            "old": format_money(deal.amount, deal.currency),
        }
        parts.append(_("%(new)s instead of %(old)s") % amounts)
    if change.probability is not None and change.outcome == DealOutcome.OPEN:
        chances = {"new": format_percent(change.probability), "old": format_percent(deal.probability)}
        parts.append(_("at %(new)s instead of %(old)s") % chances)
    return parts


def line_of_block(block: BuildingBlock, basis: Basis) -> Line:
    facts = {
        "name": block.name,
        "amount": format_money(block.amount, basis.plan.currency),
        "day": date_format(block.date),
        "chance": format_percent(block.probability),
    }
    text = _("New: “%(name)s”, %(amount)s on %(day)s at %(chance)s") % facts
    if not counts(basis, block):
        return Line(text + _(" – outside the plan's period: it brings nothing."), "warn")
    return Line(f"{text}.")
