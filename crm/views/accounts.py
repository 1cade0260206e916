from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from crm.models import Account
from kam.core.policy import object_required, signed_in


@signed_in
def account_list(request: HttpRequest) -> HttpResponse:
    accounts = Account.objects.visible_to(request.user)[:50]
    return render(request, "crm/account_list.html", {"accounts": accounts, "nav_section": "accounts"})


@object_required(Account, "crm.view_account")
def account_detail(request: HttpRequest, account: Account) -> HttpResponse:
    return render(request, "crm/account_detail.html", {"account": account, "nav_section": "accounts"})
