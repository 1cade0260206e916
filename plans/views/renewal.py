"""The next period for many plans at once."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kam.core.pages import posted, render_form
from kam.core.policy import permission_required
from plans import periods
from plans.copy_forms import SHOWN_PLANS, RenewalForm
from plans.operations.renewal import renew_plans


@permission_required("plans.add_accountplan")
def plans_renew(request: HttpRequest) -> HttpResponse:
    form = RenewalForm(posted(request), user=request.user)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["plans"]
        renewal = renew_plans(chosen, include=form.cleaned_data["include"], user=request.user)
        for plan, reason in renewal.refused:
            messages.error(request, _("“%(plan)s”: %(reason)s") % {"plan": plan, "reason": reason})
        if count := len(renewal.made):
            text = ngettext(
                "%(count)s plan is there, as a draft.", "%(count)s plans are there, as drafts.", count
            )
            messages.success(request, text % {"count": count})
            return redirect("plans:accountplan_list")
    checked = set(request.POST.getlist("plans"))
    rows = [
        {
            "plan": plan,
            "period": periods.next_period(plan.start_date, plan.end_date),
            "is_checked": str(plan.pk) in checked,
        }
        for plan in form.offered[:SHOWN_PLANS]
    ]
    context = {
        "form": form,
        "rows": rows,
        "has_more": len(form.offered) > SHOWN_PLANS,
        "nav_section": "plans",
    }
    return render_form(request, "plans/plans_renew.html", context)
