"""Colleagues and API tokens as the API shows them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import authenticate
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from kam.core.api import fields
from kam.core.api.serializers import KamModelSerializer, StrictSerializer
from kam.users.models import ApiToken, User


class UserSerializer(KamModelSerializer):
    name = serializers.CharField(source="__str__", read_only=True)
    created_at = fields.UtcDateTimeField(source="date_joined", read_only=True)

    class Meta(KamModelSerializer.Meta):
        model = User
        fields = (
            "id",
            "version",
            "created_at",
            "updated_at",
            "username",
            "name",
            "first_name",
            "last_name",
            "email",
            "role",
            "job_title",
            "manager",
            "is_active",
        )
        read_only_fields = fields


class ApiTokenSerializer(KamModelSerializer):
    """A token without its key, which is shown once, when it is made."""

    class Meta(KamModelSerializer.Meta):
        model = ApiToken
        fields = (
            "id",
            "version",
            "created_at",
            "updated_at",
            "name",
            "is_read_only",
            "expires_at",
            "revoked_at",
            "last_used_at",
        )
        read_only_fields = fields


class LoginSerializer(StrictSerializer):
    """One answer for every failure: it must not tell which user names exist."""

    default_error_messages = {"login": _("User name and password do not match an active user.")}

    username = serializers.CharField(max_length=150, write_only=True)
    password = serializers.CharField(max_length=1_000, write_only=True, trim_whitespace=False)
    name = serializers.CharField(
        max_length=100, required=False, write_only=True, help_text="What the token is for."
    )
    is_read_only = serializers.BooleanField(default=False, write_only=True)
    lifetime_days = serializers.IntegerField(min_value=1, max_value=365, default=90, write_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        request = self.context["request"]
        user = authenticate(request._request, username=attrs["username"], password=attrs["password"])
        if user is None:
            self.fail("login")
        return {**attrs, "user": user}


class NewTokenSerializer(serializers.Serializer):
    token = serializers.CharField(help_text="The key. It cannot be read again.")
    expires_at = fields.UtcDateTimeField(allow_null=True)
