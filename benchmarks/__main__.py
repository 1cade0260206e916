"""`python -m benchmarks`: needs DATABASE_URL to name an empty PostgreSQL database of a superuser."""

import os
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
django.setup()

from benchmarks.run import main  # noqa: E402 -- models need the apps

sys.exit(main())
