"""The bell on every page, and the page behind it."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from collaboration import operations
from collaboration.models import Notification
from kam.core.clock import company_today
from kam.core.lists import page_of
from kam.core.pages import next_url
from kam.core.policy import object_required, signed_in

MOST_COUNTED = 99
SNOOZES = {"1": timedelta(days=1), "3": timedelta(days=3), "7": timedelta(days=7)}
HERE = "collaboration:notification_list"


@signed_in
def notification_bell(request: HttpRequest) -> HttpResponse:
    """How many are unread; asked for by every page once it is shown."""
    unread = Notification.objects.visible_to(request.user).unread(today=company_today())
    count = unread.order_by().values("pk")[: MOST_COUNTED + 1].count()
    context = {"count": count, "shown": f"{MOST_COUNTED}+" if count > MOST_COUNTED else count}
    return render(request, "collaboration/_bell.html", context)


@signed_in
def notification_list(request: HttpRequest) -> HttpResponse:
    """The unread ones, or (`?show=all`) all."""
    rows = Notification.objects.visible_to(request.user)
    unread = rows.unread(today=company_today())
    shows_all = request.GET.get("show") == "all"
    page = page_of(request, (rows if shows_all else unread).with_subjects().order_by("-created_at", "pk"))
    context = {
        "page_obj": page,
        "shows_all": shows_all,
        "tabs": [
            {"label": _("Unread"), "url": "?", "active": not shows_all},
            {"label": _("All"), "url": "?show=all", "active": shows_all},
        ],
        "has_unread": page.object_list and (not shows_all or unread.exists()),
        "back": request.get_full_path(),
        "nav_section": "notifications",
    }
    return render(request, "collaboration/notification_list.html", context)


def with_subjects(rows: QuerySet) -> QuerySet:
    return rows.with_subjects()


@object_required(Notification, "collaboration.change_notification", queryset=with_subjects)
def notification_open(request: HttpRequest, notification: Notification) -> HttpResponse:
    """To what it tells of; whoever goes there has read it."""
    operations.mark(notification, is_read=True)
    return redirect(notification)


@require_POST
@object_required(Notification, "collaboration.change_notification")
def notification_read(request: HttpRequest, notification: Notification) -> HttpResponse:
    """Read, or with `unread` in the form not read after all."""
    operations.mark(notification, is_read="unread" not in request.POST)
    return redirect(next_url(request, reverse(HERE)))


@require_POST
@object_required(Notification, "collaboration.change_notification", queryset=with_subjects)
def notification_snooze(request: HttpRequest, notification: Notification) -> HttpResponse:
    days = SNOOZES.get(request.POST.get("days", ""))
    if days is None:
        messages.error(request, _("Choose for how long."))
    else:
        until = company_today() + days
        operations.snooze(notification, until=until)
        text = (
            _("“%(name)s” comes back in %(days)s days.")
            if days.days > 1
            else _("“%(name)s” comes back tomorrow.")
        )
        messages.success(request, text % {"name": notification, "days": days.days})
    return redirect(next_url(request, reverse(HERE)))


@require_POST
@signed_in
def notifications_read_all(request: HttpRequest) -> HttpResponse:
    count = operations.mark_all_read(request.user)
    text = ngettext("%(count)s is marked as read.", "%(count)s are marked as read.", count)
    messages.success(request, text % {"count": count})
    return redirect(HERE)
