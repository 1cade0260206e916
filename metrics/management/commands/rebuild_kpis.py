from __future__ import annotations

import sys
from time import monotonic
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from metrics import operations
from plans.models import AccountPlan


class Command(BaseCommand):
    help = "Compute the KPIs of all plans, or of one, anew from their records."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--plan", type=UUID, metavar="ID", help="only this plan")

    def handle(self, *args: Any, plan: UUID | None, **options: Any) -> None:
        started = monotonic()
        if plan is None:
            count, failed = operations.rebuild()
        else:
            self._rebuild_one(plan)
            count, failed = 1, 0
        self.stdout.write(f"{count} plans in {monotonic() - started:.1f} s, {failed} failed.")
        if failed:
            sys.exit(1)

    def _rebuild_one(self, plan_id: UUID) -> None:
        if not AccountPlan.objects.unscoped("an operator names the plan").filter(pk=plan_id).exists():
            raise CommandError(f"There is no plan {plan_id}.")
        try:
            operations.recompute_plans([plan_id])
        except DatabaseError as error:
            raise CommandError(f"The plan cannot be computed: {error}") from error
