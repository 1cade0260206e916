"""How CRM records look: the tone and icon of a stage, and the rows of their lists.

Rows are written in Python: through template nodes a list of 25 takes as long as everything else on its page.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from functools import lru_cache
from typing import Any

from django import template
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crm.models import Account, Opportunity, Stage
from crm.tabs import tabs_of_account
from kam.core.formatting import DASH, format_money_whole, format_percent
from kam.core.templatetags.kam import avatar, day, icon, status_pill

register = template.Library()

SHOWN_STEP = 60  # characters of a next step


@register.inclusion_tag("components/tabs.html", takes_context=True)
def account_tabs(context: Context, account: Account, active: str) -> dict[str, Any]:
    """The tabs of an account's pages, as far as the reader may open them."""
    return {
        "tabs": tabs_of_account(account, context["request"].user, active=active),
        "label": _("Pages of the account"),
    }


@register.simple_tag
def stage_pill(stage: Stage) -> SafeString:
    if stage.is_won:
        return status_pill(stage.name, "ok")
    return (
        status_pill(stage.name, "neutral", "ban") if stage.is_closed else status_pill(stage.name, "info", "")
    )


# --- Opportunities --------------------------------------------------------------------------
@register.simple_tag
def opportunity_rows(opportunities: Iterable[Opportunity], today: date) -> SafeString:
    """Needs `account`, `stage` and `owner`."""
    pattern = _opportunity_row(get_language() or "")
    return mark_safe("\n".join(_write_opportunity(pattern, row, today) for row in opportunities))


@lru_cache(maxsize=16)
def _opportunity_row(language: str) -> str:
    return (
        '<tr><td class="k-main"><a href="{}">{}</a>{}</td>'
        + _cell(_("Account"), '<a href="{}">{}</a>')
        + _cell(_("Stage"))
        + _cell(_("Amount"), css="num")
        + _cell(_("Probability"), css="num")
        + _cell(_("Closes"), "{}{}", css="text-nowrap")
        + _cell(_("Owner"), css="text-nowrap")
        + "</tr>"
    )


def _write_opportunity(pattern: str, opportunity: Opportunity, today: date) -> SafeString:
    account, step = opportunity.account, opportunity.next_step
    if len(step) > SHOWN_STEP:
        step = Truncator(step).chars(SHOWN_STEP)
    slipped = opportunity.is_slipped_on(today)
    return format_html(
        pattern,
        opportunity.get_absolute_url(),
        opportunity.name,
        format_html("<small>{} {}</small>", _("Next:"), step) if step else "",
        account.get_absolute_url(),
        account.name,
        stage_pill(opportunity.stage),
        format_money_whole(opportunity.amount, opportunity.currency),
        format_percent(opportunity.probability, digits=0),
        day(opportunity.close_date),
        mark_safe("<br>" + status_pill(_("Slipped"), "warn", "clock")) if slipped else "",
        avatar(opportunity.owner, with_name=True, size="s"),
    )


# --- Accounts -------------------------------------------------------------------------------
@register.simple_tag
def account_rows(accounts: Iterable[Account], today: date, groups: Collection[Any]) -> SafeString:
    """Needs the related rows that the list loads, and `with_last_activity()`; `groups` are the parents
    that the reader may see."""
    pattern = _account_row(get_language() or "")
    return mark_safe("\n".join(_write_account(pattern, row, today, groups) for row in accounts))


@lru_cache(maxsize=16)
def _account_row(language: str) -> str:
    return (
        '<tr><td class="k-main"><a href="{}">{}</a>{}</td>'
        + _cell(_("Segment"), "{}{}")
        + _cell(_("Territory"))
        + _cell(_("Owner"), css="text-nowrap")
        + _cell(_("Industry"))
        + _cell(_("Last contact"), css="text-nowrap")
        + _cell(_("Next contact due"), css="text-nowrap")
        + "</tr>"
    )


def _write_account(pattern: str, account: Account, today: date, groups: Collection[Any]) -> SafeString:
    aims_higher = account.target_segment_id and account.target_segment_id != account.current_segment_id
    return format_html(
        pattern,
        account.get_absolute_url(),
        account.name,
        _part_of_group() if account.parent_id in groups else "",
        account.current_segment or DASH,
        format_html("<small>{} {}</small>", _("aim:"), account.target_segment) if aims_higher else "",
        account.territory or DASH,
        avatar(account.owner, with_name=True, size="s"),
        account.industry or DASH,
        day(account.last_activity_on),  # type: ignore[attr-defined]
        _due(account.next_activity_due_on, today),
    )


def _part_of_group() -> SafeString:
    return format_html("<small>{} {}</small>", icon("sitemap", size="s"), _("part of a group"))


def _due(due: date | None, today: date) -> SafeString | str:
    if due is None or due > today:
        return day(due)
    return format_html("{}<small>{}</small>", status_pill(day(due), "bad", "calendar-due"), _("overdue"))


def _cell(label: str, content: str = "{}", css: str = "") -> str:
    """A cell as a format: its label is what a phone shows beside it."""
    kind = format_html(' class="{}"', css) if css else ""
    head = format_html('<td{} data-label="{}">', kind, label).replace("{", "{{").replace("}", "}}")
    return f"{head}{content}</td>"
