"""The application's settings, with the bare pages beside it."""

import os

from kam.settings import *  # noqa: F403
from kam.settings import DATABASES, INSTALLED_APPS, LOGGING

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks"]
ROOT_URLCONF = "benchmarks.urls"
# The log is written as in production, but not between the figures.
LOGGING["handlers"]["console"] |= {"class": "logging.FileHandler", "filename": os.devnull}
# Loading a million rows is no page.
DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c timezone=UTC"
