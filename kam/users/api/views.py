"""Who is who, logging in to the API, and the tokens one has."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from kam.core.actor import acting
from kam.core.api.permissions import PUBLIC, SIGNED_IN
from kam.core.api.throttles import LoginByAddressThrottle, LoginByNameThrottle
from kam.core.api.views import KamAPIView
from kam.core.api.viewsets import VisibleReadOnlyViewSet, found
from kam.users.api import serializers
from kam.users.filters import UserFilter
from kam.users.models import ApiToken, User


class LoginView(KamAPIView):
    """Get a token for a user name and a password."""

    kam_policy = PUBLIC
    authentication_classes = ()
    throttle_classes = (LoginByAddressThrottle, LoginByNameThrottle)
    is_replayable = False  # the answer is a secret: it is not kept

    @extend_schema(
        request=serializers.LoginSerializer,
        responses={200: serializers.NewTokenSerializer},
        auth=[],
        tags=["auth"],
    )
    def post(self, request: Request) -> Response:
        body = serializers.LoginSerializer(data=request.data, context={"request": request})
        body.is_valid(raise_exception=True)
        wish = body.validated_data
        with acting(wish["user"]):
            token, key = ApiToken.issue(
                user=wish["user"],
                name=wish.get("name") or _("Login"),
                is_read_only=wish["is_read_only"],
                lifetime=timedelta(days=wish["lifetime_days"]),
            )
        return Response(serializers.NewTokenSerializer({"token": key, "expires_at": token.expires_at}).data)


class UserViewSet(VisibleReadOnlyViewSet):
    """Colleagues and systems. They are kept in the Django admin."""

    kam_policy = SIGNED_IN
    queryset = User.objects.all()
    serializer_class = serializers.UserSerializer
    filterset_class = UserFilter

    def with_related(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("manager")

    @extend_schema(responses=serializers.UserSerializer)
    @action(detail=False)
    def me(self, request: Request) -> Response:
        """Who I am."""
        return self.answer(found(self.get_queryset(), request.user.pk))


class ApiTokenViewSet(VisibleReadOnlyViewSet):
    """One's own tokens."""

    kam_policy = SIGNED_IN
    queryset = ApiToken.objects.all()
    serializer_class = serializers.ApiTokenSerializer

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Revoke the token: it stays listed and opens nothing any more."""
        self.get_object().revoke()
        return Response(status=status.HTTP_204_NO_CONTENT)
