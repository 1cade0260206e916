"""Accounts in their trees and the people who work there."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from django.utils.text import slugify

from crm.enums import PickList
from crm.models import Account, Contact
from metrics.demo.account_data import ACCOUNTS, CURRENCY_BY_TERRITORY, KNOWN_PEOPLE, Spec
from metrics.demo.names import FIRST_NAMES, JOBS, LAST_NAMES, PHONES
from metrics.demo.sample import CRM, ERP, Sample

CONTACTS = 150
SPEC_BY_KEY = {spec.key: spec for spec in ACCOUNTS}


def _depth(spec: Spec) -> int:
    return 1 + _depth(SPEC_BY_KEY[spec.parent]) if spec.parent else 0


def create_accounts(sample: Sample) -> None:
    """Level by level, as a child needs its parent."""
    since = sample.moment(sample.month(-40))
    numbers = {spec.key: number for number, spec in enumerate(ACCOUNTS, 10_001)}
    for depth in range(1 + max(map(_depth, ACCOUNTS))):
        level = {
            spec.key: Account(
                id=sample.new_id(),
                name=spec.name,
                parent=sample.accounts.get(spec.parent),
                territory=sample.territories[spec.territory],
                owner=sample.users[spec.owner],
                industry=sample.values[PickList.INDUSTRY, spec.kind.partition("/")[0]],
                account_type=sample.values[PickList.ACCOUNT_TYPE, spec.kind.partition("/")[2]],
                current_segment=sample.values[PickList.SEGMENT, spec.segment],
                target_segment=sample.values[PickList.SEGMENT, spec.target],
                currency=CURRENCY_BY_TERRITORY.get(spec.territory, "EUR"),
                call_frequency=spec.every,
                business_overview=spec.overview,
                website=f"https://{slugify(spec.name)}.example",
                created_at=since,
                updated_at=since,
                source=ERP,
                external_id=f"C-{numbers[spec.key]}",
            )
            for spec in ACCOUNTS
            if _depth(spec) == depth
        }
        Account.objects.bulk_create(level.values())
        sample.accounts.update(level)


def create_contacts(sample: Sample) -> None:
    """The people whom the plans name, then as many as it takes, the larger accounts first."""
    random = sample.random("contacts")
    taken: set[str] = set()
    for key, people in KNOWN_PEOPLE.items():
        team: list[Contact] = []
        for name, job_title, department, specialty, reports_to in people:
            contact = _contact(sample, random, key, name, (job_title, department, specialty))
            contact.reports_to = None if reports_to is None else team[reports_to]
            team.append(contact)
        sample.contacts[key] = team
        taken.update(contact.name for contact in team)
    open_places = CONTACTS - len(taken)
    by_need = sorted(
        ACCOUNTS, key=lambda spec: (len(sample.contacts.get(spec.key, ())), -spec.deals - spec.orders)
    )
    for number in range(open_places):
        spec = by_need[number % len(by_need)]
        team = sample.contacts.setdefault(spec.key, [])
        contact = _drawn_contact(sample, random, spec, taken)
        contact.reports_to = team[0] if team and random.random() < 0.6 else None
        team.append(contact)
    everybody = [contact for team in sample.contacts.values() for contact in team]
    for number, contact in enumerate(everybody, 1):
        contact.external_id = f"P-{number:04d}"
    Contact.objects.bulk_create(everybody)


def _drawn_contact(sample: Sample, random: Random, spec: Spec, taken: set[str]) -> Contact:
    currency = sample.accounts[spec.key].currency
    name = ""
    while not name or name in taken:
        name = f"{random.choice(FIRST_NAMES[currency])} {random.choice(LAST_NAMES[currency])}"
    taken.add(name)
    job = random.choice(JOBS[spec.territory.partition("-")[0]])
    if job[2]:  # a physician
        name = f"Dr {name}"
    return _contact(sample, random, spec.key, name, job)


def _contact(sample: Sample, random: Random, key: str, name: str, job: tuple[str, str, str]) -> Contact:
    account = sample.accounts[key]
    without_title = " ".join(word for word in name.split() if word not in {"Dr", "Prof.", "Dr.", "Nurse"})
    local_part = slugify(without_title).replace("-", ".")
    return Contact(
        id=sample.new_id(),
        account=account,
        name=name,
        job_title=job[0],
        department=job[1],
        specialty=job[2],
        email=f"{local_part}@{slugify(account.name)}.example",
        phone=PHONES[account.currency].format(random.randrange(100)),
        created_at=account.created_at + timedelta(days=random.randrange(900)),
        source=CRM,
    )
