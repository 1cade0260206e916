"""The people and organisations of a plan: map, list, gaps, one of them, partners."""

from stakeholders.views.gaps import stakeholder_gaps
from stakeholders.views.lists import account_stakeholders, contact_options, stakeholder_list
from stakeholders.views.partners import partner_create, partner_delete, partner_list, partner_update
from stakeholders.views.parts import (
    action_create,
    action_delete,
    colleague_create,
    colleague_delete,
    link_create,
    link_delete,
    product_create,
    product_delete,
    product_update,
)
from stakeholders.views.people import stakeholder_map, stakeholder_organisation
from stakeholders.views.stakeholders import (
    stakeholder_create,
    stakeholder_delete,
    stakeholder_detail,
    stakeholder_update,
)

__all__ = [
    "account_stakeholders",
    "action_create",
    "action_delete",
    "colleague_create",
    "colleague_delete",
    "contact_options",
    "link_create",
    "link_delete",
    "partner_create",
    "partner_delete",
    "partner_list",
    "partner_update",
    "product_create",
    "product_delete",
    "product_update",
    "stakeholder_create",
    "stakeholder_delete",
    "stakeholder_detail",
    "stakeholder_gaps",
    "stakeholder_list",
    "stakeholder_map",
    "stakeholder_organisation",
    "stakeholder_update",
]
