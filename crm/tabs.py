"""The pages of one account, as tabs: each app adds those it owns (in `AppConfig.ready`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.models import Account
from kam.users.models import User


@dataclass(frozen=True)
class AccountTab:
    """`url_name` takes the account's id; `permission` is asked about the account."""

    name: str
    label: str | Promise
    url_name: str
    order: int
    permission: str = "crm.view_account"


_tabs: dict[str, AccountTab] = {}


def register_tab(tab: AccountTab) -> None:
    _tabs[tab.name] = tab


def tabs_of_account(account: Account, user: User, *, active: str) -> list[dict[str, Any]]:
    """What `components/tabs.html` takes; nothing where there is only the account's first page."""
    shown = [
        {"label": tab.label, "url": reverse(tab.url_name, args=[account.pk]), "active": tab.name == active}
        for tab in sorted(_tabs.values(), key=lambda tab: tab.order)
        if user.has_perm(tab.permission, account)
    ]
    return shown if len(shown) > 1 else []


register_tab(AccountTab("overview", _("Overview"), "crm:account_detail", 0))
