"""URLs of resources."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter


class ApiRouter(SimpleRouter):
    """Names routes by their path: `accounts` gives `accounts-list` and `accounts-detail`; ids are UUIDs."""

    def __init__(self) -> None:
        super().__init__(use_regex_path=False)

    def get_default_basename(self, viewset: object) -> str:
        raise NotImplementedError("register() names it")

    def register(self, prefix: str, viewset: object, basename: str | None = None) -> None:
        super().register(prefix, viewset, basename or prefix)
