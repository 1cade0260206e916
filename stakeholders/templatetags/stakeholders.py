"""How stakeholders look: whom they speak for, how much they count, what we are to them."""

from __future__ import annotations

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kam.core.templatetags.kam import avatar, status_pill
from stakeholders.enums import Influence, RelationshipLevel, Support
from stakeholders.models import AccountPlanStakeholder

register = template.Library()

STANCES = {
    Support.AGAINST: ("bad", "alert-circle"),
    Support.SCEPTICAL: ("warn", "trending-down"),
    Support.NEUTRAL: ("neutral", "minus"),
    Support.FRIENDLY: ("ok", "trending-up"),
    Support.FOR_US: ("ok", "star"),
}


@register.simple_tag
def stance(support: int | None) -> SafeString:
    """Whom somebody speaks for, of a plan or a product."""
    if support is None:
        return status_pill(_("Not known"), "neutral", "help-circle")
    tone, icon = STANCES[Support(support)]
    return status_pill(Support(support).label, tone, icon)


@register.filter
def steps_from_neutral(support: int) -> int:
    return abs(int(support))


@register.simple_tag
def influence(level: int) -> SafeString:
    return _meter(Influence(level).label, filled=level, of=len(Influence))


@register.simple_tag
def relationship(row: AccountPlanStakeholder) -> SafeString:
    """Where it stands, and where it should be, if that is further."""
    now = RelationshipLevel(row.relationship_now)
    if row.is_level_reached:
        return _meter(now.label, filled=now.rank, of=len(RelationshipLevel) - 1)
    wanted = RelationshipLevel(row.relationship_desired)
    words = _("%(now)s → %(wanted)s") % {"now": now.label, "wanted": wanted.label}
    return _meter(words, filled=now.rank, of=len(RelationshipLevel) - 1, wanted=wanted.rank)


def _meter(words: object, *, filled: int, of: int, wanted: int = 0) -> SafeString:
    """Steps and the same in words."""
    looks = [
        "is-there" if step <= filled else "is-wanted" if step <= wanted else "" for step in range(1, of + 1)
    ]
    steps = format_html_join("", '<span class="{}"></span>', ((look,) for look in looks))
    return format_html(
        '<span class="k-level"><span class="k-steps" aria-hidden="true">{}</span><span>{}</span></span>',
        steps,
        words,
    )


@register.simple_tag
def colleagues(row: AccountPlanStakeholder) -> SafeString:
    """Who answers for the relationship and who looks after them, once each."""
    found = [row.owner] if row.owner else []
    found += [link.participant.user for link in row.participant_links.all()]
    people = list(dict.fromkeys(found))
    if not people:
        return status_pill(_("Nobody"), "warn", "alert-triangle")
    parts = format_html_join("", "{}", ((avatar(person, with_name=True, size="s"),) for person in people))
    return format_html('<span class="k-colleagues">{}</span>', parts)
