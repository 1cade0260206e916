"""What every admin of ours is made of, and the change log."""

from kam.core.admin.base import KamModelAdmin, KamTabularInline, ReadOnlyAdmin, money_column
from kam.core.admin.changes import ChangeAdmin, limit_history
from kam.core.admin.forms import KamAdminForm

__all__ = [
    "ChangeAdmin",
    "KamAdminForm",
    "KamModelAdmin",
    "KamTabularInline",
    "ReadOnlyAdmin",
    "limit_history",
    "money_column",
]
