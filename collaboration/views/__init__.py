from collaboration.views.notifications import (
    notification_bell,
    notification_list,
    notification_open,
    notification_read,
    notification_snooze,
    notifications_read_all,
)
from collaboration.views.settings import reminder_settings, reminder_settings_forget

__all__ = [
    "notification_bell",
    "notification_list",
    "notification_open",
    "notification_read",
    "notification_snooze",
    "notifications_read_all",
    "reminder_settings",
    "reminder_settings_forget",
]
