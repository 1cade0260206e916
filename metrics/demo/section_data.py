"""What the sample plan types show and ask for, and what stands in the sections of the sample plans."""

from __future__ import annotations

from dataclasses import dataclass, field

from plans.enums import Factor, Impact, Likelihood
from templates_app.enums import FieldKind, PlanSection


@dataclass(frozen=True)
class Field:
    key: str
    label: str
    kind: str
    help: str = ""
    choices: tuple[str, ...] = ()
    required: bool = False
    retired: bool = False


@dataclass(frozen=True)
class TypeSpec:
    """Without `sections` it shows all of them in the usual order."""

    sections: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    goals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """`product` is the code of a product of the plan; `answers` are names of objectives."""

    factor: str
    text: str
    impact: int = Impact.MEDIUM
    likelihood: int | None = None
    product: str = ""
    owner: str = ""
    answers: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProductSpec:
    """A product by its code or, `as_category`, the category that it belongs to."""

    code: str
    last_year: int
    target: int
    stretch: int | None = None
    note: str = ""
    as_category: bool = False


@dataclass(frozen=True)
class SectionSpec:
    """Values of kind user are usernames."""

    values: dict[str, str] = field(default_factory=dict)
    products: tuple[ProductSpec, ...] = ()
    entries: tuple[Entry, ...] = ()


PLAN_TYPE_PARTS = {
    "Key Account Plan": TypeSpec(
        fields=(
            Field(
                "formulary_status",
                "Formulary status",
                FieldKind.CHOICE,
                "Of our lead product, at the last board meeting.",
                ("Not listed", "Listed", "First choice"),
            ),
            Field("beds", "Beds", FieldKind.NUMBER),
            Field("contract_until", "Contract runs until", FieldKind.DATE),
            Field(
                "service_budget",
                "Service budget",
                FieldKind.MONEY,
                "What we may spend on training and support.",
            ),
            Field("board_sponsor", "Sponsor on our board", FieldKind.USER),
            Field("fax_number", "Fax of the pharmacy", FieldKind.TEXT, retired=True),
        ),
        goals=(
            "Win a place on the formulary",
            "Grow revenue with the account",
            "Become a trusted adviser",
        ),
    ),
    "Strategic Management Plan": TypeSpec(
        sections=(
            PlanSection.OBJECTIVES,
            PlanSection.VISION,
            PlanSection.GOALS,
            PlanSection.CUSTOMER_GOALS,
            PlanSection.BUSINESS_OVERVIEW,
            PlanSection.PESTEL,
            PlanSection.SWOT,
            PlanSection.RISKS,
            PlanSection.COMPETITORS,
            PlanSection.SUPPORT_REQUIRED,
            PlanSection.SHORT_TERM_PLAN,
            PlanSection.STAKEHOLDERS,
            PlanSection.REVIEWS,
        ),
        goals=("Become a trusted adviser", "Raise our share of their purchases"),
    ),
    "Account Development Plan": TypeSpec(
        sections=(
            PlanSection.OBJECTIVES,
            PlanSection.CUSTOM_FIELDS,
            PlanSection.PRODUCTS,
            PlanSection.SHORT_TERM_PLAN,
            PlanSection.VISION,
            PlanSection.GOALS,
            PlanSection.CUSTOMER_GOALS,
            PlanSection.BUSINESS_OVERVIEW,
            PlanSection.COMPETITORS,
            PlanSection.SUPPORT_REQUIRED,
            PlanSection.STAKEHOLDERS,
            PlanSection.REVIEWS,
        ),
        fields=(
            Field(
                "exclusivity",
                "Exclusive for us",
                FieldKind.CHOICE,
                choices=("No", "In one category", "In all categories"),
                required=True,
            ),
            Field("stock_days", "Days of stock", FieldKind.NUMBER, "At their last stock count."),
        ),
        goals=("Raise our share of their purchases", "Deliver without complaints"),
    ),
    "Territory Plan": TypeSpec(
        sections=(
            PlanSection.OBJECTIVES,
            PlanSection.VISION,
            PlanSection.GOALS,
            PlanSection.BUSINESS_OVERVIEW,
            PlanSection.SHORT_TERM_PLAN,
            PlanSection.SWOT,
            PlanSection.COMPETITORS,
            PlanSection.RISKS,
            PlanSection.SUPPORT_REQUIRED,
            PlanSection.STAKEHOLDERS,
            PlanSection.REVIEWS,
        ),
        goals=("See every strategic account",),
    ),
}

PLAN_SECTIONS = {
    "newton": SectionSpec(
        values={
            "formulary_status": "First choice",
            "beds": "620",
            "service_budget": "48000",
            "board_sponsor": "executive",
            "fax_number": "None since the move to the new pharmacy",
        },
        products=(
            ProductSpec(
                "CHO-20",
                1_350_000,
                1_900_000,
                2_100_000,
                "Ward by ward through cardiology; the 40 mg strength follows in autumn.",
                as_category=True,
            ),
            ProductSpec(
                "RES-10", 240_000, 620_000, None, "Out of trial, onto the formulary.", as_category=True
            ),
        ),
        entries=(
            Entry(
                Factor.STRENGTH,
                "Dr Oduya speaks for Cholecap in the formulary board and on her own wards.",
                Impact.VERY_HIGH,
                answers=("Three supporters besides Dr Oduya",),
            ),
            Entry(
                Factor.STRENGTH,
                "Better data in patients over 75, who are two thirds of the heart ward.",
                Impact.HIGH,
                product="CHO-20",
            ),
            Entry(
                Factor.STRENGTH, "One delivery a week without a single complaint since spring.", Impact.MEDIUM
            ),
            Entry(
                Factor.WEAKNESS,
                "We hang on one person: nobody else in the board would speak up for us.",
                Impact.VERY_HIGH,
                Likelihood.POSSIBLE,
                answers=("Three supporters besides Dr Oduya",),
            ),
            Entry(
                Factor.WEAKNESS,
                "Night staff do not know Restolar and fall back on what they had.",
                Impact.HIGH,
                product="RES-10",
                owner="msl",
                answers=("Train 80 nurses on Restolar",),
            ),
            Entry(
                Factor.OPPORTUNITY,
                "The Heart Centre opens 40 more beds next year, all of them for our patients.",
                Impact.HIGH,
                Likelihood.LIKELY,
                answers=("All six cardiology wards prescribe Cholecap first",),
            ),
            Entry(
                Factor.OPPORTUNITY,
                "The sleep laboratory looks for a partner for its study.",
                Impact.MEDIUM,
                Likelihood.POSSIBLE,
                product="RES-10",
                owner="msl",
                answers=("Trial results accepted by the formulary board",),
            ),
            Entry(
                Factor.THREAT,
                "Velipra gives free starter packs to the wards.",
                Impact.HIGH,
                Likelihood.ALMOST_CERTAIN,
                product="CHO-20",
                answers=("Cholecap's share of lipid prescriptions at 70 %",),
            ),
            Entry(
                Factor.THREAT,
                "A central formulary of the group: one vote decides for four sites.",
                Impact.VERY_HIGH,
                Likelihood.POSSIBLE,
            ),
            Entry(
                Factor.POLITICAL,
                "The state cuts the hospital grant by 3 % from July.",
                Impact.HIGH,
                Likelihood.LIKELY,
            ),
            Entry(
                Factor.ECONOMIC,
                "Agency nurses cost twice a nurse of their own: training time is hard to get.",
                Impact.MEDIUM,
                answers=("Train 80 nurses on Restolar",),
            ),
            Entry(Factor.SOCIAL, "Patients ask for fewer tablets a day.", Impact.MEDIUM, Likelihood.LIKELY),
            Entry(
                Factor.TECHNOLOGICAL,
                "The new prescribing system shows the cheapest drug first.",
                Impact.VERY_HIGH,
                Likelihood.LIKELY,
                product="CHO-20",
            ),
            Entry(Factor.ENVIRONMENTAL, "Packaging counts in every tender from next year.", Impact.LOW),
            Entry(
                Factor.LEGAL,
                "Samples to wards need the pharmacy's signature since January.",
                Impact.MEDIUM,
            ),
        ),
    ),
    "harrowfen": SectionSpec(
        entries=(
            Entry(Factor.STRENGTH, "Dr Tarrant has the numbers that procurement asks for.", Impact.HIGH),
            Entry(Factor.WEAKNESS, "Offers lie for weeks: procurement is two people.", Impact.HIGH),
            Entry(
                Factor.THREAT,
                "The tender slips into next year.",
                Impact.VERY_HIGH,
                Likelihood.LIKELY,
            ),
            Entry(Factor.ECONOMIC, "Five per cent off the drug budget, decided.", Impact.VERY_HIGH),
        ),
    ),
    "ironvale": SectionSpec(
        values={"exclusivity": "In one category", "stock_days": "58"},
        products=(
            ProductSpec(
                "BRG-DG", 1_600_000, 1_850_000, None, "First brand in all warehouses.", as_category=True
            ),
            ProductSpec("DRV-HG", 300_000, 520_000, None, "Onto the shelf in the Lakes.", as_category=True),
        ),
    ),
    "brandauer": SectionSpec(values={"exclusivity": "No", "stock_days": "31.5"}),
}
