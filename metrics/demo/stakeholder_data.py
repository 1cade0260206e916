"""Who matters on the sample company's plans. Contacts by their place in the team of an account."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """`who` is the account and the place in its team, or an account alone for an organisation."""

    who: str
    role: str
    influence: int
    support: int | None = None
    now: str = "unknown"
    desired: str = ""
    owner: str | None = None
    development: str = ""
    notes: str = ""


CHIEF, PHARMACY, PURCHASING, SLEEP, PHARMACIST, WARD = (f"newton/{place}" for place in range(6))
PEOPLE = {
    "newton": (
        Person(
            CHIEF, "Champion", 5, 2, "trusted_advisor", "trusted_advisor", "kam",
            "Ask for a talk at the cardiology evening; keep her in the loop before every board.",
            "Chairs the formulary board until the summer. Wants to publish the ward data with us.",
        ),
        Person(
            PHARMACY, "Decision maker", 5, 0, "credible_source", "problem_solver", "kam",
            "Bring the stability data before the board paper closes, then offer one delivery a week.",
            "Has been burnt by a supplier once; reads every footnote.",
        ),
        Person(
            PURCHASING, "Economic buyer", 4, -1, "vendor", "problem_solver", "ana",
            "Show the cost of a readmission beside the price of a pack; Ana brings the invoice proposal.",
            "Measured on price alone. Velipra quotes her every quarter.",
        ),
        Person(
            SLEEP, "Technical influencer", 4, 1, "problem_solver", "trusted_advisor", "msl",
            "Two hours on dosing with Tomas Lindqvist, then the protocol for forty patients.",
            "Would be the second supporter that the plan needs.",
        ),
        Person(
            PHARMACIST, "Gatekeeper", 3, -2, "vendor", "credible_source", None,
            "Find out what went wrong with the samples last year.",
            "Worked for the makers of Velipra before.",
        ),
        Person(
            WARD, "User", 2, 2, "problem_solver", "", "msl",
            "", "Switched ward 3 by herself. Ask her to speak at the next training.",
        ),
        Person(
            "newton-group", "Business influencer", 3, None, "unknown", "credible_source", None,
            "Ruth Okafor meets the chief operating officer at dinner.",
            "May move the formulary to a central list.",
        ),
    ),
    "harrowfen": (
        Person(
            "harrowfen/0", "Economic buyer", 5, 0, "vendor", "credible_source", "kam",
            "Get the tender date, then agree on what the tender asks for.",
        ),
        Person(
            "harrowfen/1", "Decision maker", 5, None, "unknown", "credible_source", None,
            "A joint call with the medical colleague on his formulary questions.",
        ),
        Person("harrowfen/2", "Technical influencer", 3, 1, "credible_source", "", "marek"),
    ),
    "calder": (
        Person(
            "calder/0", "Decision maker", 5, 1, "problem_solver", "trusted_advisor", "kam",
            "Help him with the merged budget.", "Everything we know of the merger comes from him.",
        ),
        Person("calder/2", "Gatekeeper", 3),
    ),
    "ironvale": (
        Person("ironvale/0", "Decision maker", 5, 1, "problem_solver", "problem_solver", None),
        Person("ironvale/1", "User", 3, -1, "vendor", "credible_source", None),
        Person("ironvale/2", "Champion", 4, 2, "credible_source", "problem_solver", None),
    ),
}  # fmt: skip
# From, kind, to: of the plan of Newton Memorial.
LINKS = (
    (SLEEP, "reports_to", CHIEF),
    (WARD, "reports_to", CHIEF),
    (PHARMACIST, "reports_to", PHARMACY),
    (CHIEF, "influences", PHARMACY),
    (PHARMACIST, "influences", PURCHASING),
    (PURCHASING, "conflicts_with", CHIEF),
    ("newton-group", "influences", PURCHASING),
)
# Whom of them, and the one of us who takes part in the plan and looks after them.
LOOKED_AFTER = ((CHIEF, "msl"), (SLEEP, "msl"), (WARD, "msl"), (PURCHASING, "ana"))
# Whom, product, attitude, adoption step, comment.
PRODUCTS = (
    (CHIEF, "CHO-40", 2, "advocating", "Quotes our numbers in her rounds."),
    (CHIEF, "RES-XR", 0, "aware", "Leaves sleep to Dr Itoh."),
    (PHARMACY, "CHO-40", 0, "interested", "Waits for the stability data."),
    (SLEEP, "RES-XR", 1, "trying", "Three wards on trial; likes the night profile."),
    (WARD, "CHO-20", 2, "using", "Her ward was the first."),
    (PHARMACIST, "RES-10", -2, "aware", "Recommends Noctavane to the wards."),
)
# The company, its role, notes.
PARTNERS = (
    ("Tri-River Hospital Purchasing", "Buying group", "Negotiates for eleven hospitals; two of them are Newton's."),
    ("Marchbank Health Advisers", "Consultant", "Wrote the group's plan for a central formulary."),
)  # fmt: skip
EXPECTED_ROLES = ("Decision maker", "Economic buyer", "Champion", "Project manager")
