"""Pages of the CRM records."""

from crm.views.accounts import account_detail, account_list
from crm.views.opportunities import opportunity_detail, opportunity_list

__all__ = ["account_detail", "account_list", "opportunity_detail", "opportunity_list"]
