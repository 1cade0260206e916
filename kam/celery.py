"""The Celery application.

Tasks carry ids only and say "look now": truth is in tables, so a task that is lost, doubled
or late changes nothing that `manage.py sweep` would not put right.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kam.settings")

app = Celery("kam")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
