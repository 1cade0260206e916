from django.db import models
from django.utils.translation import gettext_lazy as _


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


class MeasureKind(models.TextChoices):
    REVENUE = "revenue", _("Revenue")
    NUMBER = "number", _("Number")
    PERCENT = "percent", _("Percent")
    ACTIVITY_COUNT = "activity_count", _("Activity count")
    QUALITATIVE = "qualitative", _("Qualitative")


class ProgressMode(models.TextChoices):
    """How an objective's progress is known. Progress from tasks comes with action plans."""

    MEASURE = "measure", _("From the measure")
    MANUAL = "manual", _("Entered by hand")


class ColleagueRole(models.TextChoices):
    EXECUTIVE_SPONSOR = "executive_sponsor", _("Executive sponsor")
    PROJECT_MANAGER = "project_manager", _("Project manager")
    CUSTOMER_SERVICES_LEAD = "customer_services_lead", _("Customer services lead")
    PRE_SALES_ENGINEER = "pre_sales_engineer", _("Pre-sales engineer")
    MEDICAL_SCIENCE_LIAISON = "medical_science_liaison", _("Medical science liaison")
    TEAM_MEMBER = "team_member", _("Team member")


class Access(models.TextChoices):
    READ = "read", _("Can read")
    CONTRIBUTE = "contribute", _("Can comment and attach")
    EDIT = "edit", _("Can edit")
