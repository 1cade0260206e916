"""What the medical colleagues have noted in the last twelve months."""

from __future__ import annotations

from datetime import timedelta

from crm.enums import PickList
from kam.core.actor import acting
from metrics.demo.account_data import ACCOUNTS
from metrics.demo.insight_data import HEARD, Heard
from metrics.demo.sample import Sample
from plans.models import MedicalInsight

LIAISONS = {"LS-NA": "msl", "LS-UK": "msl", "LS-EU": "nadia"}


def create_insights(sample: Sample) -> None:
    territories = {spec.key: spec.territory for spec in ACCOUNTS}
    by_author: dict[str, list[Heard]] = {}
    for heard in HEARD:
        by_author.setdefault(LIAISONS[territories[heard.account]], []).append(heard)
    for username, notes in by_author.items():
        with acting(sample.users[username]):
            MedicalInsight.objects.bulk_create([_insight(sample, heard, username) for heard in notes])


def _insight(sample: Sample, heard: Heard, username: str) -> MedicalInsight:
    team = sample.contacts.get(heard.account, [])
    day = min(sample.month(-heard.months) + timedelta(days=heard.day - 1), sample.today)
    instant = sample.moment(day, hour=18)
    return MedicalInsight(
        id=sample.new_id(),
        topic=sample.values[PickList.INSIGHT_TOPIC, heard.topic],
        text=heard.text,
        date=day,
        account=sample.accounts[heard.account],
        contact=team[heard.person % len(team)] if team else None,
        product=sample.products[heard.product],
        author=sample.users[username],
        created_at=instant,
        updated_at=instant,
    )
