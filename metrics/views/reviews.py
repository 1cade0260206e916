"""The numbers on the page of a review: as they stood when it was held, before as they stand."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from kam.core.panels import is_part_of_page
from kam.core.policy import object_required
from metrics import operations
from metrics.charts import plan_chart
from metrics.history import frozen_numbers
from metrics.views.tiles import rows_of
from plans.models import PlanReview


@object_required(PlanReview, "plans.view_numbers")
def review_numbers(request: HttpRequest, review: PlanReview) -> HttpResponse:
    if not is_part_of_page(request):
        return redirect(review)
    source: Any = review.plan
    if review.is_held:
        source = numbers = frozen_numbers([review]).get(review.pk)
    else:
        numbers, _is_fresh = operations.fresh_kpi(review.plan)
    if numbers is None or numbers.won_revenue is None:
        return HttpResponse()
    chart = plan_chart(
        chart_id="review-chart",
        currency=numbers.currency,
        target=numbers.sales_target,
        won=numbers.won_revenue,
        weighted_pipeline=numbers.weighted_pipeline,
        stretch=source.stretch_target,
        title=_("Target and expected revenue"),
    )
    context = {"review": review, "numbers": numbers, "chart": chart, "rows": rows_of(source, numbers)}
    return render(request, "metrics/_review_numbers.html", context)
