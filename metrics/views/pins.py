"""Putting records into a plan's numbers, or leaving them out, by hand: where the records are listed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kam.core.forms import MATCHES, saved
from kam.core.pages import next_url, posted, render_form, success_with_undo, typed
from kam.core.policy import object_required, signed_in
from metrics.pin_forms import PinForm, named, records_to_pin
from plans.enums import PinEffect, RecordKind
from plans.models import Plan, PlanPin
from plans.operations import log_confidential_look
from plans.operations.pins import pin_record

SHOWN = 100


def with_frame(plans: QuerySet) -> QuerySet:
    return plans.select_related("account", "territory", "owner", "plan_type")


def records_url(plan: Plan) -> str:
    return reverse("metrics:kpi_records", args=[plan.pk, "total_expected_revenue"])


def pins_context(request: HttpRequest, plan: Plan) -> dict[str, Any]:
    """For the page of records: what was decided by hand, as far as the reader may open the records."""
    pins = PlanPin.objects.visible_to(request.user).filter(plan=plan).with_records()
    shown = list(pins.order_by("created_at", "id")[:SHOWN])
    for pin in shown:
        pin.plan, pin.label = plan, named(pin.record)
    everyone = PlanPin.objects.unscoped("how many there are, seen or not").filter(plan=plan).count()
    return {
        "pins": shown,
        "more_pins": everyone - len(shown),
        "may_pin": request.user.has_perm("plans.add_planpin", plan),
    }


@object_required(Plan, "plans.add_planpin", queryset=with_frame)
def pin_create(
    request: HttpRequest,
    plan: Plan,
    effect: str = PinEffect.INCLUDE,
    kind: str = "",
    record_id: UUID | None = None,
) -> HttpResponse:
    """Of one record, from its row; without one it is searched for."""
    if not request.user.has_perm("plans.view_numbers", plan):
        raise PermissionDenied
    if effect not in PinEffect.values or (kind and kind not in RecordKind.values):
        raise Http404
    log_confidential_look(plan=plan, user=request.user)
    record = get_object_or_404(records_to_pin(kind, request.user), pk=record_id) if kind else None
    form = PinForm(posted(request), plan=plan, user=request.user, record=record)
    back = next_url(request, records_url(plan))
    if request.method == "POST" and saved(form, lambda: _pin(form, plan, effect)):
        success_with_undo(request, _done(effect, named(form.chosen)), _undo_url(plan, form.chosen))
        return redirect(back)
    context = {
        "form": form,
        "plan": plan,
        "record": record and named(record),
        "title": _("Put in by hand") if effect == PinEffect.INCLUDE else _("Leave out by hand"),
        "is_putting_in": effect == PinEffect.INCLUDE,
        "back": back,
        "nav_section": "plans",
    }
    return render_form(request, "metrics/pin_form.html", context)


def _pin(form: PinForm, plan: Plan, effect: str) -> None:
    record = form.chosen
    kind = RecordKind({"revenueschedule": "schedule"}.get(record._meta.model_name, record._meta.model_name))
    pin_record(plan=plan, record=record, kind=kind, effect=effect, reason=form.cleaned_data["reason"])


def _done(effect: str, name: str) -> str:
    if effect == PinEffect.INCLUDE:
        return _("“%(record)s” is put in.") % {"record": name}
    return _("“%(record)s” is left out.") % {"record": name}


def _undo_url(plan: Plan, record: Any) -> str:
    pins = PlanPin.objects.unscoped("what the user has just pinned").filter(plan=plan)
    pin = next(pin for pin in pins if pin.record_id == record.pk)
    return reverse("metrics:pin_delete", args=[pin.pk])


@require_POST
@object_required(
    PlanPin, "plans.delete_planpin", queryset=lambda pins: pins.with_records().select_related("plan")
)
def pin_delete(request: HttpRequest, pin: PlanPin) -> HttpResponse:
    name, plan = named(pin.record), pin.plan
    pin.delete()
    messages.success(request, _("“%(record)s” counts as the plan says again.") % {"record": name})
    return redirect(next_url(request, records_url(plan)))


@signed_in
def pin_options(request: HttpRequest, kind: str) -> JsonResponse:
    """Records whose name or account matches, for the search field."""
    if kind not in RecordKind.values:
        raise Http404
    rows = records_to_pin(kind, request.user, typed(request))[:MATCHES]
    return JsonResponse({"options": [{"id": str(row.pk), "label": named(row), "note": ""} for row in rows]})
