from __future__ import annotations

from datetime import date

from django.utils import timezone

from crm.enums import PickList
from crm.models import Account, Contact, PickListValue, Product
from kam.users.models import Role, User
from plans.models import MedicalInsight, TerritoryBusinessPlan
from tests.factories.crm import create_account, create_pick_list_value
from tests.factories.sequence import numbered
from tests.factories.users import create_user


def insight_topic(name: str = "Research") -> PickListValue:
    """The topic of that name; the usual ones are there from the start."""
    found = PickListValue.objects.filter(pick_list=PickList.INSIGHT_TOPIC, name=name).first()
    return found or create_pick_list_value(name, pick_list=PickList.INSIGHT_TOPIC)


def create_insight(
    account: Account | None = None,
    text: str = "",
    *,
    topic: str = "Research",
    author: User | None = None,
    on_date: date | None = None,
    contact: Contact | None = None,
    product: Product | None = None,
    plan: TerritoryBusinessPlan | None = None,
) -> MedicalInsight:
    """Of today, by a medical colleague of its own unless one is named."""
    return MedicalInsight.objects.create(
        topic=insight_topic(topic),
        text=text or numbered("Insight"),
        date=on_date or timezone.localdate(),
        account=account or (contact.account if contact else create_account()),
        contact=contact,
        product=product,
        territory_business_plan=plan,
        author=author or create_user(role=Role.MSL),
    )
