"""`manage.py create_token USERNAME`: a key to the API, printed once."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kam.core.actor import acting
from kam.users.models import ApiToken, User


class Command(BaseCommand):
    help = "Make an API token for a user and print its key, which cannot be read again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", default="command line", help="What the token is for.")
        parser.add_argument("--read-only", action="store_true", help="It may read but not write.")
        parser.add_argument("--days", type=int, help="How long it is valid; without it, until it is revoked.")

    def handle(self, *, username: str, name: str, read_only: bool, days: int | None, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no user “{username}”.")
        if not user.is_active:
            raise CommandError(f"“{username}” is not active: a token would open nothing.")
        if days is not None and days < 1:
            raise CommandError("--days must be 1 or more.")
        with acting(source="command", reason="create_token"):
            _token, key = ApiToken.issue(
                user=user,
                name=name[:100],
                is_read_only=read_only,
                lifetime=timedelta(days=days) if days else None,
            )
        self.stdout.write(key)  # alone on standard output, so that a script can catch it
        self.stderr.write(f"This key of {user} is shown only now. Send it as: Authorization: Token <key>")
