"""Other companies that matter to a plan."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.models import Account, Contact
from kam.core.forms import saved
from kam.core.pages import posted, render_form
from kam.core.policy import object_required
from plans.models import Plan
from stakeholders.forms import PartnerForm
from stakeholders.models import PartnerRole
from stakeholders.views.frame import frame_of, with_head
from stakeholders.views.stakeholders import PAGE


def with_plan(rows: QuerySet) -> QuerySet:
    return rows.in_shown_sections().select_related("plan", "account", "role")


def partners_url(plan: Plan) -> str:
    return reverse("stakeholders:partner_list", args=[plan.pk])


@object_required(Plan, "plans.view_accountplan", queryset=with_head)
def partner_list(request: HttpRequest, plan: Plan) -> HttpResponse:
    """A contact elsewhere is named to those who see it anyhow; of an account only the name."""
    user = request.user
    rows = PartnerRole.objects.visible_to(user).filter(plan=plan).select_related("account", "role")
    partners = rows.prefetch_related(Prefetch("contact", Contact.objects.visible_to(user)))
    partners = partners.order_by("role__order", "role__name", "created_at")
    found = list(partners)
    accounts = {row.account_id for row in found if row.account_id}
    context = frame_of(request, plan, "partners") | {
        "partners": found,
        "open_accounts": set(
            Account.objects.visible_to(user).filter(pk__in=accounts).values_list("pk", flat=True)
        ),
    }
    return render(request, "stakeholders/partner_list.html", context)


@object_required(Plan, "stakeholders.add_partnerrole", queryset=with_head)
def partner_create(request: HttpRequest, plan: Plan) -> HttpResponse:
    form = PartnerForm(posted(request), instance=PartnerRole(plan=plan), user=request.user)
    return answer(request, form, plan, title=_("New partner"))


@object_required(PartnerRole, "stakeholders.change_partnerrole", queryset=with_plan)
def partner_update(request: HttpRequest, partner: PartnerRole) -> HttpResponse:
    form = PartnerForm(posted(request), instance=partner, user=request.user)
    return answer(request, form, partner.plan, title=str(partner))


def answer(request: HttpRequest, form: PartnerForm, plan: Plan, *, title: str) -> HttpResponse:
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(partner)s” is saved.") % {"partner": form.instance})
        return redirect(partners_url(plan))
    context = {"form": form, "plan": plan, "title": title, "back": partners_url(plan), **PAGE}
    return render_form(request, "stakeholders/part_form.html", context)


@object_required(PartnerRole, "stakeholders.delete_partnerrole", queryset=with_plan)
def partner_delete(request: HttpRequest, partner: PartnerRole) -> HttpResponse:
    if request.method == "POST":
        name = str(partner)
        partner.delete()
        messages.success(request, _("“%(partner)s” is removed.") % {"partner": name})
        return redirect(partners_url(partner.plan))
    context = {"part": partner, "plan": partner.plan, "back": partners_url(partner.plan), **PAGE}
    return render(request, "stakeholders/confirm_delete.html", context)
