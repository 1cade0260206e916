"""Writes about users that are more than saving one form."""

from __future__ import annotations

from django.contrib.auth.models import Permission
from django.db import transaction

from kam.users.backends import CONFIDENTIAL
from kam.users.models import User


class OwnAccessError(Exception):
    """Nobody gives themselves access to confidential plans."""


def confidential_permission() -> Permission:
    app_label, _dot, codename = CONFIDENTIAL.partition(".")
    return Permission.objects.get(content_type__app_label=app_label, codename=codename)


def may_see_confidential(user: User) -> bool:
    return user.user_permissions.filter(pk=confidential_permission().pk).exists()


@transaction.atomic
def set_confidential_access(*, user: User, granted: bool, actor: User) -> None:
    """Let an administrator see confidential plans, or no longer. The log keeps who gave it to whom."""
    if granted == may_see_confidential(user):
        return
    if granted and user.pk == actor.pk:
        raise OwnAccessError
    change = user.user_permissions.add if granted else user.user_permissions.remove
    change(confidential_permission())
