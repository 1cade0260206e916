"""The page of a job: how far it is, what came of it. It works off by itself, whether anybody looks or not."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from kam.core.lists import page_of
from kam.core.policy import object_required, signed_in
from kam.jobs.kinds import ItemState
from kam.jobs.models import Job, JobItem
from kam.jobs.operations import counts_of, look_up_targets, retry_failed

PER_PAGE = 50
# What failed comes first, what waits last.
PLACES = {ItemState.FAILED: 0, ItemState.SKIPPED: 1, ItemState.DONE: 2, ItemState.WAITING: 3}


def with_owner(jobs: QuerySet) -> QuerySet:
    return jobs.select_related("owner")


@signed_in
def job_list(request: HttpRequest) -> HttpResponse:
    page = page_of(request, Job.objects.visible_to(request.user).filter(owner=request.user))
    counts = counts_of(page.object_list, request.user)
    for job in page.object_list:
        job.counts = counts[job.pk]
    return render(request, "jobs/job_list.html", {"page_obj": page, "nav_section": "jobs"})


@object_required(Job, "jobs.view_job", queryset=with_owner)
def job_detail(request: HttpRequest, job: Job) -> HttpResponse:
    """The page asks itself anew until the job is done; a plain reload shows the same."""
    counts = counts_of([job], request.user)[job.pk]
    place = Case(
        *(When(state=state, then=Value(number)) for state, number in PLACES.items()),
        output_field=IntegerField(),
    )
    items = JobItem.objects.visible_to(request.user).filter(job=job).order_by(place, "pk")
    page = page_of(request, items, per_page=PER_PAGE)
    look_up_targets(page.object_list, job, request.user)
    over = counts["total"] - counts["waiting"]
    context = {
        "job": job,
        "counts": counts,
        "over": over,
        "percent": round(over * 100 / counts["total"]) if counts["total"] else None,
        "page_obj": page,
        "may_retry": request.user.has_perm("jobs.change_job", job) and counts["failed"],
        "nav_section": "jobs",
    }
    return render(request, "jobs/job_detail.html", context)


@require_POST
@object_required(Job, "jobs.change_job")
def job_retry(request: HttpRequest, job: Job) -> HttpResponse:
    count = retry_failed(job)
    if count:
        text = ngettext("%(count)s is tried again.", "%(count)s are tried again.", count)
        messages.success(request, text % {"count": count})
    else:
        messages.info(request, _("Nothing of it has failed."))
    return redirect(job)
