"""One line of an order, as the ERP sent it: where the way down from a number ends."""

from __future__ import annotations

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from crm.models import Order
from crm.rates import Rates
from kam.core.panels import render_panel
from kam.core.policy import object_required


def with_facts(orders: QuerySet) -> QuerySet:
    return orders.select_related("account", "product__category")


@object_required(Order, "crm.view_order", queryset=with_facts)
def order_detail(request: HttpRequest, order: Order) -> HttpResponse:
    is_foreign = order.currency != settings.COMPANY_CURRENCY
    context = {
        "order": order,
        "company_currency": settings.COMPANY_CURRENCY,
        "is_foreign": is_foreign,
        "rate": Rates([order.currency]).on(order.currency, order.date) if is_foreign else None,
        "plans_panel": render_panel(request, "metrics:order_plans", order),
        "nav_section": "accounts",
    }
    return render(request, "crm/order_detail.html", context)
