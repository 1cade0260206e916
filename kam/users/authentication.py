"""`Authorization: Token <key>` for the API."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from kam.users.models import ApiToken, User

USED_AT_STEP = timedelta(minutes=5)  # `last_used_at` is a hint: one write in five minutes is enough


class ApiTokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"token":
            return None
        try:
            key = parts[1].decode("ascii") if len(parts) == 2 else ""
        except UnicodeDecodeError:
            key = ""
        now = timezone.now()
        token = (
            ApiToken.objects.usable(at=now)
            .select_related("user")
            .filter(key_hash=ApiToken.hash_of(key))
            .first()
        )
        if token is None or not token.user.is_active:
            raise AuthenticationFailed(_("The token is not valid."))
        if token.last_used_at is None or now - token.last_used_at > USED_AT_STEP:
            ApiToken._base_manager.filter(pk=token.pk).update(last_used_at=now)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Token"
