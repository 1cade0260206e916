"""One stakeholder: everything known of them, and the forms that keep it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm.enums import ActivityStatus
from crm.models import Account, Activity, PickListValue
from kam.core.clock import company_today
from kam.core.forms import saved
from kam.core.pages import as_uuid, next_url, posted, render_form
from kam.core.policy import object_required
from kam.users.models import User
from plans.models import Plan
from plans.operations import log_confidential_look
from stakeholders.enums import LinkKind
from stakeholders.forms import StakeholderForm
from stakeholders.gaps import REASON
from stakeholders.models import (
    AccountPlanStakeholder,
    ParticipantStakeholder,
    StakeholderAction,
    StakeholderLink,
    StakeholderProduct,
)
from stakeholders.views.frame import with_head

SHOWN_ACTIVITIES = 6
SHOWN_PLANS = 10
PAGE = {"nav_section": "plans", "plan_tab": "stakeholders"}
BACKWARDS = {
    LinkKind.REPORTS_TO: gettext_lazy("Superior of"),
    LinkKind.INFLUENCES: gettext_lazy("Influenced by"),
}


def with_frame(rows: QuerySet) -> QuerySet:
    return (
        rows.in_shown_sections()
        .with_names()
        .select_related("plan__account", "plan__territory", "plan__plan_type", "plan__owner")
    )


def with_facts(rows: QuerySet) -> QuerySet:
    return with_frame(rows).with_last_contact()


def list_url(plan: Plan) -> str:
    return reverse("stakeholders:stakeholder_map", args=[plan.pk])


def detail_url(row: AccountPlanStakeholder) -> str:
    return reverse("stakeholders:stakeholder_detail", args=[row.pk])


@object_required(AccountPlanStakeholder, "stakeholders.view_accountplanstakeholder", queryset=with_facts)
def stakeholder_detail(request: HttpRequest, stakeholder: AccountPlanStakeholder) -> HttpResponse:
    user, plan = request.user, stakeholder.plan
    log_confidential_look(plan=plan, user=user)
    account = stakeholder.contact.account if stakeholder.contact else stakeholder.organisation
    actions = StakeholderAction.objects.unscoped(REASON).filter(stakeholder=stakeholder)
    products = StakeholderProduct.objects.unscoped(REASON).filter(stakeholder=stakeholder)
    context = {
        "plan": plan,
        "stakeholder": stakeholder,
        "account": account,
        "sees_account": Account.objects.visible_to(user).filter(pk=account.pk).exists() if account else False,
        "links": links_of(stakeholder),
        "colleagues": colleagues_of(stakeholder),
        "products": products.select_related("product").order_by("product__name"),
        "actions": actions.select_related("task__assignee").order_by("task__due_date", "created_at"),
        "activities": activities_with(stakeholder, user),
        "elsewhere": elsewhere(stakeholder, user),
        "sees_stance": user.has_perm("plans.view_sensitive", plan),
        "may_change": user.has_perm("stakeholders.change_accountplanstakeholder", stakeholder),
        "may_log": user.has_perm("crm.add_activity", account),
        "today": company_today(),
        **PAGE,
    }
    return render(request, "stakeholders/stakeholder_detail.html", context)


def links_of(stakeholder: AccountPlanStakeholder) -> list[dict[str, Any]]:
    """From where they stand: whom they report to, whom they influence, who influences them."""
    ends = Q(from_stakeholder=stakeholder) | Q(to_stakeholder=stakeholder)
    rows = StakeholderLink.objects.unscoped(REASON).filter(ends).with_ends()
    rows = rows.select_related("from_stakeholder__role", "to_stakeholder__role")
    links = []
    for link in rows:
        is_mine = link.from_stakeholder_id == stakeholder.pk
        kind = LinkKind(link.kind)
        label = kind.label if is_mine else BACKWARDS.get(kind, kind.label)
        other = link.to_stakeholder if is_mine else link.from_stakeholder
        links.append({"row": link, "label": label, "other": other})
    return sorted(links, key=lambda link: (str(link["label"]), str(link["other"])))


def colleagues_of(stakeholder: AccountPlanStakeholder) -> QuerySet:
    rows = ParticipantStakeholder.objects.unscoped(REASON).filter(stakeholder=stakeholder)
    return rows.select_related("participant__user")


def activities_with(stakeholder: AccountPlanStakeholder, user: User) -> list[Activity]:
    """What is planned and was done with them last, as far as the reader may see it."""
    rows = Activity.objects.visible_to(user).exclude(status=ActivityStatus.CANCELLED)
    if stakeholder.contact_id:
        rows = rows.filter(contacts=stakeholder.contact_id)
    else:
        rows = rows.filter(account=stakeholder.organisation_id)
    rows = rows.select_related("type", "owner")
    return list(rows.order_by(Coalesce("done_on", "planned_for").desc(), "id")[:SHOWN_ACTIVITIES])


def elsewhere(stakeholder: AccountPlanStakeholder, user: User) -> QuerySet:
    """The other plans on which they are a stakeholder, of those that the reader sees."""
    rows = AccountPlanStakeholder.objects.visible_to(user).in_shown_sections()
    rows = rows.exclude(plan=stakeholder.plan_id)
    rows = rows.filter(contact=stakeholder.contact_id, organisation=stakeholder.organisation_id)
    return rows.select_related("plan", "role").order_by("-plan__start_date", "id")[:SHOWN_PLANS]


# --- Keeping them -------------------------------------------------------------------------------
@object_required(Plan, "stakeholders.add_accountplanstakeholder", queryset=with_head)
def stakeholder_create(request: HttpRequest, plan: Plan) -> HttpResponse:
    """`?role=` where a role is looked for."""
    start: dict[str, Any] = {"owner": request.user}
    if role := as_uuid(request.GET.get("role", "")):
        start["role"] = PickListValue.objects.filter(pk=role).first()
    row = AccountPlanStakeholder(plan=plan)
    form = StakeholderForm(posted(request), initial=start, instance=row, user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(person)s” is on the plan now.") % {"person": form.instance})
        return redirect(detail_url(form.instance))
    may_add_contact = plan.account is not None and request.user.has_perm("crm.add_contact", plan.account)
    context = {"form": form, "plan": plan, "title": _("Add a stakeholder"), "back": list_url(plan), **PAGE}
    context["may_add_contact"] = may_add_contact
    return render_form(request, "stakeholders/stakeholder_form.html", context)


@object_required(AccountPlanStakeholder, "stakeholders.change_accountplanstakeholder", queryset=with_frame)
def stakeholder_update(request: HttpRequest, stakeholder: AccountPlanStakeholder) -> HttpResponse:
    form = StakeholderForm(posted(request), instance=stakeholder, user=request.user)
    back = next_url(request, detail_url(stakeholder))
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(person)s” is saved.") % {"person": stakeholder})
        return redirect(back)
    context = {"form": form, "plan": stakeholder.plan, "title": str(stakeholder), "back": back, **PAGE}
    return render_form(request, "stakeholders/stakeholder_form.html", context)


@object_required(AccountPlanStakeholder, "stakeholders.delete_accountplanstakeholder", queryset=with_frame)
def stakeholder_delete(request: HttpRequest, stakeholder: AccountPlanStakeholder) -> HttpResponse:
    plan = stakeholder.plan
    if request.method == "POST":
        name = str(stakeholder)
        stakeholder.delete()
        messages.success(request, _("“%(person)s” is taken off the plan.") % {"person": name})
        return redirect(list_url(plan))
    ends = Q(from_stakeholder=stakeholder) | Q(to_stakeholder=stakeholder)
    links = StakeholderLink.objects.unscoped(REASON).filter(ends).count()
    products = stakeholder.products.unscoped(REASON).count()
    consequences = [
        {"count": links, "label": ngettext("relation", "relations", links)},
        {"count": products, "label": ngettext("note on a product", "notes on products", products)},
    ]
    context = {
        "part": stakeholder,
        "plan": plan,
        "consequences": [item for item in consequences if item["count"]],
        "note": _("The contact, their activities and the tasks of the plan stay."),
        "back": detail_url(stakeholder),
        **PAGE,
    }
    return render(request, "stakeholders/confirm_delete.html", context)
