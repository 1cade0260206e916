"""What holds for whom: one's own settings, else the company's, else the usual ones."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from collaboration.models import ReminderSettings
from kam.users.models import User

FOR_ALL = "reminders are made for everybody"


class Wishes:
    """Everybody's settings, read in one statement."""

    def __init__(self) -> None:
        rows = list(ReminderSettings.objects.unscoped(FOR_ALL))
        self.own = {row.user_id: row for row in rows if row.user_id}
        self.company = next((row for row in rows if not row.user_id), ReminderSettings())

    def of(self, user_id: Any) -> ReminderSettings:
        return self.own.get(user_id, self.company)

    @property
    def earliest(self) -> int:
        """So many days before a due date somebody wants to hear of it."""
        return max(row.rhythm.earliest for row in (self.company, *self.own.values()))


def settings_of(user: User) -> ReminderSettings:
    """What holds for them; a copy of the company's, not saved yet, where they have none."""
    found = {row.user_id: row for row in ReminderSettings.objects.visible_to(user)}
    if user.pk in found:
        return found[user.pk]
    company = found.get(None) or ReminderSettings()
    return ReminderSettings(
        user=user,
        days_before=list(company.days_before),
        overdue_every=company.overdue_every,
        mail=company.mail,
    )


@transaction.atomic
def own_settings(user: User) -> ReminderSettings:
    """Theirs, locked; or what holds for them, to be saved as theirs. Two who save at once meet at the user's row."""
    User.objects.select_for_update().get(pk=user.pk)
    return settings_of(user)


def forget_own_settings(user: User) -> None:
    """From now on the company's hold for them."""
    for row in ReminderSettings.objects.editable_by(user).filter(user=user):
        row.delete()
