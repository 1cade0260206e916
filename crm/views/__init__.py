"""Pages of the CRM records."""

from crm.views.accounts import account_detail, account_list, account_options, account_overview, account_update
from crm.views.activities import (
    activity_cancel,
    activity_complete,
    activity_delete,
    activity_log,
    activity_plan,
    activity_reopen,
    activity_update,
)
from crm.views.contacts import contact_create, contact_delete, contact_options, contact_update
from crm.views.exports import opportunity_export
from crm.views.opportunities import (
    opportunity_create,
    opportunity_delete,
    opportunity_detail,
    opportunity_list,
    opportunity_update,
)
from crm.views.orders import order_detail

__all__ = [
    "account_detail",
    "account_list",
    "account_options",
    "account_overview",
    "account_update",
    "activity_cancel",
    "activity_complete",
    "activity_delete",
    "activity_log",
    "activity_plan",
    "activity_reopen",
    "activity_update",
    "contact_create",
    "contact_delete",
    "contact_options",
    "contact_update",
    "opportunity_create",
    "opportunity_delete",
    "opportunity_detail",
    "opportunity_export",
    "opportunity_list",
    "opportunity_update",
    "order_detail",
]
