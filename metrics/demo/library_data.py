"""What the sample company learned to do well: action plan templates and the goals that use them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from templates_app.enums import AppliesTo, AssigneeRole, ItemKind, LibraryStatus, MeasureKind, Priority

CATEGORIES = ("Growth", "Access and adoption", "Relationship", "Service and supply", "Territory")


@dataclass(frozen=True)
class Item:
    """Days count from the start of the action plan; `after` names the item that comes first."""

    name: str
    start: int
    due: int
    kind: str = ItemKind.TASK
    role: str = AssigneeRole.OWNER
    priority: str = Priority.NORMAL
    required: bool = True
    weight: int = 1
    quantity: int | None = None
    activity: str = ""
    after: str = ""
    instructions: str = ""


@dataclass(frozen=True)
class Template:
    """`editions` are the items of each version, the oldest first; the last is a draft if `has_draft`."""

    name: str
    category: str
    description: str
    editions: tuple[tuple[Item, ...], ...]
    has_draft: bool = False


@dataclass(frozen=True)
class Goal:
    name: str
    category: str
    description: str
    templates: tuple[str, ...] = ()
    applies_to: str = AppliesTo.ACCOUNT_PLAN
    measure: str = MeasureKind.QUALITATIVE
    target: int | None = None
    unit: str = ""
    weight: int = 1
    status: str = LibraryStatus.ACTIVE


def calls(name: str, start: int, due: int, quantity: int, activity: str = "Visit", **values: object) -> Item:
    item = Item(name, start, due, kind=ItemKind.CALL_OBJECTIVE, quantity=quantity, activity=activity)
    return replace(item, **values)  # type: ignore[arg-type]


LAUNCH = (
    Item(
        "Find the wards that fit",
        0,
        10,
        kind=ItemKind.ASSESSMENT,
        instructions="Patient numbers, current therapy, who decides. One page for each ward.",
    ),
    calls("Present the evidence to lead clinicians", 7, 35, 6, after="Find the wards that fit", weight=2),
    Item(
        "Agree a place on the formulary",
        20,
        60,
        role=AssigneeRole.EXECUTIVE_SPONSOR,
        priority=Priority.HIGH,
        weight=3,
        after="Present the evidence to lead clinicians",
    ),
    calls(
        "Train the nurses of the first ward",
        45,
        75,
        2,
        activity="Training",
        after="Agree a place on the formulary",
    ),
    Item("Review first results with the customer", 80, 90, after="Train the nurses of the first ward"),
)
LAUNCH_NEXT = (
    LAUNCH[0],
    replace(LAUNCH[1], quantity=8, due=40),
    Item(
        "Answer open medical questions",
        14,
        50,
        role=AssigneeRole.MEDICAL_SCIENCE_LIAISON,
        instructions="Questions that came up in the presentations, in writing, within two weeks.",
    ),
    LAUNCH[2],
    LAUNCH[3],
    LAUNCH[4],
    Item("Note what to do differently next time", 88, 95, required=False, priority=Priority.LOW),
)
MAPPING = (
    Item("List everybody who decides, buys and uses", 0, 7, kind=ItemKind.ASSESSMENT),
    Item("Agree who of us looks after whom", 5, 12, after="List everybody who decides, buys and uses"),
    calls("Meet each decision maker once", 10, 60, 5, after="Agree who of us looks after whom", weight=2),
    Item(
        "Bring our sponsor and theirs together",
        30,
        70,
        role=AssigneeRole.EXECUTIVE_SPONSOR,
        priority=Priority.HIGH,
    ),
    Item("Score the relationships again", 75, 85, kind=ItemKind.ASSESSMENT),
)
CROSS_SELL = (
    Item("Compare purchases with similar customers", 0, 10, kind=ItemKind.ASSESSMENT),
    Item("Choose two categories to open", 8, 14, after="Compare purchases with similar customers"),
    Item("Prepare samples and prices", 12, 25, role=AssigneeRole.PRE_SALES_ENGINEER),
    calls("Show them where they are used", 20, 50, 4, after="Choose two categories to open", weight=2),
    Item("Make the offer", 40, 55, priority=Priority.HIGH, weight=2, after="Prepare samples and prices"),
    calls("Follow up", 56, 70, 2, activity="Call", after="Make the offer"),
)
CROSS_SELL_NEXT = (
    *CROSS_SELL[:4],
    replace(CROSS_SELL[4], name="Make the offer", due=50),
    CROSS_SELL[5],
    Item("Open the categories in the order portal", 60, 80, role=AssigneeRole.CUSTOMER_SERVICES_LEAD),
)
SERVICE = (
    Item("Measure delivery and complaints of the last year", 0, 14, kind=ItemKind.ASSESSMENT),
    Item(
        "Agree service levels",
        14,
        30,
        role=AssigneeRole.CUSTOMER_SERVICES_LEAD,
        priority=Priority.HIGH,
        weight=2,
    ),
    Item(
        "Set up the monthly report",
        30,
        40,
        role=AssigneeRole.CUSTOMER_SERVICES_LEAD,
        after="Agree service levels",
    ),
    calls(
        "Go through the report together", 45, 120, 3, activity="Joint call", after="Set up the monthly report"
    ),
    Item("Renew or change the agreement", 120, 140, weight=2),
)
COVERAGE = (
    Item("Sort the accounts by potential", 0, 7, kind=ItemKind.ASSESSMENT),
    Item("Set call frequencies", 7, 14, after="Sort the accounts by potential"),
    calls("Visit every strategic account", 14, 90, 20, weight=3, after="Set call frequencies"),
    calls("Invite to the regional event", 30, 60, 12, activity="E-mail", required=False),
    calls("Hold the regional event", 60, 75, 1, activity="Event", priority=Priority.HIGH),
    Item("Review coverage with the manager", 90, 95, after="Visit every strategic account"),
)
TEMPLATES = (
    Template(
        "Launch in a hospital group",
        "Access and adoption",
        "From the first ward to a place on the formulary. Takes about a quarter.",
        (LAUNCH, LAUNCH_NEXT),
    ),
    Template(
        "Know and win the decision makers",
        "Relationship",
        "For accounts where we know too few people, or only one.",
        (MAPPING,),
    ),
    Template(
        "Open new product categories",
        "Growth",
        "What similar customers buy from us and this one does not.",
        (CROSS_SELL, CROSS_SELL_NEXT),
        has_draft=True,
    ),
    Template("Service agreement", "Service and supply", "Numbers first, then promises.", (SERVICE,)),
    Template(
        "Cover the territory",
        "Territory",
        "Calls where they count most, and one event that brings people together.",
        (COVERAGE,),
    ),
)
GOALS = (
    Goal(
        "Grow revenue with the account",
        "Growth",
        "More than last year, from products they know and some they do not.",
        ("Open new product categories", "Know and win the decision makers"),
        measure=MeasureKind.REVENUE,
        target=250_000,
        weight=3,
    ),
    Goal(
        "Win a place on the formulary",
        "Access and adoption",
        "The group's wards may order without asking again.",
        ("Launch in a hospital group",),
        measure=MeasureKind.NUMBER,
        target=3,
        unit="wards",
        weight=2,
    ),
    Goal(
        "Raise our share of their purchases",
        "Growth",
        "Of what they buy in our categories, from us.",
        ("Open new product categories",),
        measure=MeasureKind.PERCENT,
        target=40,
        unit="%",
        weight=2,
    ),
    Goal(
        "Become a trusted adviser",
        "Relationship",
        "They ask us before they decide.",
        ("Know and win the decision makers",),
        applies_to=AppliesTo.BOTH,
    ),
    Goal(
        "Deliver without complaints",
        "Service and supply",
        "On time and complete, month after month.",
        ("Service agreement",),
        measure=MeasureKind.PERCENT,
        target=98,
        unit="%",
    ),
    Goal(
        "See every strategic account",
        "Territory",
        "No strategic account without a visit in the quarter.",
        ("Cover the territory",),
        applies_to=AppliesTo.TERRITORY_PLAN,
        measure=MeasureKind.ACTIVITY_COUNT,
        target=60,
        unit="visits",
        weight=2,
    ),
    Goal(
        "Train the people who use our products",
        "Access and adoption",
        "Trained teams use more, and more safely.",
        ("Launch in a hospital group",),
        applies_to=AppliesTo.BOTH,
        measure=MeasureKind.ACTIVITY_COUNT,
        target=8,
        unit="trainings",
        status=LibraryStatus.DRAFT,
    ),
    Goal(
        "Collect orders by fax",
        "Service and supply",
        "Replaced by the order portal.",
        status=LibraryStatus.RETIRED,
    ),
)
