"""In which locale numbers, dates and names are written."""

from __future__ import annotations

from babel import Locale, UnknownLocaleError
from django.conf import settings
from django.utils.translation import get_language, to_locale


def active_locale() -> Locale:
    """The reader's locale; English where Babel does not know the language."""
    try:
        return Locale.parse(to_locale(get_language() or settings.LANGUAGE_CODE))
    except (UnknownLocaleError, ValueError):
        return Locale("en")
