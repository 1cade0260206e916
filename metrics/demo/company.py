"""The whole sample company, in one transaction."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from crm.models import Account, Territory
from kam.core.actor import acting
from kam.users.models import User
from metrics import operations as kpis
from metrics.demo.accounts import create_accounts, create_contacts
from metrics.demo.activities import create_activities
from metrics.demo.catalog import ITEMS, create_catalog
from metrics.demo.deals import UNRATED
from metrics.demo.facts import Counts, Facts
from metrics.demo.history import create_history
from metrics.demo.insights import create_insights
from metrics.demo.library import create_library
from metrics.demo.library_data import GOALS, TEMPLATES
from metrics.demo.orders import create_orders
from metrics.demo.people import PEOPLE, TERRITORIES, create_people, create_territories
from metrics.demo.plans import create_plans
from metrics.demo.promises import create_promises
from metrics.demo.reminders import create_reminders
from metrics.demo.reviews import create_reviews
from metrics.demo.sales import create_opportunities
from metrics.demo.sample import Sample
from metrics.demo.scenarios import create_scenarios
from metrics.demo.sections import complete_plan_types
from metrics.demo.stakeholders import create_stakeholders
from metrics.demo.territories import create_territory_plans
from metrics.demo.work import create_work
from plans.models import AccountPlanObjective


def sample_usernames_taken() -> list[str]:
    names = [person.username for person in PEOPLE]
    return sorted(User.objects.filter(username__in=names).values_list("username", flat=True))


def sample_territories_taken() -> list[str]:
    return sorted(Territory.objects.filter(code__in=TERRITORIES).values_list("code", flat=True))


def has_business_data() -> bool:
    """Whether somebody works with this database already."""
    return Territory.objects.exists() or Account.objects.unscoped("is the database empty?").exists()


@transaction.atomic
def create_sample_company(*, today: date) -> Facts:
    """Make everything and compute the KPIs; the change log says that the command did it."""
    sample = Sample(today=today)
    with acting(source="command", reason="Sample company"):
        users = create_people(sample)
        with acting(sample.users["admin"]):
            create_territories(sample)
            create_catalog(sample)
            create_library(sample)
            complete_plan_types(sample)
        with acting(sample.users["integration"]):
            create_accounts(sample)
            create_contacts(sample)
            lines, schedules = create_opportunities(sample)
            orders = create_orders(sample)
            activities = create_activities(sample)
        plans = create_plans(sample)
        create_work(sample)
        create_promises(sample)
        create_insights(sample)
        create_scenarios(sample)
        create_territory_plans(sample)
        create_stakeholders(sample)
        kpis.rebuild()
        create_history(sample)
        create_reviews(sample)
        create_reminders(sample)
    unrated = next(o for o in sample.opportunities if o.currency == UNRATED)
    counts = Counts(
        users=len(sample.users),
        territories=len(sample.territories),
        accounts=len(sample.accounts),
        contacts=sum(map(len, sample.contacts.values())),
        products=len(ITEMS),
        exchange_rates=len(sample.rates),
        goal_definitions=len(GOALS),
        action_plan_templates=len(TEMPLATES),
        opportunities=len(sample.opportunities),
        opportunity_lines=lines,
        revenue_schedules=schedules,
        orders=orders,
        activities=activities,
        plans=len(plans),
        objectives=AccountPlanObjective.objects.unscoped("count")
        .filter(plan__in=list(sample.plans.values()))
        .count(),
    )
    return Facts(users=users, plans=plans, counts=counts, not_converted=unrated.name)
