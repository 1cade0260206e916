"""The sections of a plan's page: which its type shows, in which order, and the texts, edited in place."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kam.core.formatting import format_money, format_number
from kam.core.forms import saved
from kam.core.pages import posted, render_form
from kam.core.policy import object_required
from kam.users.models import User
from plans.enums import ANALYSES, SECTIONS
from plans.forms import SectionForm
from plans.models import Plan
from templates_app.enums import TAB_SECTIONS, FieldKind, PlanSection
from templates_app.models import CustomField

STALE_AFTER = timedelta(weeks=4)  # a plan for two to four weeks
GUIDANCE: dict[str, str | Promise] = {
    PlanSection.VISION: gettext_lazy(
        "What will be true between this customer and us in three years, in a sentence that both would sign?"
    ),
    PlanSection.GOALS: gettext_lazy("What we want from this period: two to five results, not activities."),
    PlanSection.CUSTOMER_GOALS: gettext_lazy(
        "What the customer wants to reach, in their words, with the name of who said it."
    ),
    PlanSection.BUSINESS_OVERVIEW: gettext_lazy(
        "Size, sites, how money is earned, who decides and when, what changed lately."
    ),
    PlanSection.SHORT_TERM_PLAN: gettext_lazy("What happens in the next two to four weeks, by whom."),
    PlanSection.SUPPORT_REQUIRED: gettext_lazy("Who inside must help, with what, by when."),
    PlanSection.RISKS: gettext_lazy("What could make this plan fail, and what we would do then."),
    PlanSection.COMPETITORS: gettext_lazy("Who else sells here, with what, and where they are stronger."),
}


@dataclass(frozen=True)
class Prose:
    """A text of the plan. `is_stale`: it is of weeks ago and speaks of weeks."""

    name: str
    label: str
    text: str
    guidance: str
    touched_at: datetime | None = None
    touched_by: str = ""

    @property
    def is_stale(self) -> bool:
        return self.touched_at is not None and self.touched_at < timezone.now() - STALE_AFTER


@dataclass(frozen=True)
class Block:
    """What stands in one piece on the page: `name` says which, texts stand side by side."""

    name: str
    texts: list[Prose] = field(default_factory=list)


def blocks_of(plan: Plan) -> list[Block]:
    """The sections that the plan's type shows, in its order; neighbouring texts share a block."""
    blocks: list[Block] = []
    for key in plan.plan_type.sections:
        if key in TAB_SECTIONS:
            continue
        if key in SECTIONS:
            if not blocks or blocks[-1].name != "texts":
                blocks.append(Block("texts"))
            blocks[-1].texts.append(prose_of(plan, key))
        else:
            name = "analyses" if key in ANALYSES else key
            if name not in {block.name for block in blocks}:
                blocks.append(Block(name))
    return blocks


def prose_of(plan: Plan, name: str) -> Prose:
    touched: dict[str, Any] = {}
    if name == PlanSection.SHORT_TERM_PLAN:
        at, by = getattr(plan, "short_term_touched_at", None), getattr(plan, "short_term_touched_by", "")
        touched = {"touched_at": at, "touched_by": by or ""}
    return Prose(name, str(PlanSection(name).label), getattr(plan, name), str(GUIDANCE[name]), **touched)


@object_required(Plan, "plans.change_accountplan", queryset=lambda rows: rows.select_related("plan_type"))
def accountplan_section(request: HttpRequest, plan: Plan, section: str) -> HttpResponse:
    """One section of prose."""
    if section not in SECTIONS or not plan.plan_type.shows(section):
        raise Http404
    form = SectionForm(posted(request), instance=plan, section=section, user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(section)s” is saved.") % {"section": form[section].label})
        return redirect(f"{plan.get_absolute_url()}#section-{section}")
    context = {
        "form": form,
        "plan": plan,
        "title": form[section].label,
        "guidance": GUIDANCE[section],
        "nav_section": "plans",
    }
    return render_form(request, "plans/section_form.html", context)


# --- Fields of the plan type ----------------------------------------------------------------
@dataclass(frozen=True)
class CustomValue:
    label: str
    text: str
    is_retired: bool


def custom_values_of(plan: Plan, *, people: dict[UUID, User], sees_numbers: bool) -> list[CustomValue]:
    """What stands in the fields that the plan's type adds: empty ones, too, retired ones where they hold something.

    The plan comes with `has_custom_fields`. `people` are those whose names the page has read already; others are
    looked up together.
    """
    fields = list(plan.plan_type.custom_fields.all()) if plan.has_custom_fields else []
    held = plan.custom_values
    ids = {UUID(held[row.key]) for row in fields if row.kind == FieldKind.USER and row.key in held}
    if unknown := ids - set(people):
        people = people | User.objects.in_bulk(unknown)
    values = []
    for row in fields:
        text = held.get(row.key)
        is_open = sees_numbers or row.kind != FieldKind.MONEY
        if is_open and (text is not None or not row.is_retired):
            shown = "" if text is None else in_words(row, text, currency=plan.currency, people=people)
            values.append(CustomValue(row.label, shown, row.is_retired))
    return values


def in_words(row: CustomField, text: str, *, currency: str, people: dict[UUID, User]) -> str:
    if row.kind == FieldKind.MONEY:
        return format_money(Decimal(text), currency)
    if row.kind == FieldKind.NUMBER:
        return format_number(Decimal(text), digits=max(0, -int(Decimal(text).as_tuple().exponent)))
    if row.kind == FieldKind.DATE:
        return date_format(row.initial(text))
    if row.kind == FieldKind.USER:
        return str(people.get(UUID(text), _("Somebody who is no longer known")))
    return text
