"""Pages and panels with numbers."""

from metrics.views.home import home

__all__ = ["home"]
