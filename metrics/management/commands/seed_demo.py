"""`manage.py seed_demo`: fill an empty database with the sample company."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import IntegrityError
from django.utils import timezone

from metrics.demo import Facts, create_sample_company
from metrics.demo.catalog import CURRENCIES
from metrics.demo.company import has_business_data, sample_territories_taken, sample_usernames_taken


class Command(BaseCommand):
    help = (
        "Fill an empty database with the sample company: two businesses, twelve users, three years of records. "
        "All names are invented. Nothing is ever deleted or overwritten."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--force", action="store_true", help="Add it to a database that holds data already."
        )
        parser.add_argument(
            "--if-empty", action="store_true", help="Do nothing unless the database is empty."
        )

    def handle(self, *, force: bool, if_empty: bool, verbosity: int, **options: Any) -> None:
        taken = sample_usernames_taken()
        if if_empty and (taken or has_business_data()):
            return
        self._refuse_if_in_the_way(taken, force=force)
        try:
            facts = create_sample_company(today=timezone.localdate())
        except IntegrityError as error:
            raise CommandError(
                f"Something of the same name is here already, so nothing was added: {error}"
            ) from error
        if verbosity:
            self._tell(facts)

    def _refuse_if_in_the_way(self, taken: list[str], *, force: bool) -> None:
        if taken:
            raise CommandError(f"Users of the sample company are here already: {', '.join(taken)}.")
        if codes := sample_territories_taken():
            raise CommandError(f"Territories of the sample company are here already: {', '.join(codes)}.")
        if has_business_data() and not force:
            raise CommandError(
                "The database is not empty. --force adds the sample company beside what is there."
            )
        if settings.COMPANY_CURRENCY not in CURRENCIES:
            raise CommandError(
                f"The sample company reckons in {', '.join(CURRENCIES)}, not in {settings.COMPANY_CURRENCY}: "
                f"set COMPANY_CURRENCY to one of them."
            )

    def _tell(self, facts: Facts) -> None:
        counted = ", ".join(f"{number:,} {name}" for name, number in facts.counts)
        self.stdout.write(self.style.SUCCESS(f"The sample company is ready: {counted}."))
        self.stdout.write("\nSign in as (these passwords are public: keep such a database to yourself):")
        for user in facts.users:
            if user.role != "integration":
                self.stdout.write(f"  {user.username:<10} {user.password:<15} {user.name}, {user.job_title}")
        self.stdout.write("\nPlans worth a visit:")
        for plan in facts.plans.values():
            self.stdout.write(f"  {plan.name} ({plan.owner}): {plan.why}")
