"""What the sample company sells in one deal, and what happens next with it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Deal:
    """A kind of deal: its name (`{year}` is the year it closes) and the products it consists of."""

    name: str
    products: tuple[str, ...]


@dataclass(frozen=True)
class KnownDeal:
    """One that the plans speak of: `days` until it should close, negative if it slipped."""

    account: str
    deal: Deal
    stage: str
    days: int
    currency: str = ""  # the account's own


MEDICINES = (
    Deal("Cholecap formulary contract {year}", ("CHO-10", "CHO-20", "CHO-40")),
    Deal("Cholecap 40 mg for the heart ward", ("CHO-40",)),
    Deal("Cholecap 20 mg, outpatient switch", ("CHO-20",)),
    Deal("Cholecap call-off, second half {year}", ("CHO-10", "CHO-20")),
    Deal("Restolar trial supply, two wards", ("RES-05", "RES-10")),
    Deal("Restolar XR for the sleep laboratory", ("RES-XR",)),
    Deal("Restolar contract {year}", ("RES-10", "RES-XR")),
    Deal("Restolar 5 mg, geriatrics", ("RES-05",)),
    Deal("Ward training package", ("SRV-TR",)),
)
LIFE_SCIENCE = (
    *MEDICINES,
    Deal("Flowmere pumps, intensive care", ("FLO-P2", "FLO-LS", "SRV-FP")),
    Deal("Flowmere line sets, call-off {year}", ("FLO-LS",)),
    Deal("Pump replacement, theatre 2", ("FLO-P2", "SRV-TR")),
    Deal("Flowmere service renewal {year}", ("SRV-FP",)),
)
INDUSTRIAL = (
    Deal("Bearing frame agreement {year}", ("BRG-DG", "BRG-SR", "BRG-PB")),
    Deal("Spring stock order, bearings", ("BRG-DG", "BRG-PB")),
    Deal("Gear units for a conveyor line", ("DRV-HG", "DRV-CH")),
    Deal("Belt and chain programme {year}", ("DRV-TB", "DRV-CH")),
    Deal("Seal kits for the service vans", ("SEA-RS", "SEA-HY")),
    Deal("Grease and chain oil, winter stock", ("LUB-HT", "LUB-CO")),
    Deal("Pneumatics listing in the catalogue", ("PNE-CY", "PNE-VT")),
    Deal("Valve terminals, packaging plant", ("PNE-VT",)),
    Deal("Competitive switch, roller bearings", ("BRG-SR",)),
)

UNRATED = "CHF"  # quoted once, never rated: what "not converted" looks like
KNOWN_DEALS = (
    KnownDeal("newton", Deal("Cholecap 40 mg for the heart ward", ("CHO-40",)), "Verbal agreement", 9),
    KnownDeal("newton", Deal("Restolar formulary listing", ("RES-10", "RES-XR")), "Negotiation", 34),
    KnownDeal("newton-heart", Deal("Second half call-off", ("CHO-10", "CHO-20")), "Proposal", 21),
    KnownDeal("harrowfen", Deal("Lipid tender, first lot", ("CHO-10", "CHO-20")), "Proposal", -27),
    KnownDeal(
        "harrowfen-royal", Deal("Restolar on two more wards", ("RES-05", "RES-10")), "Negotiation", -12
    ),
    KnownDeal(
        "harrowfen", Deal("Restolar for the partner clinic in Basel", ("RES-10",)), "Proposal", 40, UNRATED
    ),
    KnownDeal(
        "calder", Deal("Frame contract for three sites", ("CHO-20", "RES-10", "FLO-LS")), "Needs analysis", 95
    ),
    KnownDeal("ironvale", Deal("Spring stock order, bearings", ("BRG-DG", "BRG-PB")), "Negotiation", 48),
    KnownDeal("brandauer", Deal("Project price, roller bearings", ("BRG-SR",)), "Proposal", -8),
)

NEXT_STEPS = {
    "Qualified": (
        "Find out who signs",
        "First meeting with the department",
        "Ask for last year's volumes",
    ),
    "Needs analysis": (
        "Count the patients with the ward manager",
        "Get the usage list from purchasing",
        "Agree on the trial criteria",
    ),
    "Proposal": (
        "Offer goes out this week",
        "Walk purchasing through the price list",
        "Answer the questions on delivery times",
    ),
    "Negotiation": (
        "Discount for a two-year term: ask our director",
        "Legal is reading the frame agreement",
        "Second round on payment terms",
    ),
    "Verbal agreement": (
        "Wait for the purchase order",
        "Signature is on the desk of the director",
    ),
}
FOR_DEALERS = {
    "Needs analysis": ("Get the stock list from the warehouse", "Visit two end customers together"),
}
