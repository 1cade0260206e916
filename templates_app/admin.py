from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from kam.core.admin import KamModelAdmin
from templates_app.models import PlanType


@admin.register(PlanType)
class PlanTypeAdmin(KamModelAdmin):
    list_display = ("name", "default_revenue_basis", "default_review_frequency", "is_retired")
    list_filter = ("is_retired", "default_revenue_basis")
    search_fields = ("name",)
    actions = ("retire", "offer")
    fields = ("name", "description", "default_revenue_basis", "default_review_frequency", "is_retired")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Retired types are not offered anew."""
        rows, may_repeat = super().get_search_results(request, queryset, search_term)
        is_choosing = request.resolver_match and request.resolver_match.url_name == "autocomplete"
        return (rows.filter(is_retired=False) if is_choosing else rows), may_repeat

    @admin.action(description=_("Retire: old plans keep it, nobody can choose it"), permissions=["change"])
    def retire(self, request: HttpRequest, queryset: QuerySet) -> None:
        queryset.update(is_retired=True)

    @admin.action(description=_("Offer again"), permissions=["change"])
    def offer(self, request: HttpRequest, queryset: QuerySet) -> None:
        queryset.update(is_retired=False)
