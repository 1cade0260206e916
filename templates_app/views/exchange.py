"""The library as one file: out, and in again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kam.core.clock import company_today
from kam.core.policy import permission_required
from templates_app.forms import LibraryFileForm
from templates_app.importing import ImportReport, LibraryFileError, export_library, import_library

KINDS = {
    "goal_definitions": gettext_lazy("goal definitions"),
    "action_plan_templates": gettext_lazy("action plan templates"),
    "versions": gettext_lazy("versions"),
    "categories": gettext_lazy("categories"),
    "plan_types": gettext_lazy("plan types"),
    "custom_fields": gettext_lazy("fields of plan types"),
    "stakeholder_roles": gettext_lazy("roles of stakeholders"),
}


@permission_required("templates_app.view_library")
def library_export(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(export_library(request.user), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="kam-library-{company_today():%Y-%m-%d}.json"'
    response["Cache-Control"] = "private, no-store"
    return response


@permission_required("templates_app.change_library")
def library_import(request: HttpRequest) -> HttpResponse:
    form = LibraryFileForm(request.POST or None, request.FILES or None)
    context = {"form": form, "nav_section": "library"}
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            only_check = form.cleaned_data["only_check"]
            try:
                report = import_library(form.cleaned_data["file"].read(), dry_run=only_check)
            except LibraryFileError as error:
                context["errors"] = error.errors
            else:
                context |= {"report": rows_of(report), "has_changes": report.has_changes}
                if not only_check:
                    messages.success(request, summary(report))
                    return redirect("templates_app:library_home")
                status = 200
    return render(request, "templates_app/library_import.html", context, status=status)


def rows_of(report: ImportReport) -> list[dict[str, object]]:
    return [
        {
            "kind": label,
            "created": report.created.get(kind, 0),
            "updated": report.updated.get(kind, 0),
            "unchanged": report.unchanged.get(kind, 0),
        }
        for kind, label in KINDS.items()
    ]


def summary(report: ImportReport) -> str:
    if not report.has_changes:
        return _("Everything in the file is here already: nothing was changed.")
    counts = {"created": sum(report.created.values()), "updated": sum(report.updated.values())}
    return _("The library is imported: %(created)s added, %(updated)s changed.") % counts
