"""How fresh the numbers are: what waits, who works it off, what failed. For administrators."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kam.core import triggers
from kam.core.policy import permission_required
from metrics import operations
from metrics.models import PlanKPI, RollupFailure, StaleMarker, Sweeper
from plans.models import AccountPlan

SEEN_LATELY = timedelta(minutes=2)
SHOWN_FAILURES = 100


def operations_tabs(active: str) -> list[dict[str, Any]]:
    """The pages for who runs the system."""
    tabs = {"operations": _("Data freshness"), "jobs": _("Jobs")}
    return [
        {"label": label, "url": reverse(f"metrics:{name}"), "active": name == active}
        for name, label in tabs.items()
    ]


def in_words(age: timedelta | None) -> str:
    """In the largest unit that says something: 26 s, 5 min, 3 h, 2 d."""
    if age is None:
        return ""
    seconds = max(int(age.total_seconds()), 0)
    for limit, unit, size in ((120, "s", 1), (7_200, "min", 60), (172_800, "h", 3_600)):
        if seconds < limit:
            return f"{seconds // size} {unit}"
    return f"{seconds // 86_400} d"


@permission_required("metrics.view_operations")
def operations_page(request: HttpRequest) -> HttpResponse:
    failures = list(RollupFailure.objects.all()[:SHOWN_FAILURES])
    # The names of plans that the reader may see; the others show as an id, without a name.
    plans = AccountPlan.objects.visible_to(request.user).in_bulk([failure.plan_id for failure in failures])
    sweepers = list(Sweeper.objects.latest_first()[:20])
    now = timezone.now()
    context = {
        "pending": StaleMarker.objects.count(),
        "oldest_age": in_words(operations.oldest_marker_age()),
        "computed": PlanKPI.objects.visible_to(request.user).count(),
        "failures": [(failure, plans.get(failure.plan_id)) for failure in failures],
        "failure_count": RollupFailure.objects.count(),
        "sweepers": sweepers,
        "is_swept": any(sweeper.seen_at > now - SEEN_LATELY for sweeper in sweepers),
        "missing_triggers": triggers.missing(connection),
        "tabs": operations_tabs("operations"),
        "nav_section": "operations",
    }
    return render(request, "metrics/operations.html", context)


@require_POST
@permission_required("metrics.view_operations")
def sweep_now(request: HttpRequest) -> HttpResponse:
    """Work off what waits, here and now."""
    result = operations.sweep(sweeper="page")
    text = _("%(markers)s changes worked off, %(plans)s plans computed.")
    messages.success(request, text % {"markers": result.markers, "plans": result.plans})
    return redirect("metrics:operations")


@require_POST
@permission_required("metrics.view_operations")
def retry_failure(request: HttpRequest, plan_id: UUID) -> HttpResponse:
    """Try a plan again whose computation failed, whatever its back-off."""
    operations.retry_now(plan_id)
    result = operations.sweep(sweeper="page")
    if result.failed:
        messages.error(request, _("It failed again. The error is below."))
    else:
        messages.success(request, _("Computed."))
    return redirect("metrics:operations")
