from django.urls import path

from collaboration import views

app_name = "collaboration"

urlpatterns = [
    path("notifications/", views.notification_list, name="notification_list"),
    path("notifications/bell/", views.notification_bell, name="notification_bell"),
    path("notifications/read/", views.notifications_read_all, name="notifications_read_all"),
    path("notifications/<uuid:pk>/", views.notification_open, name="notification_open"),
    path("notifications/<uuid:pk>/read/", views.notification_read, name="notification_read"),
    path("notifications/<uuid:pk>/snooze/", views.notification_snooze, name="notification_snooze"),
    path("profile/reminders/", views.reminder_settings, name="reminder_settings"),
    path("profile/reminders/forget/", views.reminder_settings_forget, name="reminder_settings_forget"),
]
