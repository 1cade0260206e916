"""The periodic jobs: what ran when, for how long, with what result. For administrators."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kam.core.policy import permission_required
from metrics import jobs
from metrics.models import JobRun
from metrics.views.operations import operations_tabs

SHOWN_RUNS = 50


@permission_required("metrics.view_operations")
def jobs_page(request: HttpRequest) -> HttpResponse:
    states = jobs.states()
    context = {
        "states": states,
        "has_failed": any(state.status == "failed" for state in states),
        "runs": JobRun.objects.all()[:SHOWN_RUNS],
        "tabs": operations_tabs("jobs"),
        "nav_section": "operations",
    }
    return render(request, "metrics/jobs.html", context)


@require_POST
@permission_required("metrics.view_operations")
def run_job_now(request: HttpRequest, name: str) -> HttpResponse:
    """Run a job here and now, also if it was done in this period."""
    try:
        job = jobs.job_named(name)
    except jobs.UnknownJobError as error:
        raise Http404 from error
    run = jobs.run_job(job, is_forced=True)
    if run is None:
        messages.info(request, _("“%(job)s” is running already.") % {"job": job.label})
    elif run.error:
        messages.error(request, _("“%(job)s” failed. The error is below.") % {"job": job.label})
    else:
        messages.success(request, f"{job.label}: {run.result}")
    return redirect("metrics:jobs")
