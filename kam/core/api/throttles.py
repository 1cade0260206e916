"""How many requests one caller may make; the counters are shared through the cache."""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle


class WindowThrottle(SimpleRateThrottle):
    """Counts in fixed windows: one `incr` per request, however high the rate."""

    def allow_request(self, request: Request, view: Any) -> bool:
        ident = self.get_cache_key(request, view)
        return self.rate is None or ident is None or self.count(ident) <= self.num_requests

    def count(self, ident: str) -> int:
        """Count one more; says how many there are in this window."""
        key = self._key(ident)
        if self.cache.add(key, 1, self.duration):
            return 1
        try:
            return self.cache.incr(key)
        except ValueError:  # it expired between the two lines
            return 1

    def is_used_up(self, ident: str) -> bool:
        """Whether as many as allowed were counted; counts nothing itself."""
        return self.rate is not None and (self.cache.get(self._key(ident)) or 0) >= self.num_requests

    def _key(self, ident: str) -> str:
        now = self.timer()
        window = int(now // self.duration)
        self.left = (window + 1) * self.duration - now
        return f"throttle:{self.scope}:{hashlib.sha256(ident.encode()).hexdigest()[:32]}:{window}"

    def wait(self) -> float:
        return max(self.left, 1)


class UserThrottle(WindowThrottle):
    scope = "user"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        return str(request.user.pk) if request.user.is_authenticated else None


class AnonThrottle(WindowThrottle):
    scope = "anon"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        return None if request.user.is_authenticated else str(self.get_ident(request))


class LoginByAddressThrottle(WindowThrottle):
    scope = "login"

    def get_cache_key(self, request: Request | HttpRequest, view: Any = None) -> str | None:
        return f"address {self.get_ident(request)}"


class LoginByNameThrottle(WindowThrottle):
    """Guessing the password of one user from many addresses."""

    scope = "login"

    def get_cache_key(self, request: Request | HttpRequest, view: Any = None) -> str | None:
        data = request.POST if isinstance(request, HttpRequest) else request.data
        name = data.get("username")
        return f"name {name.strip().lower()}" if isinstance(name, str) and name else None


class FailedLogins:
    """Guessing at the login page: it counts what fails, together with the attempts at the API.

    Colleagues behind one address who all log in in the morning are not held up.
    """

    def __init__(self, request: HttpRequest) -> None:
        throttles = (LoginByAddressThrottle(), LoginByNameThrottle())
        self.counted = [(throttle, key) for throttle in throttles if (key := throttle.get_cache_key(request))]

    def wait(self) -> int:
        """In how many seconds the next attempt is taken; 0: now."""
        return max(
            (int(throttle.wait()) for throttle, key in self.counted if throttle.is_used_up(key)), default=0
        )

    def note(self) -> None:
        for throttle, key in self.counted:
            throttle.count(key)
