from django.urls import path

from kam.core.api.routers import ApiRouter
from kam.users.api import views

router = ApiRouter()
router.register("users", views.UserViewSet)
router.register("api-tokens", views.ApiTokenViewSet)

urlpatterns = [path("auth/token/", views.LoginView.as_view(), name="auth-token"), *router.urls]
