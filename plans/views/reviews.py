"""Reviews: those of a plan, the page of one (which is also the meeting), and its forms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from kam.core.changes import StaleObjectError
from kam.core.clock import company_today
from kam.core.forms import saved
from kam.core.history import readable
from kam.core.models import Change
from kam.core.pages import posted, render_form
from kam.core.panels import render_panel
from kam.core.policy import object_required
from kam.users.models import User
from plans import operations, policies
from plans.enums import PlanStatus, ReviewRating, ReviewStatus
from plans.models import ActionPlan, AssessmentTask, Plan, PlanReview
from plans.operations.reviews import already
from plans.review_forms import HoldReviewForm, ReviewForm, ReviewTaskForm, SkipReviewForm
from plans.views.work.tree import participants_at, with_participants
from templates_app.enums import PlanSection

SHOWN_CHANGES = 6
REASON = "parts of a plan that was loaded through the gate"
RATINGS = {
    ReviewRating.ON_TRACK: ("ok", "circle-check"),
    ReviewRating.AT_RISK: ("warn", "alert-triangle"),
    ReviewRating.OFF_TRACK: ("bad", "alert-circle"),
}


def with_frame(plans: QuerySet) -> QuerySet:
    return with_participants(plans.showing(PlanSection.REVIEWS))


def with_plan(reviews: QuerySet) -> QuerySet:
    related = ("plan__account", "plan__territory", "plan__plan_type", "plan__owner")
    return participants_at("plan__", reviews.in_shown_sections().select_related(*related))


def state_of(review: PlanReview) -> tuple[str, str, str]:
    """In words, with tone and icon."""
    if review.is_held:
        return _("Held"), "ok", "check"
    if review.status == ReviewStatus.SKIPPED:
        return _("Skipped"), "neutral", "ban"
    if review.is_overdue:
        return _("Overdue"), "bad", "calendar-due"
    return _("Planned"), "info", "calendar-event"


def ready(reviews: Iterable[PlanReview]) -> list[Any]:
    rows: list[Any] = list(reviews)
    for review in rows:
        review.state = state_of(review)
        review.mood = (review.get_rating_display(), *RATINGS[review.rating]) if review.rating else None
    return rows


def context_of(review: PlanReview, **more: Any) -> dict[str, Any]:
    back = {"back": review.get_absolute_url()} if not review._state.adding else {}
    return {
        "review": review,
        "plan": review.plan,
        "plan_tab": "reviews",
        "nav_section": "plans",
        **back,
        **more,
    }


@object_required(Plan, "plans.view_accountplan", queryset=with_frame)
def planreview_list(request: HttpRequest, plan: Plan) -> HttpResponse:
    operations.log_confidential_look(plan=plan, user=request.user)
    reviews = PlanReview.objects.visible_to(request.user).filter(plan=plan).order_by("due_date", "created_at")
    rows = ready(reviews.select_related("plan").prefetch_related("attendees"))
    would_be = policies.review_days(start=plan.start_date, end=plan.end_date, frequency=plan.review_frequency)
    context = {
        "plan": plan,
        "plan_tab": "reviews",
        "reviews": rows,
        "next_review": next((row for row in rows if row.is_planned), None),
        "would_be": would_be if plan.status in {PlanStatus.DRAFT, PlanStatus.APPROVED} else [],
        "may_change": request.user.has_perm("plans.add_planreview", plan),
        "nav_section": "plans",
    }
    return render(request, "plans/reviews/list.html", context)


@object_required(PlanReview, "plans.view_planreview", queryset=with_plan)
def planreview_detail(request: HttpRequest, review: PlanReview) -> HttpResponse:
    operations.log_confidential_look(plan=review.plan, user=request.user)
    ready([review])
    tasks = AssessmentTask.objects.visible_to(request.user).filter(reviews=review).with_place()
    may_change = request.user.has_perm("plans.change_planreview", review)
    needs_agenda = review.is_planned and not review.agenda
    suggested = operations.suggested_agenda(review, request.user) if needs_agenda else ""
    context = context_of(
        review,
        numbers_panel=render_panel(request, "metrics:review_numbers", review),
        attendees=review.attendees.all(),
        tasks=list(tasks.order_by("due_date", "pk")),
        suggested=suggested.splitlines(),
        changes=changes_of(review),
        may_change=may_change,
        may_hold=may_change and review.may_be_held,
        today=company_today(),
    )
    return render(request, "plans/reviews/detail.html", context)


def changes_of(review: PlanReview) -> list[Any]:
    people = {str(user.pk): str(user) for user in review.attendees.all()}
    return readable(
        Change.objects.of(review)[:SHOWN_CHANGES], page_of=review.pk, names=people, hidden=("tasks",)
    )


# --- Forms ------------------------------------------------------------------------------------
def form_page(request: HttpRequest, form: Any, review: PlanReview, **more: Any) -> HttpResponse:
    return render_form(request, "plans/reviews/form.html", context_of(review, form=form, **more))


def reviews_url(plan: Plan) -> str:
    return reverse("plans:planreview_list", args=[plan.pk])


@object_required(Plan, "plans.add_planreview", queryset=with_frame)
def planreview_create(request: HttpRequest, plan: Plan) -> HttpResponse:
    """One beside those of the review frequency."""
    review = PlanReview(plan=plan)
    form = ReviewForm(posted(request), instance=review, user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("The review is planned."))
        return redirect(review)
    return form_page(request, form, review, title=_("New review"), back=reviews_url(plan))


@object_required(PlanReview, "plans.change_planreview", queryset=with_plan)
def planreview_update(request: HttpRequest, review: PlanReview) -> HttpResponse:
    form = ReviewForm(
        posted(request), initial=initial(review, request.user), instance=review, user=request.user
    )
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(review)s” is saved.") % {"review": review})
        return redirect(review)
    title = _("Edit minutes") if review.is_held else _("Prepare the review")
    return form_page(request, form, review, title=title)


@object_required(PlanReview, "plans.change_planreview", queryset=with_plan)
def planreview_hold(request: HttpRequest, review: PlanReview) -> HttpResponse:
    if not review.may_be_held:
        messages.error(request, already(review))
        return redirect(review)
    known = initial(review, request.user)
    form = HoldReviewForm(posted(request), initial=known, instance=review, user=request.user)
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("The review is held. Its numbers are kept as they are."))
        return redirect(review)
    panel = render_panel(request, "metrics:review_numbers", review)
    title = _("Hold the review")
    return form_page(request, form, review, title=title, submit_label=title, numbers_panel=panel)


def initial(review: PlanReview, user: User) -> dict[str, Any]:
    """An agenda for who has not written one, and the owner as the first of our people."""
    if not review.is_planned or review.agenda:
        return {}
    people = list(review.attendees.all()) or [review.plan.owner]
    return {"agenda": operations.suggested_agenda(review, user), "attendees": people}


@object_required(PlanReview, "plans.change_planreview", queryset=with_plan)
def planreview_skip(request: HttpRequest, review: PlanReview) -> HttpResponse:
    """It will not be held; or, if it was skipped, it will be after all."""
    if review.is_held:
        messages.error(request, _("The review was held: it cannot be skipped any more."))
        return redirect(review)
    is_skipped = review.is_planned
    form = SkipReviewForm(posted(request), initial={"version": review.version})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            operations.skip_review(
                review=review,
                is_skipped=is_skipped,
                reason=given["reason"],
                expected_version=given["version"],
            )
        except (operations.ReviewSettledError, StaleObjectError):
            messages.error(
                request, _("Somebody changed the review in the meantime. Look again, then decide.")
            )
        else:
            messages.success(
                request, _("The review is skipped.") if is_skipped else _("The review is planned.")
            )
        return redirect(review)
    title = _("Skip the review") if is_skipped else _("Plan it after all")
    return form_page(request, form, review, title=title, submit_label=title)


@object_required(PlanReview, "plans.delete_planreview", queryset=with_plan)
def planreview_delete(request: HttpRequest, review: PlanReview) -> HttpResponse:
    if request.method == "POST":
        name, plan = str(review), review.plan
        try:
            operations.delete_review(review)
        except operations.ReviewSettledError as error:
            messages.error(request, str(error))
            return redirect(review)
        messages.success(request, _("“%(review)s” is deleted.") % {"review": name})
        return redirect(reviews_url(plan))
    blocked = [] if review.is_removable else [_("Only reviews that were planned by hand can be deleted.")]
    context = context_of(review, part=review, blocked_by=blocked)
    return render(request, "plans/part_confirm_delete.html", context)


@object_required(PlanReview, "plans.change_planreview", queryset=with_plan)
def planreview_task(request: HttpRequest, review: PlanReview) -> HttpResponse:
    """A decision (`?decision=1` is the first) becomes a task."""
    asked = request.GET.get("decision", "")
    number = int(asked) if asked.isdecimal() and len(asked) < 5 else 0
    decision = review.decided[number - 1][:200] if 0 < number <= len(review.decided) else ""
    form = ReviewTaskForm(posted(request), review=review, user=request.user, initial={"name": decision})
    if request.method == "POST" and saved(form, form.save):
        messages.success(request, _("“%(task)s” is added.") % {"task": form.instance})
        return redirect(review)
    plans = ActionPlan.objects.visible_to(request.user).filter(objective__plan=review.plan_id)
    return form_page(request, form, review, title=_("New task"), needs_action_plan=not plans.exists())
