"""The plans of the industrial business: distributors, counted by what they order."""

from metrics.demo.plan_data import Focus, Objective, PlanSpec, Seat, Story
from plans.enums import Access, ColleagueRole, MeasureKind, ObjectiveStatus
from templates_app.enums import RevenueBasis

DEVELOPMENT = "Account Development Plan"

IRONVALE = PlanSpec(
    key="ironvale",
    account="ironvale",
    owner="priya",
    story=Story.AHEAD,
    why="counts orders of a distributor with three branches, ahead",
    plan_type=DEVELOPMENT,
    revenue_basis=RevenueBasis.ORDER,
    texts={
        "vision": "First brand in bearings and second in drives in all three warehouses.",
        "goals": "Grow by 15 % while their market grows by 4 %.\nDrives in the Lakes warehouse.",
        "customer_goals": "“Turn the stock six times a year and never send a truck half empty.” (Walt Brubeck)",
        "business_overview": "4,000 machine shops. They plan stock twice a year, in February and August, and order "
        "weekly in between. Bearings carry the margin, grease fills the truck.",
        "short_term_plan": "Spring stock plan with Shonda Ames.\nTwo joint visits at end users in the Lakes.",
        "support_required": "Application engineering: three days of joint visits in spring.",
        "risks": "Torvik pays for shelf space.\nA dry summer keeps the farms from ordering chain.",
        "competitors": "Torvik in roller bearings; nobody serious in grease.",
    },
    focus=(
        Focus(
            "Second brand in drives",
            "Start in the Lakes: no drive brand is strong there.",
            (
                Objective("40 drive articles on the shelf in Lakes", unit="articles", baseline=6, current=31, target=40,
                          weight=2),
                Objective("12 joint visits at end users", kind=MeasureKind.ACTIVITY_COUNT, unit="visits", current=9,
                          target=12),
            ),
        ),
        Focus(
            "Smooth the season",
            "Early orders with a bonus, so that spring does not break our delivery.",
            (
                Objective("A third of the spring order placed by January", kind=MeasureKind.PERCENT, unit="%",
                          baseline=10, current=24, target=33),
                Objective("Return rate below 2 %", kind=MeasureKind.PERCENT, unit="%", baseline=4, current=2, target=2,
                          status=ObjectiveStatus.ACHIEVED),
            ),
        ),
    ),
    seats=(Seat("greta", ColleagueRole.EXECUTIVE_SPONSOR, Access.CONTRIBUTE), Seat("jonas")),
)  # fmt: skip

IRONVALE_LAKES = PlanSpec(
    key="ironvale-lakes",
    account="ironvale-lakes",
    owner="priya",
    story=Story.ON_TRACK,
    why="a branch's plan below its group's",
    plan_type=DEVELOPMENT,
    revenue_basis=RevenueBasis.ORDER,
    parent="ironvale",
    texts={"goals": "Drives onto the shelf.", "short_term_plan": "Shelf plan with the branch manager."},
    focus=(Focus("", "", (Objective("Shelf plan agreed", kind=MeasureKind.QUALITATIVE, manual=80),)),),
)

BRANDAUER = PlanSpec(
    key="brandauer",
    account="brandauer",
    owner="jonas",
    story=Story.BEHIND,
    why="counts orders, behind",
    plan_type=DEVELOPMENT,
    revenue_basis=RevenueBasis.ORDER,
    texts={
        "vision": "Brandauer sells our bearings because his customers ask for them.",
        "goals": "Stop the decline in bearings.\nPneumatics in five branches.",
        "customer_goals": "„Wer liefert, bekommt den Auftrag.“ (Friedrich Brandauer)",
        "business_overview": "Fifteen branches, family owned. Stocks us and Torvik and plays us against each other. "
        "Since our price rise in spring every second bearing order goes to Torvik.",
        "short_term_plan": "Price talk with Ilse Mohr, this time with Greta.\nStock check in the north.",
        "support_required": "Greta Holm: decision on the project price for roller bearings.",
        "risks": "The north branch drops us from its standard stock.",
        "competitors": "Torvik: 6 % cheaper, delivers in 48 hours.",
    },
    focus=(
        Focus(
            "Hold bearings",
            "Delivery first, price second: they say so themselves.",
            (
                Objective("Delivery within 48 hours for the 200 fast movers", kind=MeasureKind.PERCENT, unit="%",
                          baseline=71, current=78, target=95, weight=3),
                Objective("Project prices for ten end users", unit="end users", current=3, target=10, weight=2),
            ),
        ),
        Focus(
            "Grow pneumatics",
            "",
            (Objective("Pneumatics in five branches", unit="branches", current=1, target=5,
                       owner_comments="Two branch managers have no wall space left. Looking for a rack."),),
        ),
    ),
    seats=(Seat("greta", ColleagueRole.EXECUTIVE_SPONSOR, Access.CONTRIBUTE),),
)  # fmt: skip

REDMESA = PlanSpec(
    key="redmesa",
    account="redmesa",
    owner="priya",
    story=Story.NO_TARGET,
    why="no target yet: percentages stay empty",
    plan_type=DEVELOPMENT,
    revenue_basis=RevenueBasis.ORDER,
    texts={
        "business_overview": "Growing steadily. The target follows once they have opened the second warehouse."
    },
)

KETTING = PlanSpec(
    key="ketting",
    account="ketting",
    owner="jonas",
    story=Story.TO_COME,
    why="a draft",
    plan_type=DEVELOPMENT,
    revenue_basis=RevenueBasis.ORDER,
    first_month=1,
    steps=(),
    texts={"vision": "From third to second supplier.", "goals": "A listing in pneumatics."},
    focus=(Focus("", "", (Objective("Listing in pneumatics", status=ObjectiveStatus.NOT_STARTED,
                                    kind=MeasureKind.QUALITATIVE),)),),
)  # fmt: skip

NORTHLIGHT = PlanSpec(
    key="northlight",
    account="northlight",
    owner="greta",
    story=Story.ON_TRACK,
    why="confidential: exclusive distribution",
    name="{account}: exclusive distribution {period}",
    plan_type="Strategic Management Plan",
    is_confidential=True,
    texts={
        "vision": "Northlight gives up Torvik for three states, and we give them the exclusive right.",
        "goals": "Letter of intent, then a contract over five years.",
        "risks": "Ironvale must hear it from us, and not before it is signed.",
    },
    focus=(
        Focus("", "", (Objective("Letter of intent", kind=MeasureKind.QUALITATIVE, manual=35, weight=2),)),
    ),
    seats=(Seat("priya", ColleagueRole.PROJECT_MANAGER, Access.EDIT),),
)

INDUSTRIAL_PLANS = (IRONVALE, IRONVALE_LAKES, BRANDAUER, REDMESA, KETTING, NORTHLIGHT)
