"""kam: key account planning. The project package: settings, wiring, shared bases."""

from kam.celery import app as celery_app

__all__ = ["celery_app"]
