from __future__ import annotations

import sys
from itertools import chain
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import connection

from kam.core.clock import company_today
from kam.core.transactions import read_snapshot
from metrics import verification
from metrics.models import StaleMarker


class Command(BaseCommand):
    help = (
        "Recompute all KPIs in plain Python, apart from what is stored, and list every difference; "
        "also wrong account trees and markers that nobody has worked off. Exit code 1 if there are any."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        found = pending = 0
        with read_snapshot():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL statement_timeout = 0")
            kpis = verification.kpi_differences(
                today=company_today(), company_currency=settings.COMPANY_CURRENCY
            )
            for difference in chain(verification.tree_differences(), kpis):
                found += 1
                self.stdout.write(str(difference))
            for marker in StaleMarker.objects.order_by("pk").iterator():
                pending += 1
                self.stdout.write(f"pending since {marker.created_at:%Y-%m-%d %H:%M:%S}: {marker}")
        self.stdout.write(f"{found} differences, {pending} markers pending.")
        if found or pending:
            sys.exit(1)
