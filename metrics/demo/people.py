"""Thirteen colleagues (one of them a system) and eight territories in two levels."""

from __future__ import annotations

from dataclasses import dataclass

from crm.enums import TerritoryRole
from crm.models import Territory, TerritoryMembership
from kam.users.models import Role, User
from metrics.demo.facts import SampleUser
from metrics.demo.sample import ERP, Sample


@dataclass(frozen=True)
class Person:
    username: str
    first_name: str
    last_name: str
    role: Role
    job_title: str
    manager: str = ""
    time_zone: str = ""
    source: str = ""


PEOPLE = (
    Person("executive", "Henrik", "Vaal", Role.EXECUTIVE, "Chief commercial officer"),
    Person("admin", "Noor", "Haddad", Role.ADMIN, "Sales operations"),
    Person("integration", "ERP", "feed", Role.INTEGRATION, "System", source=ERP),
    Person("manager", "Ruth", "Okafor", Role.MANAGER, "Director, life science", manager="executive"),
    Person("greta", "Greta", "Holm", Role.MANAGER, "Director, industrial", manager="executive"),
    Person("kam", "Elena", "Marsh", Role.KAM, "Key account manager", manager="manager"),
    Person("msl", "Tomas", "Lindqvist", Role.MSL, "Medical science liaison", manager="manager"),
    Person("nadia", "Nadia", "Ferro", Role.MSL, "Medical science liaison", manager="manager"),
    Person("marek", "Marek", "Dolan", Role.KAM, "Key account manager", manager="manager"),
    Person("ana", "Ana", "Ribeiro", Role.KAM, "Key account manager", manager="manager"),
    Person("jonas", "Jonas", "Weiler", Role.KAM, "Distribution manager", manager="greta"),
    Person("priya", "Priya", "Anand", Role.KAM, "Distribution manager", manager="greta"),
    Person("viewer", "Paul", "Quintero", Role.VIEWER, "Controller", manager="executive"),
)

# Code: name, code of the parent.
TERRITORIES = {
    "LS": ("Life science", ""),
    "LS-NA": ("Life science North America", "LS"),
    "LS-UK": ("Life science United Kingdom", "LS"),
    "LS-EU": ("Life science Europe", "LS"),
    "IN": ("Industrial", ""),
    "IN-NA": ("Industrial North America", "IN"),
    "IN-DACH": ("Industrial Germany, Austria, Switzerland", "IN"),
    "IN-NORTH": ("Industrial Benelux and Nordics", "IN"),
}

MEMBERS = (
    ("LS", "manager", TerritoryRole.MANAGER),
    ("LS-NA", "kam", TerritoryRole.KAM),
    ("LS-NA", "marek", TerritoryRole.KAM),
    ("LS-NA", "msl", TerritoryRole.MSL),
    ("LS-NA", "viewer", TerritoryRole.VIEWER),
    ("LS-UK", "kam", TerritoryRole.KAM),
    ("LS-UK", "marek", TerritoryRole.KAM),
    ("LS-UK", "msl", TerritoryRole.MSL),
    ("LS-EU", "ana", TerritoryRole.KAM),
    ("LS-EU", "nadia", TerritoryRole.MSL),
    ("IN", "greta", TerritoryRole.MANAGER),
    ("IN-NA", "priya", TerritoryRole.KAM),
    ("IN-DACH", "jonas", TerritoryRole.KAM),
    ("IN-NORTH", "jonas", TerritoryRole.KAM),
)


def create_people(sample: Sample) -> tuple[SampleUser, ...]:
    made = []
    for person in PEOPLE:
        user = User(
            id=sample.new_id(),
            username=person.username,
            first_name=person.first_name,
            last_name=person.last_name,
            email=f"{person.username}@kam.example",
            role=person.role,
            job_title=person.job_title,
            source=person.source,
            manager=sample.users.get(person.manager),
        )
        facts = SampleUser(person.username, str(user), person.role, person.job_title)
        user.set_password(facts.password)
        user.save()
        sample.users[person.username] = user
        made.append(facts)
    return tuple(made)


def create_territories(sample: Sample) -> None:
    for code, (name, parent) in TERRITORIES.items():
        sample.territories[code] = Territory.objects.create(
            id=sample.new_id(), code=code, name=name, parent=sample.territories.get(parent)
        )
    TerritoryMembership.objects.bulk_create(
        TerritoryMembership(
            id=sample.new_id(), territory=sample.territories[code], user=sample.users[username], role=role
        )
        for code, username, role in MEMBERS
    )
