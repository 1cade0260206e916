"""Pages of plans and what lies under them."""

from plans.views.accountplans import accountplan_detail, accountplan_list
from plans.views.search import search

__all__ = ["accountplan_detail", "accountplan_list", "search"]
