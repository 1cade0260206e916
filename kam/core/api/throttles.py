"""How many requests one caller may make; the counters are shared through the cache."""

from __future__ import annotations

import hashlib
from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle


class WindowThrottle(SimpleRateThrottle):
    """Counts in fixed windows: one `incr` per request, however high the rate."""

    def allow_request(self, request: Request, view: Any) -> bool:
        ident = self.get_cache_key(request, view)
        if self.rate is None or ident is None:
            return True
        now = self.timer()
        window = int(now // self.duration)
        self.left = (window + 1) * self.duration - now
        key = f"throttle:{self.scope}:{hashlib.sha256(ident.encode()).hexdigest()[:32]}:{window}"
        if self.cache.add(key, 1, self.duration):
            return True
        try:
            return self.cache.incr(key) <= self.num_requests
        except ValueError:  # it expired between the two lines
            return True

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

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        return f"address {self.get_ident(request)}"


class LoginByNameThrottle(WindowThrottle):
    """Guessing the password of one user from many addresses."""

    scope = "login"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        name = request.data.get("username")
        return f"name {name.strip().lower()}" if isinstance(name, str) and name else None
