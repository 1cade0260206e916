"""Medical insights: the list with what it is about over time, one insight, and its form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import Case, CharField, F, Prefetch, QuerySet, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from crm.models import Account, Contact, PickListValue
from crm.policies import add_months
from kam.core.clock import company_today
from kam.core.export import Column, export_response, person
from kam.core.forms import saved
from kam.core.history import readable
from kam.core.lists import list_filter, page_of, tabs_of
from kam.core.models import Change
from kam.core.pages import as_uuid, next_url, posted, render_form
from kam.core.panels import is_part_of_page
from kam.core.policy import object_required, permission_required, signed_in
from kam.users.models import User
from plans.charts import MOST_SERIES, Series, stacked_months
from plans.insight_filters import MedicalInsightFilter
from plans.insight_forms import MedicalInsightForm
from plans.models import MedicalInsight, Plan, TerritoryBusinessPlan

SHOWN_MONTHS = 12
MOST_MONTHS = 36
EARLIEST = date(1900, 1, 1)
SHOWN_ON_ACCOUNT = 5
SHOWN_CHANGES = 8
SHOWN_FILTERS = ("topic", "product", "account", "contact", "territory", "author", "date")


def with_facts(insights: QuerySet, user: User) -> QuerySet:
    """What a row shows. The contact may have moved to where the reader sees nothing: then it is not named."""
    contacts = Contact.objects.visible_to(user)
    rows = insights.select_related("topic", "account", "product", "author")
    return rows.prefetch_related(Prefetch("contact", contacts))


def filtered(request: HttpRequest) -> MedicalInsightFilter:
    insights = MedicalInsight.objects.visible_to(request.user)
    return list_filter(
        MedicalInsightFilter,
        request,
        insights,
        name="insights",
        show=SHOWN_FILTERS,
        hidden=("territory_business_plan",),
        search_in={
            "product": reverse_lazy("plans:product_options"),
            "account": reverse_lazy("crm:account_options"),
            "contact": reverse_lazy("crm:contact_options"),
            "author": reverse_lazy("users:user_options"),
        },
    )


@signed_in
def medicalinsight_list(request: HttpRequest) -> HttpResponse:
    """Who sees no medical matters by role finds those of the plans they take part in."""
    user = request.user
    filterset = filtered(request)
    may_add = user.has_perm("plans.add_medicalinsight")
    context = {
        "filter": filterset,
        "page_obj": page_of(request, with_facts(filterset.qs, user)),
        "course": course_of(filterset),
        "tabs": tabs_of(request, [(_("All"), {}), (_("Mine"), {"author": str(user.pk)})], within=("author",))
        if may_add
        else [],
        "may_add": may_add,
        "quick_form": new_form(request) if may_add else None,
        "nav_section": "insights",
    }
    return render(request, "plans/insights/medicalinsight_list.html", context)


@signed_in
def medicalinsight_export(request: HttpRequest) -> HttpResponse:
    """What the filters of the list find. A contact who moved out of sight is not named."""
    visible = Contact.objects.visible_to(request.user).values("pk")
    may_name = Case(When(contact_id__any_of=visible, then=F("contact__name")), output_field=CharField())
    rows = filtered(request).qs.annotate(contact_name=may_name)
    return export_response(
        request,
        name="medical-insights",
        columns=export_columns(),
        rows=rows.values_list(*EXPORTED, "contact_name", named=True),
        list_url=reverse("plans:medicalinsight_list"),
    )


EXPORTED = (
    "id",
    "date",
    "topic__name",
    "text",
    "account__name",
    "account__territory__name",
    "product__name",
    "product__is_competitor",
    "author__first_name",
    "author__last_name",
    "author__username",
    "updated_at",
)


def export_columns() -> list[Column]:
    return [
        Column(_("Date"), lambda row: row.date, 12),
        Column(_("Topic"), lambda row: row.topic__name),
        Column(_("Insight"), lambda row: row.text, 70),
        Column(_("Account"), lambda row: row.account__name, 30),
        Column(_("Territory"), lambda row: row.account__territory__name, 24),
        Column(_("Contact"), lambda row: row.contact_name, 24),
        Column(_("Product"), lambda row: row.product__name, 24),
        Column(_("Competitor"), lambda row: row.product__is_competitor, 12),
        Column(_("Author"), lambda row: person(row, "author"), 22),
        Column(_("Changed"), lambda row: row.updated_at, 18),
        Column(_("Id"), lambda row: row.id, 38),
    ]


# --- What they are about, by month ------------------------------------------------------------
@dataclass(frozen=True)
class TopicRow:
    """A topic in the table behind the chart."""

    name: str
    look: int  # which of the chart's colours
    counts: Sequence[int]

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True)
class Course:
    """The counts of the insights that a filter finds, by topic and month."""

    chart: SafeString
    months: Sequence[str]
    rows: Sequence[TopicRow]
    totals: Sequence[int]
    first: date
    last: date


def course_of(filterset: MedicalInsightFilter) -> Course | None:
    """The months of the filter's dates, else the last twelve; None where there is nothing. Two statements."""
    asked = filterset.form.cleaned_data.get("date") if filterset.form.is_valid() else None
    today = company_today()
    last = max(min((asked and asked.stop) or today, today), EARLIEST).replace(day=1)
    first = ((asked and asked.start) or add_months(last, 1 - SHOWN_MONTHS)).replace(day=1)
    first = max(first, add_months(last, 1 - MOST_MONTHS))
    months = [add_months(first, number) for number in range(months_from(first, last) + 1)]
    if not months:
        return None
    found = filterset.qs.filter(date__gte=first, date__lt=add_months(last, 1)).counts_by_month()
    counts = {(topic, month): count for month, topic, count in found}
    topics = PickListValue.objects.filter(pk__in={topic for topic, _month in counts}).order_by(
        "order", "name"
    )
    rows = topic_rows([(topic.pk, topic.name) for topic in topics], months, counts)
    if not rows:
        return None
    labels = [month_label(month, is_first=not number) for number, month in enumerate(months)]
    title = _("Insights by topic, %(first)s to %(last)s") % {
        "first": date_format(first, "F Y"),
        "last": date_format(last, "F Y"),
    }
    series = [Series(row.name, row.look, row.counts) for row in rows]
    return Course(
        chart=stacked_months(chart_id="insights", months=labels, series=series, title=title),
        months=[date_format(month, "M Y") for month in months],
        rows=rows,
        totals=[sum(row.counts[number] for row in rows) for number in range(len(months))],
        first=first,
        last=last,
    )


def months_from(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def topic_rows(
    topics: Sequence[tuple[UUID, str]], months: Sequence[date], counts: dict[tuple[UUID, date], int]
) -> list[TopicRow]:
    """A row each; of more topics than there are colours the last share one."""
    rows = [
        TopicRow(name, number, [counts.get((pk, month), 0) for month in months])
        for number, (pk, name) in enumerate(topics, 1)
    ]
    if len(rows) <= MOST_SERIES:
        return rows
    others = [sum(column) for column in zip(*(row.counts for row in rows[MOST_SERIES - 1 :]), strict=True)]
    return [*rows[: MOST_SERIES - 1], TopicRow(_("Other topics"), MOST_SERIES, others)]


def month_label(month: date, *, is_first: bool) -> str:
    return date_format(month, "M Y" if is_first or month.month == 1 else "M")


# --- One insight ------------------------------------------------------------------------------
def with_account(insights: QuerySet) -> QuerySet:
    return insights.select_related("topic", "account", "product", "author")


@object_required(MedicalInsight, "plans.view_medicalinsight", queryset=with_account)
def medicalinsight_detail(request: HttpRequest, insight: MedicalInsight) -> HttpResponse:
    user = request.user
    plan = TerritoryBusinessPlan.objects.visible_to(user).filter(pk=insight.territory_business_plan_id)
    context = {
        "insight": insight,
        "plan": plan.first(),
        "contact": Contact.objects.visible_to(user).filter(pk=insight.contact_id).first(),
        "changes": changes_of(insight),
        "may_change": user.has_perm("plans.change_medicalinsight", insight),
        "may_delete": user.has_perm("plans.delete_medicalinsight", insight),
        "nav_section": "insights",
    }
    return render(request, "plans/insights/medicalinsight_detail.html", context)


def changes_of(insight: MedicalInsight) -> list[Any]:
    related = (insight.topic, insight.account, insight.product, insight.author)
    return readable(
        Change.objects.of(insight)[:SHOWN_CHANGES],
        page_of=insight.pk,
        names={str(row.pk): str(row) for row in related if row},
        hidden=("contact", "territory_business_plan"),
    )


def new_form(request: HttpRequest) -> MedicalInsightForm:
    """An empty one of the reader's, or the one that was sent; `?account=` and the like fill it in."""
    initial: dict[str, Any] = {}
    known: tuple[tuple[str, Any], ...] = (
        ("account", Account),
        ("contact", Contact),
        ("territory_business_plan", TerritoryBusinessPlan),
    )
    for name, model in known:
        if request.method == "GET" and (pk := as_uuid(request.GET.get(name, ""))):
            initial[name] = model.objects.visible_to(request.user).filter(pk=pk).first()
    instance = MedicalInsight(author=request.user)
    return MedicalInsightForm(posted(request), initial=initial, instance=instance, user=request.user)


@permission_required("plans.add_medicalinsight")
def medicalinsight_create(request: HttpRequest) -> HttpResponse:
    form = new_form(request)
    back = next_url(request, reverse("plans:medicalinsight_list"))
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("The insight is noted."))
        return redirect(back)
    return form_page(request, form, _("New insight"), back)


@object_required(MedicalInsight, "plans.change_medicalinsight", queryset=with_account)
def medicalinsight_update(request: HttpRequest, insight: MedicalInsight) -> HttpResponse:
    form = MedicalInsightForm(posted(request), instance=insight, user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("The insight is saved."))
        return redirect(insight)
    return form_page(request, form, _("Edit insight"), insight.get_absolute_url())


def form_page(request: HttpRequest, form: MedicalInsightForm, title: str, back: str) -> HttpResponse:
    context = {"form": form, "title": title, "back": back, "nav_section": "insights"}
    return render_form(request, "plans/insights/medicalinsight_form.html", context)


@object_required(MedicalInsight, "plans.delete_medicalinsight", queryset=with_account)
def medicalinsight_delete(request: HttpRequest, insight: MedicalInsight) -> HttpResponse:
    if request.method == "POST":
        insight.delete()
        messages.success(request, _("The insight is deleted."))
        return redirect("plans:medicalinsight_list")
    context = {"insight": insight, "back": insight.get_absolute_url(), "nav_section": "insights"}
    return render(request, "plans/insights/medicalinsight_confirm_delete.html", context)


def insights_of_plan(plan: Plan, user: User) -> dict[str, Any]:
    """For the page of a territory plan: the latest that serve it, as far as the reader may see them."""
    if not plan.is_of_territory or not user.has_perm("plans.view_insights", plan):
        return {}
    rows = with_facts(MedicalInsight.objects.visible_to(user).serving(plan), user)
    period = {"territory": plan.territory_id, "date_after": plan.start_date, "date_before": plan.end_date}
    return {
        "insights": list(rows[:SHOWN_ON_ACCOUNT]),
        "insights_url": f"{reverse('plans:medicalinsight_list')}?{urlencode(period)}",
        "may_add_insight": user.has_perm("plans.add_medicalinsight"),
    }


@object_required(Account, "crm.view_medical")
def account_insights(request: HttpRequest, account: Account) -> HttpResponse:
    """The latest of an account, on its page."""
    if not is_part_of_page(request):
        return redirect(account)
    user = request.user
    rows = with_facts(MedicalInsight.objects.visible_to(user).filter(account=account), user)
    found = list(rows[: SHOWN_ON_ACCOUNT + 1])
    context = {
        "account": account,
        "insights": found[:SHOWN_ON_ACCOUNT],
        "has_more": len(found) > SHOWN_ON_ACCOUNT,
        "may_add": user.has_perm("plans.add_medicalinsight"),
    }
    return render(request, "plans/insights/_account_insights.html", context)
