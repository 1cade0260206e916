"""In which locale numbers, dates and names are written."""

from __future__ import annotations

from functools import lru_cache

from babel import Locale, UnknownLocaleError
from django.conf import settings
from django.utils.translation import get_language, to_locale


def active_locale() -> Locale:
    """The reader's locale; English where Babel does not know the language."""
    return _locale_of(get_language() or settings.LANGUAGE_CODE)


@lru_cache(maxsize=64)
def _locale_of(language: str) -> Locale:
    try:
        return Locale.parse(to_locale(language))
    except (UnknownLocaleError, ValueError):
        return Locale("en")
