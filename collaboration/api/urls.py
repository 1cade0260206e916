from django.urls import path

from collaboration.api import views
from kam.core.api.routers import ApiRouter

router = ApiRouter()
router.register("notifications", views.NotificationViewSet)

urlpatterns = [
    path("notifications/settings/", views.ReminderSettingsView.as_view(), name="reminder-settings"),
    *router.urls,
]
