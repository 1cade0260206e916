"""What a CRM or ERP owns and feeds in."""

from crm.models.accounts import Account, AccountEdge, Contact
from crm.models.activities import Activity, ActivityType
from crm.models.catalog import (
    ExchangeRate,
    PickListValue,
    Product,
    ProductCategory,
    ProductCategoryEdge,
    Stage,
)
from crm.models.sales import Opportunity, OpportunityLine, Order, RevenueSchedule
from crm.models.territories import Territory, TerritoryEdge, TerritoryMembership

__all__ = [
    "Account",
    "AccountEdge",
    "Activity",
    "ActivityType",
    "Contact",
    "ExchangeRate",
    "Opportunity",
    "OpportunityLine",
    "Order",
    "PickListValue",
    "Product",
    "ProductCategory",
    "ProductCategoryEdge",
    "RevenueSchedule",
    "Stage",
    "Territory",
    "TerritoryEdge",
    "TerritoryMembership",
]
