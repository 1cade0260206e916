from django.db import models
from django.utils.translation import gettext_lazy as _

from templates_app.enums import ColleagueRole, ItemKind, MeasureKind, PlanSection, Priority

__all__ = [
    "ANALYSES",
    "SECTIONS",
    "SECTION_OF_FACTOR",
    "Access",
    "ActionPlanStatus",
    "ColleagueRole",
    "ExpenseStatus",
    "Factor",
    "Impact",
    "ItemKind",
    "Likelihood",
    "Meaning",
    "MeasureKind",
    "ObjectiveStatus",
    "PlanStatus",
    "Priority",
    "ProgressMode",
    "ReviewRating",
    "ReviewStatus",
    "TargetPeriod",
    "TaskStatus",
]


class PlanStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    IN_APPROVAL = "in_approval", _("In approval")
    APPROVED = "approved", _("Approved")
    ACTIVE = "active", _("Active")
    ON_HOLD = "on_hold", _("On hold")
    COMPLETED = "completed", _("Completed")
    ARCHIVED = "archived", _("Archived")
    CANCELLED = "cancelled", _("Cancelled")


class ObjectiveStatus(models.TextChoices):
    NOT_STARTED = "not_started", _("Not started")
    IN_PROGRESS = "in_progress", _("In progress")
    ACHIEVED = "achieved", _("Achieved")
    PARTIALLY_ACHIEVED = "partially_achieved", _("Partially achieved")
    NOT_ACHIEVED = "not_achieved", _("Not achieved")
    DEFERRED = "deferred", _("Deferred")
    CANCELLED = "cancelled", _("Cancelled")


class TargetPeriod(models.TextChoices):
    YEAR = "year", _("Year")
    HALF = "half", _("Half-year")
    QUARTER = "quarter", _("Quarter")
    MONTH = "month", _("Month")


class ProgressMode(models.TextChoices):
    """How an objective's progress is known."""

    TASKS = "tasks", _("From the work")
    MEASURE = "measure", _("From the measure")
    MANUAL = "manual", _("Entered by hand")


class Meaning(models.TextChoices):
    """What a status of work comes to. Rules look at this, never at the status or its label."""

    OPEN = "open", _("Open")
    DONE = "done", _("Done")
    DROPPED = "dropped", _("Dropped")


class ActionPlanStatus(models.TextChoices):
    OPEN = "open", _("Open")
    IN_PROGRESS = "in_progress", _("In progress")
    COMPLETED = "completed", _("Completed")
    CANCELLED = "cancelled", _("Cancelled")

    @property
    def meaning(self) -> Meaning:
        meanings = {"completed": Meaning.DONE, "cancelled": Meaning.DROPPED}
        return meanings.get(self.value, Meaning.OPEN)


class TaskStatus(models.TextChoices):
    OPEN = "open", _("Open")
    IN_PROGRESS = "in_progress", _("In progress")
    COMPLETED = "completed", _("Completed")
    SKIPPED = "skipped", _("Skipped")
    CANCELLED = "cancelled", _("Cancelled")

    @property
    def meaning(self) -> Meaning:
        meanings = {"completed": Meaning.DONE, "skipped": Meaning.DROPPED, "cancelled": Meaning.DROPPED}
        return meanings.get(self.value, Meaning.OPEN)


class Factor(models.TextChoices):
    """What an entry of an analysis speaks of: the four fields of SWOT, the six of PESTEL."""

    STRENGTH = "strength", _("Strengths")
    WEAKNESS = "weakness", _("Weaknesses")
    OPPORTUNITY = "opportunity", _("Opportunities")
    THREAT = "threat", _("Threats")
    POLITICAL = "political", _("Political")
    ECONOMIC = "economic", _("Economic")
    SOCIAL = "social", _("Social")
    TECHNOLOGICAL = "technological", _("Technological")
    ENVIRONMENTAL = "environmental", _("Environmental")
    LEGAL = "legal", _("Legal")


# The sections of a plan that are prose, each a column of the plan.
SECTIONS = (
    PlanSection.VISION.value,
    PlanSection.GOALS.value,
    PlanSection.CUSTOMER_GOALS.value,
    PlanSection.BUSINESS_OVERVIEW.value,
    PlanSection.SHORT_TERM_PLAN.value,
    PlanSection.SUPPORT_REQUIRED.value,
    PlanSection.RISKS.value,
    PlanSection.COMPETITORS.value,
)
# The section of a plan that an entry stands in.
ANALYSES: dict[str, tuple[Factor, ...]] = {
    PlanSection.SWOT: (Factor.STRENGTH, Factor.WEAKNESS, Factor.OPPORTUNITY, Factor.THREAT),
    PlanSection.PESTEL: (
        Factor.POLITICAL,
        Factor.ECONOMIC,
        Factor.SOCIAL,
        Factor.TECHNOLOGICAL,
        Factor.ENVIRONMENTAL,
        Factor.LEGAL,
    ),
}
SECTION_OF_FACTOR = {factor: section for section, factors in ANALYSES.items() for factor in factors}


class Impact(models.IntegerChoices):
    VERY_LOW = 1, _("Very low")
    LOW = 2, _("Low")
    MEDIUM = 3, _("Medium")
    HIGH = 4, _("High")
    VERY_HIGH = 5, _("Very high")


class Likelihood(models.IntegerChoices):
    VERY_UNLIKELY = 1, _("Very unlikely")
    UNLIKELY = 2, _("Unlikely")
    POSSIBLE = 3, _("Possible")
    LIKELY = 4, _("Likely")
    ALMOST_CERTAIN = 5, _("Almost certain")


class Access(models.TextChoices):
    READ = "read", _("Can read")
    CONTRIBUTE = "contribute", _("Can comment and attach")
    EDIT = "edit", _("Can edit")


class ExpenseStatus(models.TextChoices):
    """How far an expense of co-op money is."""

    PLANNED = "planned", _("Planned")
    APPROVED = "approved", _("Approved")
    SPENT = "spent", _("Spent")


class PinEffect(models.TextChoices):
    """What somebody decided by hand about a record and a plan."""

    INCLUDE = "include", _("Put in")
    EXCLUDE = "exclude", _("Left out")


class RecordKind(models.TextChoices):
    """What a plan may count."""

    OPPORTUNITY = "opportunity", _("Opportunity")
    SCHEDULE = "schedule", _("Revenue schedule")
    ORDER = "order", _("Order")


# By revenue basis: the first is its revenue, what else there is its pipeline.
KINDS_OF_BASIS = {
    "opportunity": (RecordKind.OPPORTUNITY,),
    "schedule": (RecordKind.SCHEDULE,),
    "order": (RecordKind.ORDER, RecordKind.OPPORTUNITY),
}


class ReviewStatus(models.TextChoices):
    PLANNED = "planned", _("Planned")
    HELD = "held", _("Held")
    SKIPPED = "skipped", _("Skipped")


class ReviewRating(models.TextChoices):
    """How the people in the room see the plan."""

    ON_TRACK = "on_track", _("On track")
    AT_RISK = "at_risk", _("At risk")
    OFF_TRACK = "off_track", _("Off track")
