"""What an administrator sets up before anybody can make a plan."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.models import Account, ActivityType, Stage, Territory
from kam.users.models import Role, User
from templates_app.models import PlanType


@dataclass(frozen=True)
class FirstStep:
    label: str
    text: str
    url: str
    is_done: bool


def first_steps(user: User) -> list[FirstStep]:
    """For an administrator, while one of them is still to be done: in one statement."""
    if user.role != Role.ADMIN:
        return []
    rows = {
        "colleagues": User.objects.active().exclude(role=Role.ADMIN),
        "territories": Territory.objects.visible_to(user),
        "stages": Stage.objects.visible_to(user),
        "activity_types": ActivityType.objects.visible_to(user),
        "accounts": Account.objects.visible_to(user),
        "plan_types": PlanType.objects.visible_to(user).offered(),
    }
    exists = {name: Exists(queryset) for name, queryset in rows.items()}
    found = User.objects.filter(pk=user.pk).values_list(*exists.values()).get()
    steps = [
        FirstStep(label, text, url, is_done)
        for (label, text, url), is_done in zip(_steps(), found, strict=True)
    ]
    return [] if all(step.is_done for step in steps) else steps


def _steps() -> list[tuple[str, str, str]]:
    """In the order of `first_steps`."""
    return [
        (
            _("Add your colleagues"),
            _("What somebody sees and may do follows from their role."),
            reverse("admin:users_user_add"),
        ),
        (
            _("Set up the territories"),
            _("Who works in a territory sees its accounts."),
            reverse("admin:crm_territory_add"),
        ),
        (
            _("Name the stages of a sale"),
            _("Each with the probability of a deal in it; one of them is won, one lost."),
            reverse("admin:crm_stage_add"),
        ),
        (
            _("Name the kinds of activities"),
            _("Such as call, visit and training."),
            reverse("admin:crm_activitytype_add"),
        ),
        (
            _("Bring in the accounts"),
            _("From a file with manage.py import_records, through the API, or one by one."),
            reverse("admin:crm_account_add"),
        ),
        (
            _("Make a plan type"),
            _("It says which sections and fields a plan has. Every plan has one."),
            reverse("templates_app:plantype_create"),
        ),
    ]
