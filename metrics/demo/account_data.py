"""About sixty invented accounts in trees, and the people at the ones that have a plan."""

from __future__ import annotations

from dataclasses import dataclass

from crm.enums import CallFrequency as Every

STRATEGIC, STEADY, OCCASIONAL = "Strategic Customer", "Steady Customer", "Occasional Customer"
NO_RELATIONSHIP, DORMANT, NEGATIVE = "No Relationship", "Dormant", "Negative Relationship"


@dataclass(frozen=True)
class Spec:
    """One account. `deals` and `orders` say how large its share of the records is."""

    key: str
    name: str
    territory: str
    owner: str
    kind: str  # industry / account type
    parent: str = ""
    segment: str = STEADY
    target: str = STEADY
    every: str = Every.QUARTERLY
    deals: int = 2
    orders: int = 1
    overview: str = ""


GROUP, HOSPITAL, CLINIC = "Hospital group/Head office", "Hospital/Customer", "Specialist clinic/Customer"
PROSPECT = "Hospital/Prospect"
DEALER, BRANCH = "Industrial distribution/Distributor", "Industrial distribution/Branch"
MAKER = "Machine building/Customer"

# fmt: off
ACCOUNTS = (
    # --- Life science, North America ---------------------------------------------------------
    Spec("newton-group", "Newton Health Group", "LS-NA", "kam", GROUP, "", STEADY, STRATEGIC,
         Every.QUARTERLY, 4, 1,
         "Four sites, one purchasing office. The formulary board decides for all of them."),
    Spec("newton", "Newton Memorial Hospital", "LS-NA", "kam", HOSPITAL, "newton-group", STRATEGIC,
         STRATEGIC, Every.FORTNIGHTLY, 26, 7,
         "620 beds, the group's cardiology centre and its only sleep laboratory. Buys Cholecap since "
         "the formulary listing two years ago; Restolar is on trial on three wards."),
    Spec("newton-heart", "Newton Memorial Heart Centre", "LS-NA", "kam", CLINIC, "newton", STEADY,
         STRATEGIC, Every.MONTHLY, 9, 4,
         "Outpatient cardiology next to the main building, 11,000 lipid patients a year."),
    Spec("newton-kids", "Newton Children's Hospital", "LS-NA", "marek", HOSPITAL, "newton-group",
         OCCASIONAL, STEADY),
    Spec("newton-west", "Newton West Day Surgery", "LS-NA", "marek", CLINIC, "newton-group", OCCASIONAL,
         STEADY),
    Spec("calder", "Calder Valley Health", "LS-NA", "kam", GROUP, "", STEADY, STRATEGIC, Every.MONTHLY, 8,
         2, "Three sites that merged last year. Central purchasing starts with the new budget."),
    Spec("calder-general", "Calder Valley General", "LS-NA", "kam", HOSPITAL, "calder", STEADY, STRATEGIC,
         Every.MONTHLY, 8, 3),
    Spec("calder-heart", "Calder Valley Heart Clinic", "LS-NA", "kam", CLINIC, "calder", OCCASIONAL,
         STEADY),
    Spec("calder-river", "Calder Riverside Outpatients", "LS-NA", "kam", CLINIC, "calder", OCCASIONAL,
         OCCASIONAL, Every.HALF_YEARLY, 2, 1),
    Spec("brackwater", "Brackwater Rehabilitation Institute", "LS-NA", "kam", CLINIC, "", STEADY, STRATEGIC,
         Every.MONTHLY, 12, 3,
         "Long-stay patients, so sleep medicine matters more here than anywhere else."),
    Spec("aldermoor", "Aldermoor Regional Hospital", "LS-NA", "marek", HOSPITAL, "", NEGATIVE, STEADY,
         Every.MONTHLY, 10, 1,
         "Left us for Velipra two years ago after a supply gap. New head of pharmacy since spring."),
    Spec("saltgrass", "Saltgrass Medical Center", "LS-NA", "marek", HOSPITAL, "", STEADY, STEADY,
         Every.QUARTERLY, 5, 3),
    Spec("fenwick", "Fenwick Lane Women's Clinic", "LS-NA", "marek", CLINIC, "", OCCASIONAL, STEADY),
    Spec("pinehollow", "Pinehollow Community Hospital", "LS-NA", "kam", HOSPITAL, "", DORMANT, OCCASIONAL,
         Every.HALF_YEARLY, 3, 1),
    Spec("quillmere", "Quillmere Family Clinics", "LS-NA", "kam", CLINIC, "", OCCASIONAL, STEADY,
         Every.QUARTERLY, 4, 2),
    Spec("oxbow", "Oxbow County Hospital", "LS-NA", "marek", PROSPECT, "", NO_RELATIONSHIP, STEADY,
         Every.QUARTERLY, 2, 0),
    # --- Life science, United Kingdom --------------------------------------------------------
    Spec("harrowfen", "Harrowfen Hospitals", "LS-UK", "kam", GROUP, "", STEADY, STRATEGIC, Every.MONTHLY, 9,
         2, "Two hospitals and a maternity unit. The tender for lipid therapy runs for three years."),
    Spec("harrowfen-royal", "Harrowfen Infirmary", "LS-UK", "kam", HOSPITAL, "harrowfen", STEADY, STRATEGIC,
         Every.MONTHLY, 12, 4),
    Spec("harrowfen-ailred", "St Ailred's Hospital", "LS-UK", "kam", HOSPITAL, "harrowfen", STEADY, STEADY),
    Spec("harrowfen-maternity", "Harrowfen Maternity", "LS-UK", "kam", CLINIC, "harrowfen", OCCASIONAL,
         OCCASIONAL, Every.HALF_YEARLY, 2, 1),
    Spec("wexcombe", "Wexcombe Clinics", "LS-UK", "marek", GROUP, "", STEADY, STEADY, Every.QUARTERLY, 5,
         2),
    Spec("wexcombe-north", "Wexcombe Northgate", "LS-UK", "marek", CLINIC, "wexcombe", STEADY, STEADY,
         Every.QUARTERLY, 5, 2),
    Spec("wexcombe-quay", "Wexcombe Quayside", "LS-UK", "marek", CLINIC, "wexcombe", STEADY, STEADY,
         Every.QUARTERLY, 4, 2),
    Spec("thornley", "Thornley Bridge Hospital", "LS-UK", "marek", HOSPITAL, "", OCCASIONAL, STEADY,
         Every.QUARTERLY, 4, 2),
    Spec("marrowlane", "Marrow Lane Surgery Group", "LS-UK", "kam", CLINIC, "", DORMANT, OCCASIONAL,
         Every.YEARLY, 2, 1),
    Spec("eskwater", "Eskwater Cottage Hospital", "LS-UK", "marek", PROSPECT, "", NO_RELATIONSHIP,
         OCCASIONAL, Every.HALF_YEARLY, 2, 0),
    # --- Life science, Europe ----------------------------------------------------------------
    Spec("arnsee", "Klinikverbund Arnsee", "LS-EU", "ana", GROUP, "", STRATEGIC, STRATEGIC, Every.MONTHLY,
         8, 2, "Three houses on the lake. Decides by committee, buys by framework, pays in thirty days."),
    Spec("arnsee-mitte", "Klinikum Arnsee Mitte", "LS-EU", "ana", HOSPITAL, "arnsee", STRATEGIC, STRATEGIC,
         Every.MONTHLY, 11, 4),
    Spec("arnsee-birken", "Klinik Birkenmoor", "LS-EU", "ana", HOSPITAL, "arnsee", STEADY, STEADY),
    Spec("arnsee-reha", "Rehaklinik Arnsee", "LS-EU", "ana", CLINIC, "arnsee", OCCASIONAL, STEADY),
    Spec("valcorta", "Ospedali Valcorta", "LS-EU", "ana", GROUP, "", STEADY, STEADY, Every.QUARTERLY, 4, 1),
    Spec("valcorta-nord", "Ospedale Valcorta Nord", "LS-EU", "ana", HOSPITAL, "valcorta", STEADY, STEADY,
         Every.QUARTERLY, 4, 2),
    Spec("valcorta-sud", "Ospedale Valcorta Sud", "LS-EU", "ana", HOSPITAL, "valcorta", OCCASIONAL, STEADY),
    Spec("valbrune", "Clinique Valbrune", "LS-EU", "ana", CLINIC, "", STEADY, STEADY, Every.QUARTERLY, 4,
         2),
    Spec("ribadoura", "Hospital Ribadoura", "LS-EU", "ana", HOSPITAL, "", OCCASIONAL, STEADY,
         Every.QUARTERLY, 3, 1),
    Spec("oosterhaven", "Polikliniek Oosterhaven", "LS-EU", "ana", CLINIC, "", STEADY, STEADY,
         Every.QUARTERLY, 5, 2),
    # --- Industrial, North America -----------------------------------------------------------
    Spec("ironvale", "Ironvale Supply", "IN-NA", "priya", DEALER, "", STRATEGIC, STRATEGIC, Every.MONTHLY,
         8, 20, "Our largest distributor: three warehouses, 4,000 machine shops served."),
    Spec("ironvale-east", "Ironvale Supply East", "IN-NA", "priya", BRANCH, "ironvale", STRATEGIC,
         STRATEGIC, Every.QUARTERLY, 4, 26),
    Spec("ironvale-lakes", "Ironvale Supply Lakes", "IN-NA", "priya", BRANCH, "ironvale", STEADY, STRATEGIC,
         Every.QUARTERLY, 4, 22),
    Spec("ironvale-west", "Ironvale Supply West", "IN-NA", "priya", BRANCH, "ironvale", STEADY, STEADY,
         Every.QUARTERLY, 3, 16),
    Spec("cobbler", "Cobbler Creek Industrial", "IN-NA", "priya", DEALER, "", STEADY, STEADY,
         Every.QUARTERLY, 4, 14),
    Spec("cobbler-south", "Cobbler Creek South", "IN-NA", "priya", BRANCH, "cobbler", OCCASIONAL, STEADY,
         Every.HALF_YEARLY, 2, 9),
    Spec("redmesa", "Redmesa Tool and Bearing", "IN-NA", "priya", DEALER, "", STEADY, STRATEGIC,
         Every.MONTHLY, 5, 15),
    Spec("northlight", "Northlight Power Transmission", "IN-NA", "priya", DEALER, "", OCCASIONAL, STRATEGIC,
         Every.MONTHLY, 6, 8),
    Spec("gantry", "Gantry and Pell", "IN-NA", "priya", MAKER, "", OCCASIONAL, STEADY, Every.QUARTERLY, 4,
         5),
    Spec("prairie", "Prairie Axle Distribution", "IN-NA", "priya", DEALER, "", DORMANT, OCCASIONAL,
         Every.HALF_YEARLY, 2, 3),
    # --- Industrial, Germany, Austria, Switzerland -------------------------------------------
    Spec("brandauer", "Brandauer Technikhandel", "IN-DACH", "jonas", DEALER, "", STRATEGIC, STRATEGIC,
         Every.MONTHLY, 6, 18,
         "Family business, fifteen branches. Stocks two brands of bearings and plays them against "
         "each other."),
    Spec("brandauer-nord", "Brandauer Niederlassung Nord", "IN-DACH", "jonas", BRANCH, "brandauer", STEADY,
         STRATEGIC, Every.QUARTERLY, 3, 16),
    Spec("brandauer-sued", "Brandauer Niederlassung Süd", "IN-DACH", "jonas", BRANCH, "brandauer", STEADY,
         STEADY, Every.QUARTERLY, 3, 14),
    Spec("kessenich", "Antriebstechnik Kessenbruch", "IN-DACH", "jonas", DEALER, "", STEADY, STEADY,
         Every.QUARTERLY, 4, 11),
    Spec("tauernwerk", "Tauernwerk Handel", "IN-DACH", "jonas", DEALER, "", OCCASIONAL, STEADY,
         Every.QUARTERLY, 3, 7),
    Spec("seetal", "Seetaler Industriebedarf", "IN-DACH", "jonas", DEALER, "", OCCASIONAL, STEADY,
         Every.QUARTERLY, 3, 5),
    Spec("fichtelau", "Maschinenfabrik Fichtelau", "IN-DACH", "jonas", MAKER, "", STEADY, STEADY,
         Every.QUARTERLY, 4, 4),
    # --- Industrial, Benelux and Nordics -----------------------------------------------------
    Spec("ketting", "De Ketting Groothandel", "IN-NORTH", "jonas", DEALER, "", STEADY, STRATEGIC,
         Every.MONTHLY, 5, 13),
    Spec("ketting-kade", "De Ketting Kade", "IN-NORTH", "jonas", BRANCH, "ketting", STEADY, STEADY,
         Every.QUARTERLY, 2, 8),
    Spec("noordkade", "Noordkade Techniek", "IN-NORTH", "jonas", DEALER, "", STEADY, STEADY,
         Every.QUARTERLY, 3, 9),
    Spec("skagerhus", "Skagerhus Industri", "IN-NORTH", "jonas", DEALER, "", STEADY, STEADY,
         Every.QUARTERLY, 4, 9),
    Spec("skagerhus-syd", "Skagerhus Industri Syd", "IN-NORTH", "jonas", BRANCH, "skagerhus", OCCASIONAL,
         STEADY, Every.HALF_YEARLY, 2, 5),
    Spec("lovdal", "Løvdalen Maskin", "IN-NORTH", "jonas", MAKER, "", OCCASIONAL, OCCASIONAL,
         Every.HALF_YEARLY, 2, 3),
    Spec("varnsund", "Varnsund Teknik", "IN-NORTH", "jonas", "Industrial distribution/Prospect", "",
         NO_RELATIONSHIP, STEADY, Every.QUARTERLY, 2, 0),
)
# fmt: on
CURRENCY_BY_TERRITORY = {"LS-NA": "USD", "IN-NA": "USD", "LS-UK": "GBP"}  # the others buy in EUR

# People the plans speak of: name, job title, department, specialty, reports to (their place in the list).
KNOWN_PEOPLE: dict[str, tuple[tuple[str, str, str, str, int | None], ...]] = {
    "newton": (
        ("Dr Miriam Oduya", "Chief of cardiology", "Cardiology", "Cardiology", None),
        ("Gordon Pruitt", "Director of pharmacy", "Pharmacy", "", None),
        ("Leah Brandt", "Head of purchasing", "Purchasing", "", None),
        ("Dr Samuel Itoh", "Head of the sleep laboratory", "Neurology", "Sleep medicine", 0),
        ("Dana Whitlock", "Clinical pharmacist", "Pharmacy", "", 1),
        ("Nurse Carla Mendes", "Ward manager, cardiology", "Cardiology", "", 0),
    ),
    "harrowfen": (
        ("Fiona Garrick", "Procurement lead", "Procurement", "", None),
        ("Dr Owen Tarrant", "Chair of the formulary committee", "Medicine", "Lipidology", None),
        ("Sunita Rao", "Chief pharmacist", "Pharmacy", "", None),
    ),
    "calder": (
        ("Bill Hanrahan", "Chief operating officer", "Management", "", None),
        ("Dr Yesenia Cole", "Medical director", "Medicine", "Internal medicine", 0),
        ("Tom Areizaga", "Purchasing manager", "Purchasing", "", 0),
    ),
    "brackwater": (
        ("Dr Hanna Vesely", "Medical director", "Medicine", "Rehabilitation medicine", None),
        ("Curtis Lang", "Head of pharmacy", "Pharmacy", "", 0),
    ),
    "arnsee": (
        ("Prof. Dr. Katrin Seidlitz", "Ärztliche Direktorin", "Medizin", "Kardiologie", None),
        ("Uwe Pahlke", "Leiter Zentralapotheke", "Apotheke", "", None),
        ("Sabine Wirth", "Leiterin Einkauf", "Einkauf", "", None),
    ),
    "ironvale": (
        ("Walt Brubeck", "Vice president purchasing", "Purchasing", "", None),
        ("Shonda Ames", "Category manager, bearings", "Purchasing", "", 0),
        ("Luis Cordero", "Sales director", "Sales", "", None),
    ),
    "brandauer": (
        ("Friedrich Brandauer", "Geschäftsführer", "Geschäftsführung", "", None),
        ("Ilse Mohr", "Leiterin Produktmanagement", "Produktmanagement", "", 0),
        ("Rainer Kolb", "Vertriebsleiter", "Vertrieb", "", 0),
    ),
}
