"""A year of calls and visits, what is planned, and what should have happened by now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from random import Random

from crm.enums import ActivityStatus, CallFrequency
from crm.models import Activity
from kam.core.actor import acting
from metrics.demo.account_data import ACCOUNTS, NO_RELATIONSHIP, Spec
from metrics.demo.sales import weekday_at_or_after, weekday_at_or_before
from metrics.demo.sample import CRM, Sample

DAYS = {
    CallFrequency.WEEKLY: 7,
    CallFrequency.FORTNIGHTLY: 14,
    CallFrequency.MONTHLY: 30,
    CallFrequency.EVERY_TWO_MONTHS: 61,
    CallFrequency.QUARTERLY: 91,
    CallFrequency.HALF_YEARLY: 182,
    CallFrequency.YEARLY: 365,
}
YEAR = 365
MEDICAL_TERRITORIES = "LS"  # how their codes begin
# Type: subjects and what was noted.
SUBJECTS: dict[str, tuple[tuple[str, str], ...]] = {
    "Call": (
        (
            "Stock and open orders",
            "Stock lasts for five weeks. Two lines were delivered late; told logistics.",
        ),
        ("Price question", "Wants the new price list before the budget round."),
        ("Follow-up on the offer", "Offer is with the finance department. Answer expected in two weeks."),
        ("Delivery dates", "Confirmed the dates for both call-offs."),
    ),
    "Visit": (
        ("Quarterly visit", "Went through volumes and open points. Happy with service, not with lead times."),
        ("Walk through the wards", "Usage is up on two wards; night shift asks for a short guide."),
        ("Meeting with purchasing", "They compare us with one competitor. Price is not the main point."),
        ("Introduction of the new contact", "Good start. Comes from a house that used our products."),
    ),
    "Joint call": (
        ("Joint call with our specialist", "Answered all technical questions. A trial was agreed."),
        ("Joint visit at an end user", "Saw the product in use; they want a second demonstration."),
    ),
    "Training": (("Product training", "Twelve people, good questions, feedback sheet is in the file."),),
    "E-mail": (("Sent the documents", ""), ("Answered the questions by mail", "")),
}
WEIGHTS = {"Call": 40, "Visit": 28, "Joint call": 9, "Training": 5, "E-mail": 18}


@dataclass(frozen=True)
class Appointment:
    """Something on the list of an account manager: `offset` days from today, overdue if negative."""

    account: str
    type: str
    subject: str
    offset: int
    next_step: str = ""
    joined_by: tuple[str, ...] = ()


AGENDA = (
    Appointment(
        "newton", "Call", "Send Gordon Pruitt the stability data", -4, "He needs it for the board paper"
    ),
    Appointment("newton", "Visit", "Ward round with Dr Oduya: Cholecap 40 mg", 2, "", ("msl",)),
    Appointment(
        "newton", "Training", "Restolar on ward 7, night shift", 9, "Bring the short guide", ("msl",)
    ),
    Appointment("newton-heart", "Call", "Second half call-off with the clinic office", 5),
    Appointment(
        "harrowfen",
        "Call",
        "Ask Fiona Garrick for the tender date",
        -9,
        "Without it we cannot plan stock",
    ),
    Appointment("harrowfen-royal", "Visit", "Restolar trial: results after eight weeks", -2),
    Appointment("harrowfen", "Joint call", "Formulary questions with Dr Tarrant", 13, "", ("msl", "marek")),
    Appointment(
        "calder", "Internal meeting", "Prepare the offer for central purchasing", 1, "", ("manager",)
    ),
    Appointment("calder", "Visit", "Meet Bill Hanrahan about the merged budget", 8),
    Appointment("brackwater", "Training", "Restolar XR for the night shift", 16, "", ("msl",)),
    Appointment("quillmere", "Call", "Renewal of the Restolar contract", -12),
    Appointment("pinehollow", "Call", "Are they buying again?", 20),
    Appointment("ironvale", "Visit", "Spring stock plan with Shonda Ames", 6, "Bring last spring's numbers"),
    Appointment("brandauer", "Visit", "Price talk with Ilse Mohr", -6, "She asked for it twice", ("greta",)),
    Appointment("arnsee", "Joint call", "Committee meeting on sleep medicine", 11, "", ("kam",)),
    Appointment("aldermoor", "Call", "Second call with the new head of pharmacy", 3),
)


def create_activities(sample: Sample) -> int:
    random = sample.random("activities")
    activities: list[Activity] = []
    for spec in ACCOUNTS:
        if spec.segment != NO_RELATIONSHIP:
            activities += _year_of(sample, random, spec)
    agenda = [_appointment(sample, appointment) for appointment in AGENDA]
    everything = activities + agenda
    for number, activity in enumerate(everything, 1):
        activity.external_id = f"A-{number:05d}"
    Activity.objects.bulk_create(everything)
    _name_people(sample, random, activities, agenda)
    return len(everything)


def _year_of(sample: Sample, random: Random, spec: Spec) -> list[Activity]:
    """Contacts about as often as agreed; one account in seven was left alone for too long."""
    interval = DAYS[CallFrequency(spec.every)]
    offset = (
        -int(interval * random.uniform(1.3, 1.7)) if random.random() < 1 / 7 else -random.randint(1, interval)
    )
    last = offset
    activities = []
    while offset > -YEAR:
        activities.append(_done(sample, random, spec, offset))
        offset -= max(3, int(interval * random.uniform(0.7, 1.3)))
    upcoming = last + interval + random.randint(-3, 6)
    if random.random() < 0.75 and upcoming > -30:
        activities.append(_planned(sample, random, spec, upcoming))
    return activities


def _activity(sample: Sample, spec_key: str, type_name: str, subject: str) -> Activity:
    account = sample.accounts[spec_key]
    return Activity(
        id=sample.new_id(),
        account=account,
        type=sample.activity_types[type_name],
        subject=subject,
        owner=account.owner,
        source=CRM,
    )


def _done(sample: Sample, random: Random, spec: Spec, offset: int) -> Activity:
    type_name = random.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))[0]
    subject, notes = random.choice(SUBJECTS[type_name])
    activity = _activity(sample, spec.key, type_name, subject)
    activity.done_on = weekday_at_or_before(sample.day(offset))
    activity.planned_for = activity.done_on if random.random() < 0.7 else None
    activity.status = ActivityStatus.DONE
    activity.notes = notes
    activity.created_at = activity.updated_at = sample.moment(activity.done_on, hour=17)
    if random.random() < 0.03:
        activity.status, activity.planned_for, activity.done_on = (
            ActivityStatus.CANCELLED,
            activity.done_on,
            None,
        )
        activity.notes = "Cancelled by the customer."
    return activity


def _planned(sample: Sample, random: Random, spec: Spec, offset: int) -> Activity:
    type_name = random.choice(("Call", "Call", "Visit"))
    activity = _activity(sample, spec.key, type_name, random.choice(SUBJECTS[type_name])[0])
    activity.planned_for = weekday_at_or_before(sample.day(offset))
    return activity


def _appointment(sample: Sample, appointment: Appointment) -> Activity:
    activity = _activity(sample, appointment.account, appointment.type, appointment.subject)
    day = sample.day(appointment.offset)
    moved = weekday_at_or_before if appointment.offset < 0 else weekday_at_or_after
    activity.planned_for = moved(day)
    activity.next_step = appointment.next_step
    return activity


def _name_people(sample: Sample, random: Random, activities: list[Activity], agenda: list[Activity]) -> None:
    """With whom: for what is planned and for the last six weeks."""
    keys = {account.pk: key for key, account in sample.accounts.items()}
    recent = [a for a in activities if a.done_on is None or a.done_on > sample.today - timedelta(days=42)]
    for activity in recent + agenda:
        team = sample.contacts.get(keys[activity.account_id], [])
        named = [contact for contact in team if contact.name.split()[-1] in activity.subject]
        if team:
            with acting(activity.owner):
                activity.contacts.add(*(named or [random.choice(team)]))
    for appointment, activity in zip(AGENDA, agenda, strict=True):
        if appointment.joined_by:
            with acting(activity.owner):
                activity.participants.add(*(sample.users[name] for name in appointment.joined_by))
    _bring_specialists(sample, activities)


def _bring_specialists(sample: Sample, activities: list[Activity]) -> None:
    """To the joint calls of the life science business that took place comes the medical colleague."""
    life_science = {
        sample.accounts[spec.key].pk for spec in ACCOUNTS if spec.territory.startswith(MEDICAL_TERRITORIES)
    }
    joint = sample.activity_types["Joint call"]
    for activity in activities:
        took_place = activity.type_id == joint.pk and activity.status == ActivityStatus.DONE
        if took_place and activity.account_id in life_science:
            with acting(activity.owner):
                activity.participants.add(sample.users["msl"])
