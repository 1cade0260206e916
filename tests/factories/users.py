from __future__ import annotations

from datetime import timedelta

from kam.users.models import ApiToken, Role, User
from tests.factories.sequence import numbered

PASSWORD = "correct-horse-battery"


def create_user(
    username: str = "",
    *,
    role: str = Role.KAM,
    name: str = "",
    source: str = "",
    manager: User | None = None,
    is_active: bool = True,
    time_zone: str = "",
    locale: str = "",
) -> User:
    """A user of the role with the password `PASSWORD`. `name` is the first and the last name."""
    username = username or numbered("user")
    first_name, _space, last_name = (name or username.replace("_", " ").title()).partition(" ")
    user = User(
        username=username,
        first_name=first_name,
        last_name=last_name,
        email=f"{username}@example.com",
        role=role,
        source=source,
        manager=manager,
        is_active=is_active,
        time_zone=time_zone,
        locale=locale,
    )
    user.set_password(PASSWORD)
    user.save()
    return user


def create_token(
    user: User, *, name: str = "test", is_read_only: bool = False, lifetime: timedelta | None = None
) -> tuple[ApiToken, str]:
    """The token and its key."""
    token, key = ApiToken.issue(user=user, name=name, is_read_only=is_read_only, lifetime=lifetime)
    return token, key
