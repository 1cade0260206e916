from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from django.utils import timezone

from crm.enums import ActivityStatus, CallFrequency, ForecastCategory, PickList, TerritoryRole
from crm.models import (
    Account,
    Activity,
    ActivityType,
    Contact,
    ExchangeRate,
    Opportunity,
    OpportunityLine,
    Order,
    PickListValue,
    Product,
    ProductCategory,
    RevenueSchedule,
    Stage,
    Territory,
    TerritoryMembership,
)
from kam.users.models import User
from tests.factories.sequence import numbered
from tests.factories.users import create_user

Number = Decimal | int | str


def create_territory(name: str = "", *, parent: Territory | None = None, code: str = "") -> Territory:
    name = name or numbered("Territory")
    return Territory.objects.create(name=name, code=code or numbered("T"), parent=parent)


def add_member(territory: Territory, user: User, *, role: str = TerritoryRole.KAM) -> TerritoryMembership:
    return TerritoryMembership.objects.create(territory=territory, user=user, role=role)


def create_pick_list_value(
    name: str = "",
    *,
    pick_list: str = PickList.INDUSTRY,
    meaning: str = "",
    order: int = 0,
    is_retired: bool = False,
) -> PickListValue:
    return PickListValue.objects.create(
        name=name or numbered("Value"),
        pick_list=pick_list,
        meaning=meaning,
        order=order,
        is_retired=is_retired,
    )


def create_account(
    name: str = "",
    *,
    owner: User | None = None,
    territory: Territory | None = None,
    parent: Account | None = None,
    currency: str = "USD",
    industry: PickListValue | None = None,
    account_type: PickListValue | None = None,
    current_segment: PickListValue | None = None,
    target_segment: PickListValue | None = None,
    call_frequency: str = CallFrequency.NONE,
    business_overview: str = "",
    source: str | None = None,
    external_id: str | None = None,
) -> Account:
    """Without owner and territory only administrators and executives see it."""
    return Account.objects.create(
        name=name or numbered("Account"),
        owner=owner,
        territory=territory,
        parent=parent,
        currency=currency,
        industry=industry,
        account_type=account_type,
        current_segment=current_segment,
        target_segment=target_segment,
        call_frequency=call_frequency,
        business_overview=business_overview,
        source=source,
        external_id=external_id,
    )


def create_contact(
    account: Account,
    name: str = "",
    *,
    job_title: str = "Buyer",
    email: str = "",
    reports_to: Contact | None = None,
    source: str | None = None,
    external_id: str | None = None,
) -> Contact:
    return Contact.objects.create(
        account=account,
        name=name or numbered("Contact"),
        job_title=job_title,
        email=email,
        reports_to=reports_to,
        source=source,
        external_id=external_id,
    )


def create_category(
    name: str = "", *, parent: ProductCategory | None = None, code: str = ""
) -> ProductCategory:
    return ProductCategory.objects.create(
        name=name or numbered("Category"), code=code or numbered("C"), parent=parent
    )


def create_product(
    name: str = "",
    *,
    category: ProductCategory | None = None,
    code: str = "",
    is_active: bool = True,
    is_competitor: bool = False,
) -> Product:
    return Product.objects.create(
        name=name or numbered("Product"),
        code=code or numbered("P"),
        category=category or create_category(),
        is_active=is_active,
        is_competitor=is_competitor,
    )


def create_stage(
    name: str = "",
    *,
    probability: Number = 50,
    is_closed: bool = False,
    is_won: bool = False,
    order: int = 0,
    forecast_category: str = ForecastCategory.PIPELINE,
) -> Stage:
    return Stage.objects.create(
        name=name or numbered("Stage"),
        default_probability=Decimal(probability),
        is_closed=is_closed,
        is_won=is_won,
        order=order,
        forecast_category=forecast_category,
    )


def _only_stage(name: str, *, probability: int, is_closed: bool, is_won: bool, order: int) -> Stage:
    """The stage of this name, made by the first caller."""
    found = Stage.objects.filter(name=name).first()
    if found is not None:
        return found
    return create_stage(name, probability=probability, is_closed=is_closed, is_won=is_won, order=order)


def open_stage() -> Stage:
    """The one open stage of a test, at 50 %."""
    return _only_stage("Proposal", probability=50, is_closed=False, is_won=False, order=1)


def won_stage() -> Stage:
    return _only_stage("Won", probability=100, is_closed=True, is_won=True, order=2)


def lost_stage() -> Stage:
    return _only_stage("Lost", probability=0, is_closed=True, is_won=False, order=3)


def create_opportunity(
    account: Account,
    name: str = "",
    *,
    amount: Number = 1_000,
    currency: str = "",
    stage: Stage | None = None,
    probability: Number | None = None,
    close_date: date | None = None,
    owner: User | None = None,
    contacts: Sequence[Contact] = (),
    source: str | None = None,
    external_id: str | None = None,
) -> Opportunity:
    """Open, closing in 30 days, in the account's currency and with its owner, unless said otherwise."""
    opportunity = Opportunity(
        account=account,
        name=name or numbered("Opportunity"),
        amount=Decimal(amount),
        currency=currency or account.currency or "USD",
        stage=stage or open_stage(),
        close_date=close_date or timezone.localdate() + timedelta(days=30),
        owner=owner or account.owner,
        source=source,
        external_id=external_id,
    )
    if probability is not None:
        opportunity.probability = Decimal(probability)
    opportunity.save()
    if contacts:
        opportunity.contacts.add(*contacts)
    return opportunity


def create_opportunity_line(
    opportunity: Opportunity,
    *,
    product: Product | None = None,
    quantity: Number = 1,
    unit_price: Number | None = None,
    amount: Number | None = None,
) -> OpportunityLine:
    """One line over the whole opportunity unless `amount` says otherwise."""
    return OpportunityLine.objects.create(
        opportunity=opportunity,
        product=product or create_product(),
        quantity=Decimal(quantity),
        unit_price=None if unit_price is None else Decimal(unit_price),
        amount=opportunity.amount if amount is None else Decimal(amount),
    )


def create_schedule(
    line: OpportunityLine, *, on_date: date | None = None, amount: Number | None = None
) -> RevenueSchedule:
    return RevenueSchedule.objects.create(
        line=line,
        date=on_date or line.opportunity.close_date,
        amount=line.amount if amount is None else Decimal(amount),
    )


def create_order(
    account: Account,
    *,
    amount: Number = 1_000,
    currency: str = "",
    on_date: date | None = None,
    product: Product | None = None,
    quantity: Number = 1,
    document_number: str = "",
    source: str | None = None,
    external_id: str | None = None,
) -> Order:
    return Order.objects.create(
        account=account,
        amount=Decimal(amount),
        currency=currency or account.currency or "USD",
        date=on_date or timezone.localdate(),
        product=product,
        quantity=Decimal(quantity),
        document_number=document_number or numbered("INV"),
        source=source,
        external_id=external_id,
    )


def create_activity_type(
    name: str = "", *, counts_for_cadence: bool = True, counts_as_commitment: bool = False
) -> ActivityType:
    return ActivityType.objects.create(
        name=name or numbered("Activity type"),
        counts_for_cadence=counts_for_cadence,
        counts_as_commitment=counts_as_commitment,
    )


def create_activity(
    account: Account,
    subject: str = "",
    *,
    type: ActivityType | None = None,  # noqa: A002 -- the field's name
    owner: User | None = None,
    planned_for: date | None = None,
    done_on: date | None = None,
    status: str = "",
    contacts: Sequence[Contact] = (),
    participants: Sequence[User] = (),
    notes: str = "",
    source: str | None = None,
    external_id: str | None = None,
) -> Activity:
    """Done if `done_on` is given, else planned, for in 7 days unless `planned_for` says otherwise."""
    if not status:
        status = ActivityStatus.DONE if done_on else ActivityStatus.PLANNED
    if status == ActivityStatus.PLANNED and planned_for is None:
        planned_for = timezone.localdate() + timedelta(days=7)
    activity = Activity.objects.create(
        account=account,
        subject=subject or numbered("Call"),
        type=type or create_activity_type(),
        owner=owner or account.owner or create_user(),
        planned_for=planned_for,
        done_on=done_on,
        status=status,
        notes=notes,
        source=source,
        external_id=external_id,
    )
    if contacts:
        activity.contacts.add(*contacts)
    if participants:
        activity.participants.add(*participants)
    return activity


def create_rate(currency: str, rate: Number, *, valid_from: date = date(2000, 1, 1)) -> ExchangeRate:
    """From `valid_from` on, one unit of `currency` is `rate` of company currency."""
    return ExchangeRate.objects.create(currency=currency, rate=Decimal(rate), valid_from=valid_from)
