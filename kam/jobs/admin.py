from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy

from kam.core.admin import ReadOnlyAdmin, limit_history
from kam.jobs.models import Job

limit_history("jobs", Job.objects.visible_to)


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """Who had what done when. What it was done to stands on the page of the job, for those who may see that."""

    list_display = ("title", "owner", "shown_state", "created_at", "started_at", "finished_at")
    list_select_related = ("owner",)
    search_fields = ("title", "owner__username")
    ordering = ("-created_at",)
    readonly_fields = ("shown_state",)
    fields = ("title", "kind", "owner", "shown_state", "started_at", "finished_at")

    @admin.display(description=gettext_lazy("state"))
    def shown_state(self, job: Job) -> str:
        return str(job.state.label)
