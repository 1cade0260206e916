from django.db import models
from django.utils.translation import gettext_lazy as _


class RevenueBasis(models.TextChoices):
    """What a plan counts as won revenue (domain.md, KPIs)."""

    OPPORTUNITY = "opportunity", _("Opportunities")
    SCHEDULE = "schedule", _("Revenue schedules")
    ORDER = "order", _("Orders")


class ReviewFrequency(models.TextChoices):
    MONTHLY = "monthly", _("Monthly")
    QUARTERLY = "quarterly", _("Quarterly")
    HALF_YEARLY = "half_yearly", _("Half-yearly")
    YEARLY = "yearly", _("Yearly")
    NONE = "none", _("None")


class LibraryStatus(models.TextChoices):
    """Where a design-time object stands. Of an action plan template: what its versions come to."""

    DRAFT = "draft", _("Draft")
    ACTIVE = "active", _("Active")
    RETIRED = "retired", _("Retired")


class VersionStatus(models.TextChoices):
    """draft → published → retired, never back."""

    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    RETIRED = "retired", _("Retired")


class AppliesTo(models.TextChoices):
    ACCOUNT_PLAN = "account_plan", _("Account plans")
    TERRITORY_PLAN = "territory_plan", _("Territory plans")
    BOTH = "both", _("Account and territory plans")


class MeasureKind(models.TextChoices):
    REVENUE = "revenue", _("Revenue")
    NUMBER = "number", _("Number")
    PERCENT = "percent", _("Percent")
    ACTIVITY_COUNT = "activity_count", _("Activity count")
    QUALITATIVE = "qualitative", _("Qualitative")


class ColleagueRole(models.TextChoices):
    """What a colleague does on a plan."""

    EXECUTIVE_SPONSOR = "executive_sponsor", _("Executive sponsor")
    PROJECT_MANAGER = "project_manager", _("Project manager")
    CUSTOMER_SERVICES_LEAD = "customer_services_lead", _("Customer services lead")
    PRE_SALES_ENGINEER = "pre_sales_engineer", _("Pre-sales engineer")
    MEDICAL_SCIENCE_LIAISON = "medical_science_liaison", _("Medical science liaison")
    TEAM_MEMBER = "team_member", _("Team member")


class AssigneeRole(models.TextChoices):
    """Who gets an item: the owner of the action plan, or the colleague with a role on the plan."""

    OWNER = "owner", _("Owner of the action plan")
    EXECUTIVE_SPONSOR = ColleagueRole.EXECUTIVE_SPONSOR.value, ColleagueRole.EXECUTIVE_SPONSOR.label
    PROJECT_MANAGER = ColleagueRole.PROJECT_MANAGER.value, ColleagueRole.PROJECT_MANAGER.label
    CUSTOMER_SERVICES_LEAD = (
        ColleagueRole.CUSTOMER_SERVICES_LEAD.value,
        ColleagueRole.CUSTOMER_SERVICES_LEAD.label,
    )
    PRE_SALES_ENGINEER = ColleagueRole.PRE_SALES_ENGINEER.value, ColleagueRole.PRE_SALES_ENGINEER.label
    MEDICAL_SCIENCE_LIAISON = (
        ColleagueRole.MEDICAL_SCIENCE_LIAISON.value,
        ColleagueRole.MEDICAL_SCIENCE_LIAISON.label,
    )
    TEAM_MEMBER = ColleagueRole.TEAM_MEMBER.value, ColleagueRole.TEAM_MEMBER.label


class ItemKind(models.TextChoices):
    TASK = "task", _("Task")
    CALL_OBJECTIVE = "call_objective", _("Call objective")
    ASSESSMENT = "assessment", _("Assessment")


class Priority(models.TextChoices):
    LOW = "low", _("Low")
    NORMAL = "normal", _("Normal")
    HIGH = "high", _("High")


class PlanSection(models.TextChoices):
    """A part of a plan that a plan type may show or leave out, in the usual order."""

    OBJECTIVES = "objectives", _("Objectives")
    CUSTOM_FIELDS = "custom_fields", _("Details")
    VISION = "vision", _("Vision")
    GOALS = "goals", _("Our goals")
    CUSTOMER_GOALS = "customer_goals", _("The customer's own goals")
    BUSINESS_OVERVIEW = "business_overview", _("Business overview")
    SWOT = "swot", _("SWOT")
    PESTEL = "pestel", _("PESTEL")
    PRODUCTS = "products", _("Products")
    SHORT_TERM_PLAN = "short_term_plan", _("Short-term plan")
    SUPPORT_REQUIRED = "support_required", _("Support required")
    RISKS = "risks", _("Risks")
    COMPETITORS = "competitors", _("Competitors")
    STAKEHOLDERS = "stakeholders", _("Stakeholders")
    REVIEWS = "reviews", _("Reviews")


# Pages of their own among the tabs of a plan: they have no place on its first page.
TAB_SECTIONS = frozenset({PlanSection.PRODUCTS, PlanSection.STAKEHOLDERS, PlanSection.REVIEWS})


class FieldKind(models.TextChoices):
    """What a custom field takes."""

    TEXT = "text", _("Text")
    NUMBER = "number", _("Number")
    MONEY = "money", _("Amount of money")
    DATE = "date", _("Date")
    CHOICE = "choice", _("Choice")
    USER = "user", _("Colleague")
