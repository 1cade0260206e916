"""The plans of the life-science business."""

from metrics.demo.plan_data import Focus, Objective, PlanSpec, Seat, Story
from plans.enums import Access, ColleagueRole, MeasureKind, ObjectiveStatus
from templates_app.enums import RevenueBasis

NEWTON = PlanSpec(
    key="newton",
    account="newton",
    owner="kam",
    story=Story.AHEAD,
    why="ahead of target, everything filled in",
    name="{account}: Cholecap and Restolar {period}",
    texts={
        "vision": "Newton Memorial prescribes Cholecap as its first choice in lipid therapy and runs its sleep "
        "laboratory on Restolar, and tells the other three sites of the group why.",
        "goals": "Cholecap on every cardiology ward.\nRestolar out of trial and onto the formulary.\n"
        "A second supporter beside Dr Oduya: we hang on one person.",
        "customer_goals": "“Fewer readmissions after a heart attack, and no more than two lipid drugs on the "
        "shelf.” (Dr Oduya)\n“One delivery a week and one invoice a month.” (Leah Brandt)",
        "business_overview": "620 beds. Cardiology and neurology bring the patients we care about, about 11,000 a "
        "year with the Heart Centre. Purchasing is shared with the group since last year; the formulary board "
        "meets every second month. Two lipid drugs are listed: ours and Velipra.",
        "short_term_plan": "Get the stability data to Gordon Pruitt before the board paper closes.\n"
        "Ward round with Dr Oduya on the 40 mg strength.\nTrain the night shift of ward 7.",
        "support_required": "Tomas Lindqvist: two hours with the sleep laboratory on dosing.\n"
        "Logistics: weekly delivery slot on Tuesdays.\nRuth Okafor: dinner with the chief operating officer.",
        "risks": "Velipra offers free starter packs to the wards.\nThe group may move the formulary to a central "
        "list; then one vote decides for four sites.",
        "competitors": "Velipra (lipids): cheaper by 8 %, weaker data in the elderly.\n"
        "Noctavane (sleep): strong with the night nurses, no extended release.",
    },
    focus=(
        Focus(
            "Make Cholecap the standard in cardiology",
            "Start where the evidence is strongest, the heart ward, and let the ward managers carry it on.",
            (
                Objective(
                    "All six cardiology wards prescribe Cholecap first",
                    "One ward a month: round with Dr Oduya, short guide, two visits after.",
                    weight=3,
                    unit="wards",
                    baseline=1,
                    current=5,
                    target=6,
                    owner_comments="Ward 3 switched without a visit from us: Carla Mendes did it.",
                    manager_comments="Good. Ask her to speak at the next training.",
                ),
                Objective(
                    "Cholecap's share of lipid prescriptions at 70 %",
                    "Monthly numbers from the pharmacy; we show them on the ward.",
                    weight=2,
                    kind=MeasureKind.PERCENT,
                    unit="%",
                    baseline=41,
                    current=63,
                    target=70,
                    stretch=75,
                ),
            ),
        ),
        Focus(
            "Bring Restolar from trial to formulary",
            "The trial ends this season. The board wants results, not brochures.",
            (
                Objective(
                    "Trial results accepted by the formulary board",
                    "Dr Itoh presents; Tomas prepares the numbers with him.",
                    weight=3,
                    owner="msl",
                    kind=MeasureKind.QUALITATIVE,
                    manual=60,
                    due=10,
                ),
                Objective(
                    "Train 80 nurses on Restolar",
                    "Fifteen at a time, always with the ward manager in the room.",
                    owner="msl",
                    kind=MeasureKind.ACTIVITY_COUNT,
                    unit="nurses",
                    current=58,
                    target=80,
                ),
            ),
        ),
        Focus(
            "Stand on more than one leg",
            "",
            (
                Objective(
                    "Three supporters besides Dr Oduya",
                    "Gordon Pruitt, Dr Itoh and somebody in the board office.",
                    unit="people",
                    baseline=0,
                    current=2,
                    target=3,
                ),
            ),
        ),
    ),
    seats=(
        Seat("msl", ColleagueRole.MEDICAL_SCIENCE_LIAISON, Access.EDIT),
        Seat("manager", ColleagueRole.EXECUTIVE_SPONSOR, Access.CONTRIBUTE),
        Seat("ana", ColleagueRole.TEAM_MEMBER, Access.READ),
    ),
)

HARROWFEN = PlanSpec(
    key="harrowfen",
    account="harrowfen",
    owner="kam",
    story=Story.BEHIND,
    why="behind, with slipped deals and one that is not converted",
    plan_type="Strategic Management Plan",
    texts={
        "vision": "One contract for both hospitals and the maternity unit.",
        "goals": "Win the lipid tender.\nStop losing deals to the summer gap in procurement.",
        "customer_goals": "“Five per cent off the drug budget without a complaint from the wards.” (Fiona Garrick)",
        "business_overview": "Two hospitals and a maternity unit under one roof since the merger. Procurement is two "
        "people and overworked: offers lie for weeks. The formulary committee listens to Dr Tarrant.",
        "short_term_plan": "Get a tender date out of Fiona Garrick.\nCall on every offer older than thirty days.\n"
        "Read the Restolar results at the Infirmary.",
        "support_required": "Ruth Okafor: a call with the finance director about payment terms.\n"
        "Marek Dolan: his contact at the buying group.",
        "risks": "The tender slips into next year and takes half of this plan with it.\n"
        "Procurement counts packs, not patients: we lose on price per pack.",
        "competitors": "Velipra through the buying group, at a price we cannot meet in the 10 mg strength.",
    },
    focus=(
        Focus(
            "Win the lipid tender",
            "Argue with cost per treated patient. Dr Tarrant has the numbers.",
            (
                Objective(
                    "Our criteria in the tender document",
                    "Three meetings with procurement before the draft.",
                    weight=3,
                    kind=MeasureKind.QUALITATIVE,
                    manual=30,
                    due=6,
                    owner_comments="One meeting so far. The second was cancelled twice.",
                    manager_comments="Take Marek along; he knows the buying group.",
                ),
                Objective(
                    "Restolar on three wards of the Infirmary",
                    "Trial, eight weeks, then a joint paper.",
                    weight=2,
                    unit="wards",
                    baseline=0,
                    current=1,
                    target=3,
                ),
            ),
        ),
        Focus(
            "Shorten the way from offer to order",
            "",
            (
                Objective(
                    "No open offer older than 30 days",
                    "Call list every Monday.",
                    unit="offers",
                    baseline=14,
                    current=9,
                    target=0,
                ),
                Objective(
                    "Electronic ordering at both hospitals",
                    status=ObjectiveStatus.DEFERRED,
                    kind=MeasureKind.QUALITATIVE,
                    manual=0,
                    owner_comments="Their system changes next year. Not worth the effort before.",
                ),
            ),
        ),
    ),
    seats=(
        Seat("marek", ColleagueRole.TEAM_MEMBER, Access.EDIT),
        Seat("msl", ColleagueRole.MEDICAL_SCIENCE_LIAISON),
    ),
)

CALDER = PlanSpec(
    key="calder",
    account="calder",
    owner="kam",
    story=Story.TO_COME,
    why="a draft for the coming half-year",
    plan_type="Strategic Management Plan",
    first_month=1,
    months=6,
    steps=(),
    texts={
        "vision": "Supplier of choice when the three sites start to buy as one.",
        "goals": "A frame contract before the new budget.\nOne contact for all three sites on each side.",
        "business_overview": "Merged last year; three cultures, one budget from next quarter on. Bill Hanrahan wants "
        "fewer suppliers. We sell to all three sites today, at three different prices.",
        "short_term_plan": "Prepare the offer with Ruth, then meet Bill Hanrahan.",
        "risks": "Our three prices come to light before we explain them.",
    },
    focus=(
        Focus(
            "",
            "",
            (
                Objective(
                    "Frame contract signed",
                    weight=2,
                    kind=MeasureKind.QUALITATIVE,
                    status=ObjectiveStatus.NOT_STARTED,
                    due=4,
                ),
                Objective(
                    "One price list for three sites",
                    status=ObjectiveStatus.NOT_STARTED,
                    kind=MeasureKind.QUALITATIVE,
                    due=3,
                ),
            ),
        ),
    ),
    seats=(Seat("manager", ColleagueRole.EXECUTIVE_SPONSOR, Access.CONTRIBUTE),),
)

BRACKWATER = PlanSpec(
    key="brackwater",
    account="brackwater",
    owner="kam",
    story=Story.ON_TRACK,
    why="counts revenue schedules",
    first_month=-3,
    months=6,
    revenue_basis=RevenueBasis.SCHEDULE,
    texts={
        "vision": "Brackwater writes the guideline on sleep in rehabilitation, with Restolar XR in it.",
        "goals": "All long-stay wards on the extended release.",
        "business_overview": "210 beds, patients stay six weeks on average. Buys in monthly call-offs, so what counts "
        "is when it is delivered, not when it is signed.",
        "short_term_plan": "Training for the night shift.\nAgree on the next call-offs with Curtis Lang.",
        "competitors": "Noctavane, on two wards.",
    },
    focus=(
        Focus(
            "",
            "",
            (
                Objective(
                    "Five wards on Restolar XR",
                    unit="wards",
                    baseline=2,
                    current=4,
                    target=5,
                    due=6,
                    weight=2,
                ),
                Objective(
                    "Guideline draft with Dr Vesely",
                    owner="msl",
                    kind=MeasureKind.QUALITATIVE,
                    manual=50,
                    due=5,
                ),
            ),
        ),
    ),
    seats=(Seat("msl", ColleagueRole.MEDICAL_SCIENCE_LIAISON, Access.CONTRIBUTE),),
)

NEWTON_LAST_YEAR = PlanSpec(
    key="newton-last-year",
    account="newton",
    owner="kam",
    story=Story.REACHED,
    why="completed, the year before",
    first_month=-19,
    steps=(
        ("activate", "Agreed with the team."),
        ("complete", "Target reached; carried on in the next plan."),
    ),
    texts={
        "vision": "Cholecap on the formulary of Newton Memorial.",
        "goals": "Listing, then two wards.",
        "business_overview": "First year after the listing.",
    },
    focus=(
        Focus(
            "",
            "",
            (
                Objective(
                    "Formulary listing",
                    status=ObjectiveStatus.ACHIEVED,
                    kind=MeasureKind.QUALITATIVE,
                    manual=100,
                    weight=2,
                ),
                Objective(
                    "Two wards prescribe Cholecap first",
                    status=ObjectiveStatus.PARTIALLY_ACHIEVED,
                    unit="wards",
                    current=1,
                    target=2,
                ),
            ),
        ),
    ),
)

ALDERMOOR = PlanSpec(
    key="aldermoor",
    account="aldermoor",
    owner="marek",
    story=Story.ON_TRACK,
    why="confidential: only Marek Dolan and Ruth Okafor know of it",
    name="{account}: winning them back {period}",
    is_confidential=True,
    texts={
        "vision": "Back on the formulary of Aldermoor.",
        "goals": "An apology that is believed, then a trial.",
        "business_overview": "They left after our supply gap. The new head of pharmacy has no old scores to settle, "
        "but the purchasing office has.",
        "risks": "If Velipra hears of it they will match any offer for a year.",
        "short_term_plan": "Second call with the new head of pharmacy.",
        "support_required": "Ruth Okafor: a letter about the supply gap, signed by the board.",
    },
    focus=(
        Focus(
            "",
            "",
            (
                Objective("Trial of Cholecap on one ward", kind=MeasureKind.QUALITATIVE, manual=40, weight=2),
                Objective("Six months without a late delivery", unit="months", current=4, target=6),
            ),
        ),
    ),
    seats=(Seat("manager", ColleagueRole.EXECUTIVE_SPONSOR, Access.CONTRIBUTE),),
)

WEXCOMBE = PlanSpec(
    key="wexcombe",
    account="wexcombe",
    owner="marek",
    story=Story.ON_TRACK,
    why="a colleague's plan in the same territory",
    texts={
        "vision": "The clinics order everything for sleep medicine from us.",
        "goals": "Both sites on one contract.",
        "business_overview": "Two private clinics, one owner, quick decisions.",
        "short_term_plan": "Offer for the Quayside pumps.",
    },
    focus=(
        Focus(
            "",
            "",
            (
                Objective("Both sites on one contract", kind=MeasureKind.QUALITATIVE, manual=70),
                Objective(
                    "Flowmere pumps in all four theatres", unit="theatres", baseline=1, current=3, target=4
                ),
            ),
        ),
    ),
)

ARNSEE = PlanSpec(
    key="arnsee",
    account="arnsee",
    owner="ana",
    story=Story.AHEAD,
    why="Ana Ribeiro's plan, shared with Elena Marsh",
    texts={
        "vision": "Frame contract for lipid therapy with all three houses.",
        "goals": "Extend the framework by two years.\nBring sleep medicine into it.",
        "customer_goals": "„Ein Ansprechpartner, eine Rechnung, keine Lieferlücken.“ (Sabine Wirth)",
        "business_overview": "Three houses, one central pharmacy. The framework ends in eleven months. Prof. Seidlitz "
        "decides on medicine, Sabine Wirth on money, and they talk to each other.",
        "short_term_plan": "Committee meeting on sleep medicine; Elena brings the Newton numbers.",
        "support_required": "Elena Marsh: how Newton went from trial to formulary.",
        "competitors": "Velipra has asked for a meeting.",
    },
    focus=(
        Focus(
            "Extend the framework",
            "Early, while the numbers are good.",
            (
                Objective("Signed extension by two years", weight=3, kind=MeasureKind.QUALITATIVE, manual=75, due=10),
                Objective("Delivery reliability at 99 %", kind=MeasureKind.PERCENT, unit="%", baseline=94, current=98,
                          target=99),
            ),
        ),
        Focus(
            "Open sleep medicine",
            "",
            (Objective("Restolar in two of three houses", unit="houses", current=1, target=2, weight=2),),
        ),
    ),
    seats=(
        Seat("kam", ColleagueRole.TEAM_MEMBER, Access.EDIT),
        Seat("manager", ColleagueRole.EXECUTIVE_SPONSOR, Access.READ),
    ),
)  # fmt: skip

OOSTERHAVEN = PlanSpec(
    key="oosterhaven",
    account="oosterhaven",
    owner="ana",
    story=Story.BEHIND,
    why="on hold until the customer's owner has changed",
    steps=(
        ("activate", "Agreed with the team."),
        ("hold", "The clinic is being sold. We wait for the new owner."),
    ),
    texts={"business_overview": "Six specialists, one of them our oldest customer in the region."},
    focus=(Focus("", "", (Objective("Meet the new owner", kind=MeasureKind.QUALITATIVE, manual=0),)),),
)

LIFE_SCIENCE_PLANS = (
    NEWTON_LAST_YEAR,
    NEWTON,
    HARROWFEN,
    CALDER,
    BRACKWATER,
    ALDERMOOR,
    WEXCOMBE,
    ARNSEE,
    OOSTERHAVEN,
)
