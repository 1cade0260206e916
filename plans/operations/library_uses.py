"""Which plans use what of the template library, as far as who asks may open them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from kam.users.models import User
from plans.models import ActionPlan, Objective, Plan
from templates_app.uses import Use

SHOWN = 10
NOBODY = "whether it is in use at all"


def plans_of_goals(goals: Sequence[Any], user: User | None = None) -> dict[Any, list[Use]]:
    return _plans(Objective, "goal_definition", "plan", goals, user)


def plans_of_versions(versions: Sequence[Any], user: User | None = None) -> dict[Any, list[Use]]:
    return _plans(ActionPlan, "template_version", "objective__plan", versions, user)


def plans_of_templates(templates: Sequence[Any], user: User | None = None) -> dict[Any, list[Use]]:
    return _plans(ActionPlan, "template_version__template", "objective__plan", templates, user)


def plans_of_types(types: Sequence[Any], user: User | None = None) -> dict[Any, list[Use]]:
    """How many plans have each type."""
    plans = _seen(user).filter(plan_type__in=[row.pk for row in types]).order_by()
    counted = plans.values_list("plan_type").annotate(count=Count("pk"))
    return {pk: [Use(_("Account plans"), count)] for pk, count in counted}


def plans_with_values(fields: Sequence[Any], user: User | None = None) -> dict[Any, list[Use]]:
    """How many plans hold something in each custom field."""
    counts = {
        row.pk: _seen(user).filter(plan_type=row.plan_type_id, custom_values__has_key=row.key).count()
        for row in fields
    }
    return {pk: [Use(_("Account plans"), count)] for pk, count in counts.items()}


def _seen(user: User | None) -> Any:
    return Plan.objects.unscoped(NOBODY) if user is None else Plan.objects.visible_to(user)


def _plans(
    model: Any, path: str, plan_path: str, rows: Sequence[Any], user: User | None
) -> dict[Any, list[Use]]:
    """The plans made from each, latest first; beyond `SHOWN` only how many."""
    made = model.objects.unscoped(NOBODY) if user is None else model.objects.visible_to(user)
    columns = (path, plan_path, f"{plan_path}__name")
    found = made.filter(**{f"{path}__in": [row.pk for row in rows]}).order_by().values_list(*columns)
    counted = found.annotate(count=Count("pk")).order_by(f"-{plan_path}__start_date", f"{plan_path}__name")
    uses: dict[Any, list[Use]] = {}
    for pk, plan_id, name, count in counted:
        uses.setdefault(pk, []).append(Use(name, count, Plan(pk=plan_id).get_absolute_url()))
    return {pk: _shortened(lines) for pk, lines in uses.items()}


def _shortened(lines: list[Use]) -> list[Use]:
    more = lines[SHOWN:]
    if not more:
        return lines
    return [*lines[:SHOWN], Use(_("Further plans"), len(more))]
