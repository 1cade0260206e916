"""Names to draw from; any likeness is chance."""

FIRST_NAMES = {
    "USD": (
        "Alicia Brandon Celeste Devin Erin Frank Gloria Harold Imani Joel Karen Leon Maya Nolan Opal Perry "
        "Renee Stuart Tessa Vernon Wanda"
    ).split(),
    "GBP": (
        "Alistair Bronwen Clive Deirdre Edmund Freya Gareth Hazel Isla Jasper Keira Lorcan Maeve Nigel "
        "Orla Piers Rhona Tamsin Winifred"
    ).split(),
    "EUR": (
        "Agnes Bastien Carla Detlef Elin Florian Giulia Hanneke Ivo Jutta Katrin Lars Marta Niels Odile "
        "Pietro Ragnhild Stefan Tineke Valerie"
    ).split(),
}
LAST_NAMES = {
    "USD": (
        "Abernall Boudrin Castellan Dunmire Eastlake Farrow Gentile Hollins Ibarrow Jessop Kimbrell "
        "Lockridge Mayhew Nesbitt Ollery Pritchett Rowntree Sandifer Tolliver Vance Wexley Yarnell"
    ).split(),
    "GBP": (
        "Ashdown Birtles Copplestone Dunsford Ellery Fothergill Gadsby Hartnoll Iveson Jagger Kerslake "
        "Lamb Merrow Netherby Orchard Penhale Redfern Stobart Trelease Wainfleet"
    ).split(),
    "EUR": (
        "Aumann Bellandi Corvers Dahlgren Eberlein Ferrand Gruber Halvorsen Ijzerman Jansky Kroll Lindeman "
        "Moreau Nystad Ostermann Pellegrin Quast Rietveld Solberg Tardelli Ullmann Vandael Wessels"
    ).split(),
}
# Job title, department, specialty.
JOBS = {
    "LS": (
        ("Head of pharmacy", "Pharmacy", ""),
        ("Purchasing manager", "Purchasing", ""),
        ("Consultant cardiologist", "Cardiology", "Cardiology"),
        ("Consultant neurologist", "Neurology", "Sleep medicine"),
        ("Ward manager", "Nursing", ""),
        ("Clinical pharmacist", "Pharmacy", ""),
        ("Head of biomedical engineering", "Technical services", ""),
        ("Finance director", "Finance", ""),
    ),
    "IN": (
        ("Category manager", "Purchasing", ""),
        ("Purchasing manager", "Purchasing", ""),
        ("Branch manager", "Sales", ""),
        ("Inside sales lead", "Sales", ""),
        ("Warehouse manager", "Logistics", ""),
        ("Application engineer", "Technical services", ""),
        ("Managing director", "Management", ""),
    ),
}
# Ranges that the authorities keep for fiction and tests; the numbers lead nowhere.
PHONES = {"USD": "+1 555 01{:02d}", "GBP": "+44 1632 9600{:02d}", "EUR": "+49 30 231250{:02d}"}
