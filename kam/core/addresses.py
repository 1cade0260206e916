"""Addresses of records, for lists that link every row twice."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from django.urls import get_script_prefix, get_urlconf, reverse

_ANY = UUID(int=0)


def record_url(name: str, pk: UUID) -> str:
    """`reverse(name, args=[pk])` for an address that holds the id once; asked of Django once for all ids."""
    return _pattern(name, get_urlconf(), get_script_prefix()).replace(str(_ANY), str(pk))


def page_url(name: str) -> str:
    """`reverse(name)`, asked of Django once."""
    return _page(name, get_urlconf(), get_script_prefix())


@lru_cache(maxsize=512)
def _page(name: str, urlconf: str | None, prefix: str) -> str:
    return reverse(name, urlconf=urlconf)


@lru_cache(maxsize=512)
def _pattern(name: str, urlconf: str | None, prefix: str) -> str:
    return reverse(name, args=[_ANY], urlconf=urlconf)
