from django.contrib.auth import views as auth_views
from django.urls import path, reverse_lazy

from kam.core.policy import mark, public, signed_in
from kam.users import views

app_name = "users"

password_change = auth_views.PasswordChangeView.as_view(
    template_name="users/password_change_form.html", success_url=reverse_lazy("users:password_change_done")
)
password_change_done = auth_views.PasswordChangeDoneView.as_view(
    template_name="users/password_change_done.html"
)

urlpatterns = [
    path("login/", public(views.LoginView.as_view()), name="login"),
    path("logout/", mark(auth_views.LogoutView.as_view(), "public"), name="logout"),
    path("profile/", views.profile, name="profile"),
    path("users/options/", views.user_options, name="user_options"),
    path("profile/password/", signed_in(password_change), name="password_change"),
    path("profile/password/done/", signed_in(password_change_done), name="password_change_done"),
]
