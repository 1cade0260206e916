from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from collaboration.models import Digest, ReminderSettings
from kam.core.admin import KamModelAdmin, ReadOnlyAdmin, limit_history

limit_history("collaboration", ReminderSettings.objects.visible_to)


@admin.register(ReminderSettings)
class ReminderSettingsAdmin(KamModelAdmin):
    """The company's, which hold for everybody who has none of their own. Those are their own business."""

    list_display = ("__str__", "days_before", "overdue_every", "mail", "updated_at")
    fields = ("days_before", "overdue_every", "mail")

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).filter(user__isnull=True)

    def has_add_permission(self, request: HttpRequest) -> bool:
        may = super().has_add_permission(request)
        return (
            may and not ReminderSettings.objects.unscoped("there is one").filter(user__isnull=True).exists()
        )


@admin.register(Digest)
class DigestAdmin(ReadOnlyAdmin):
    """Which mails went out. Without “sent at” nobody knows whether it arrived; it is not sent again."""

    list_display = ("user", "day", "begun_at", "sent_at", "error")
    list_select_related = ("user",)
    list_filter = ("day",)
    search_fields = ("user__username",)
    fields = ("user", "day", "begun_at", "sent_at", "error")
