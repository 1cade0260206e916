"""What the medical colleagues of the sample company heard in a year; any likeness is chance.

The story: questions about Restolar at night fade once the XR label answers them; the sleep congress brings
offers to join the trial; and since Velipra's outcome study came out, everybody asks how Cholecap compares.
"""

from __future__ import annotations

from dataclasses import dataclass

RESEARCH, TRIAL, PRODUCT, ACCESS, COMPETITOR = (
    "Research",
    "Clinical trial",
    "Product",
    "Access",
    "Competitor",
)
TOPICS = (RESEARCH, TRIAL, PRODUCT, ACCESS, COMPETITOR)


@dataclass(frozen=True)
class Heard:
    """So many months before this one, on a day of the month; `person` is a place among the account's contacts."""

    months: int
    day: int
    account: str
    person: int
    product: str
    topic: str
    text: str


# fmt: off
HEARD = (
    Heard(11, 4, "newton", 3, "RES-10", PRODUCT,
          "Asks whether the evening dose can be given at eight instead of ten: the night shift starts its "
          "round then."),
    Heard(11, 11, "brackwater", 0, "RES-05", PRODUCT,
          "Patients over 75 wake at four. She halves the tablet, which the label does not cover."),
    Heard(11, 16, "arnsee-mitte", 0, "RES-10", PRODUCT,
          "Wants the interaction table for patients on three or more blood pressure medicines."),
    Heard(11, 23, "harrowfen", 1, "CHO-20", ACCESS,
          "The committee reads cost per event avoided, not per milligram. Our dossier has it on page 40."),
    Heard(10, 3, "newton", 0, "CHO-40", RESEARCH,
          "Keeps a register of 1,400 lipid patients since the listing and would share it for a joint paper."),
    Heard(10, 9, "brackwater", 0, "RES-10", PRODUCT,
          "Two patients confused in the first night. Both had the dose after a late meal."),
    Heard(10, 14, "valbrune", 0, "RES-05", PRODUCT,
          "Asks for the sachet form again: a third of the patients cannot swallow tablets."),
    Heard(10, 20, "calder", 1, "CHO-20", ACCESS,
          "After the merger three formularies become one. Lipid therapy is on the list for the second "
          "meeting."),
    Heard(10, 26, "arnsee", 0, "CHO-40", RESEARCH,
          "Her department compares early with late start after infarction; first data in the autumn."),
    Heard(9, 2, "newton", 3, "RES-10", PRODUCT,
          "Still the night round: he would change to one dose a day at once if there was one."),
    Heard(9, 8, "harrowfen-royal", 0, "RES-05", PRODUCT,
          "Falls on the geriatric ward are counted this year. Needs our data on falls, not on sleep."),
    Heard(9, 13, "newton-heart", 0, "CHO-20", RESEARCH,
          "Would look at adherence with the pharmacy's refill dates; needs a statistician, not money."),
    Heard(9, 21, "valcorta-nord", 0, "CHO-10", ACCESS,
          "The region pays the 10 mg only after a year of diet. The letter of the society could change "
          "that."),
    Heard(8, 4, "brackwater", 1, "RES-10", PRODUCT,
          "Pharmacy stops the halving of tablets from next month. Asks what to give instead."),
    Heard(8, 10, "newton", 4, "RES-XR", PRODUCT,
          "Has read about XR and asks when: she would list it before the 10 mg is renewed."),
    Heard(8, 16, "oosterhaven", 0, "RES-05", PRODUCT,
          "Day patients drive home at five. May they, after a morning dose?"),
    Heard(8, 22, "wexcombe-north", 0, "CHO-20", ACCESS,
          "The practice budget is capped by quarter; starts are moved to its first weeks."),
    Heard(8, 27, "arnsee-mitte", 0, "FLO-P2", PRODUCT,
          "Alarms of the pump are heard as those of the monitor. They have put red tape on ours."),
    Heard(7, 3, "newton", 3, "RES-XR", TRIAL,
          "Wants to be a site if there is a trial of XR in shift workers: 240 nurses, own laboratory."),
    Heard(7, 8, "brackwater", 0, "RES-XR", TRIAL,
          "Would enrol long-stay patients. The ethics committee meets every second month."),
    Heard(7, 12, "harrowfen", 1, "RES-XR", RESEARCH,
          "Asks for the raw scores of the quality-of-life part, not the summary."),
    Heard(7, 15, "arnsee-mitte", 0, "RES-XR", TRIAL,
          "At the sleep congress: three houses could enrol together, one contract."),
    Heard(7, 15, "valcorta-nord", 0, "RES-XR", TRIAL,
          "At the sleep congress: would join with forty patients, needs the protocol in Italian."),
    Heard(7, 16, "ribadoura", 0, "RES-XR", TRIAL,
          "At the sleep congress: no laboratory of their own, asks for home recording."),
    Heard(7, 16, "calder", 1, "RES-XR", TRIAL,
          "At the sleep congress: interested, but only after the sites have one data system."),
    Heard(7, 24, "newton", 5, "RES-XR", PRODUCT,
          "One dose a day frees her a quarter of an hour each evening on every ward."),
    Heard(6, 5, "newton", 3, "RES-XR", TRIAL,
          "Sent the feasibility form back in two days: eleven patients a month."),
    Heard(6, 11, "brackwater", 0, "RES-XR", TRIAL,
          "Ethics approved the outline. Asks who pays for the second night in the laboratory."),
    Heard(6, 17, "saltgrass", 0, "CHO-20", ACCESS,
          "The insurer asks for two failed statins, on paper. Nurses fill in the form for an hour a day."),
    Heard(6, 20, "valbrune", 0, "RES-XR", PRODUCT,
          "Changed the first thirty patients to XR. No calls at night since."),
    Heard(6, 26, "harrowfen", 2, "CHO-20", ACCESS,
          "The tender will weigh supply safety with 20 of 100 points, for the first time."),
    Heard(5, 2, "newton", 0, "VEL-20", COMPETITOR,
          "Has the invitation to Velipra's presentation of its outcome study. Will go and tell us."),
    Heard(5, 9, "arnsee", 0, "VEL-20", COMPETITOR,
          "Sat on the study's board: says the effect is there, but in diabetics alone."),
    Heard(5, 13, "newton-heart", 0, "CHO-40", RESEARCH,
          "First look at the refill dates: 81 % still on Cholecap after a year."),
    Heard(5, 19, "brackwater", 1, "RES-XR", PRODUCT,
          "XR is on the list. The old tablets go back to the wholesaler."),
    Heard(5, 25, "thornley", 0, "CHO-20", ACCESS,
          "Waits for the county's new guideline before she changes anything."),
    Heard(4, 3, "newton", 0, "VEL-20", COMPETITOR,
          "Back from the presentation: good slides, no answer on patients with poor kidneys."),
    Heard(4, 8, "aldermoor", 0, "VEL-20", COMPETITOR,
          "The house uses Velipra. Had two supply gaps this year and did not expect them."),
    Heard(4, 12, "harrowfen", 1, "VEL-20", COMPETITOR,
          "Asks us for a comparison with Velipra by baseline risk. The committee will ask him."),
    Heard(4, 18, "arnsee-mitte", 0, "VEL-20", COMPETITOR,
          "Velipra's liaison visits every second week now, with the study in hand."),
    Heard(4, 24, "newton", 3, "RES-XR", TRIAL,
          "First patient in. Recording at home works in nine of ten nights."),
    Heard(3, 2, "calder", 1, "VEL-20", COMPETITOR,
          "Got a price for Velipra that holds for the whole group, if they sign before the new year."),
    Heard(3, 6, "newton-heart", 0, "VEL-20", COMPETITOR,
          "Patients bring the newspaper and ask for “the new one”. She has no leaflet to answer with."),
    Heard(3, 11, "harrowfen-royal", 0, "VEL-20", COMPETITOR,
          "Two consultants want to change diabetics over. The chief pharmacist wants to wait for the "
          "committee."),
    Heard(3, 15, "valcorta-nord", 0, "NOC-10", COMPETITOR,
          "Noctavane is offered free for the first month. Nobody asked for it yet."),
    Heard(3, 19, "brackwater", 0, "RES-XR", RESEARCH,
          "Sees fewer infections in patients who sleep through. Would count it, if somebody helps with the "
          "design."),
    Heard(3, 26, "arnsee", 0, "CHO-40", RESEARCH,
          "Early start after infarction: the curve parts after six weeks. Abstract sent."),
    Heard(2, 3, "newton", 1, "VEL-20", COMPETITOR,
          "The formulary board has Velipra on the agenda of its next meeting. Wants our kidney data by "
          "then."),
    Heard(2, 7, "newton", 0, "CHO-40", COMPETITOR,
          "Would speak for Cholecap before the board, if she can show her own register beside the study."),
    Heard(2, 10, "aldermoor", 0, "VEL-20", COMPETITOR,
          "Asks whether we could deliver within a week if Velipra fails again."),
    Heard(2, 14, "harrowfen", 2, "CHO-20", ACCESS,
          "Tender papers come in six weeks. Supply safety stays in, and a training plan counts now."),
    Heard(2, 20, "oosterhaven", 0, "VEL-20", COMPETITOR,
          "Heard in the congress lift: the kidney analysis of Velipra will not be published this year."),
    Heard(2, 25, "valbrune", 0, "RES-XR", PRODUCT,
          "Asks for a smaller pack of XR for the first week."),
    Heard(1, 4, "newton", 0, "CHO-40", RESEARCH,
          "Register paper is drafted: 1,400 patients, three years, with kidney function."),
    Heard(1, 8, "harrowfen", 1, "VEL-20", COMPETITOR,
          "The committee will decide on diabetics alone and leave the others where they are."),
    Heard(1, 12, "calder", 1, "VEL-20", COMPETITOR,
          "The group's offer for Velipra runs out at the end of the year. She would rather have data than a"
          " price."),
    Heard(1, 17, "arnsee-mitte", 0, "VEL-20", COMPETITOR,
          "Changed eight patients to Velipra, three came back: muscle pain."),
    Heard(1, 21, "thornley", 0, "CHO-20", ACCESS,
          "The county's guideline is out: Cholecap first after infarction, Velipra in diabetics."),
    Heard(1, 26, "newton", 3, "RES-XR", TRIAL,
          "Half of the patients are in, two months early."),
    Heard(0, 2, "newton", 1, "VEL-20", COMPETITOR,
          "The board has put Velipra off to January: it wants the register paper first."),
    Heard(0, 3, "brackwater", 0, "RES-XR", TRIAL,
          "Last visit of the first ten patients. One stopped, because of the cables."),
    Heard(0, 4, "valcorta-sud", 0, "VEL-20", COMPETITOR,
          "Asks for a short comparison that a family doctor would read: one page, no curves."),
)
# fmt: on
