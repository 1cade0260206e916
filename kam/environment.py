"""Environment variables, read strictly: a wrong value stops the start with a message that names the variable."""

from __future__ import annotations

import re
import warnings
import zoneinfo
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

YES, NO = frozenset({"on", "true", "yes", "y", "ok", "1"}), frozenset({"off", "false", "no", "n", "0"})
RATE = re.compile(r"[0-9]+/(s|sec|second|m|min|minute|h|hour|d|day)")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class StrictEnv(environ.Env):
    """An empty value is none. No message repeats a value that may hold a password."""

    def _text(self, var: str) -> str:
        return str(self.get_value(var, default="")).strip()

    def flag(self, var: str, *, default: bool) -> bool:
        """On or off; a slip of the pen must not switch HTTPS off."""
        text = self._text(var).lower()
        if text and text not in YES | NO:
            raise ImproperlyConfigured(f"{var}: “{text}” is neither on nor off.")
        return text in YES if text else default

    def number(self, var: str, *, default: int, least: int = 0, most: int | None = None) -> int:
        text = self._text(var)
        number = int(text) if text.isdecimal() and len(text) < 10 else None if text else default
        if number is None or number < least or (most is not None and number > most):
            until = "or more" if most is None else f"to {most}"
            raise ImproperlyConfigured(f"{var}: “{text}” is no whole number from {least} {until}.")
        return number

    def rate(self, var: str, *, default: str) -> str:
        text = self._text(var) or default
        if not RATE.fullmatch(text):
            raise ImproperlyConfigured(f"{var}: “{text}” is no rate, such as {default}.")
        return text

    def url(self, var: str, *, schemes: tuple[str, ...], default: str = "") -> str:  # type: ignore[override]
        text = self._text(var) or default
        if text and not text.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ImproperlyConfigured(f"{var}: an address must begin with {' or '.join(schemes)}://.")
        return text

    def database(self, var: str, *, default: str) -> dict[str, Any]:
        try:
            with warnings.catch_warnings(action="ignore"):  # it warns of an unknown engine; we refuse it
                found: dict[str, Any] = self.db_url_config(self._text(var) or default)
        except Exception as error:
            raise ImproperlyConfigured(f"{var} is no address of a database.") from error
        if "ENGINE" not in found:
            raise ImproperlyConfigured(
                f"{var} is no address of a database: sqlite:///path or postgres://user:password@host:5432/name."
            )
        return found

    def mail(self, var: str, *, default: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self.email_url_config(self._text(var) or default)
        except Exception as error:
            raise ImproperlyConfigured(
                f"{var} is no address of a mail server, such as smtp+tls://user:password@host:587."
            ) from error
        return found

    def time_zone(self, var: str, *, default: str) -> str:
        text = self._text(var) or default
        if text not in zoneinfo.available_timezones():
            raise ImproperlyConfigured(f"{var}: “{text}” is no time zone, such as Europe/Lisbon.")
        return text

    def log_level(self, var: str, *, default: str) -> str:
        text = self._text(var).upper() or default
        if text not in LOG_LEVELS:
            raise ImproperlyConfigured(f"{var}: “{text}” is none of {', '.join(LOG_LEVELS)}.")
        return text
