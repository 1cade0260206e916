"""Who may do what with CRM records (quality.md, section 3)."""

from __future__ import annotations

from typing import Any

import rules

from crm import policies
from crm.models import Activity, Opportunity
from kam.users.models import Role, User


@rules.predicate
def is_active(user: User) -> bool:
    return user.is_active


def has_role(*roles: Role) -> Any:
    return rules.predicate(lambda user: user.role in roles, name=f"has_role:{','.join(roles)}")


@rules.predicate
def owns(user: User, obj: Any = None) -> bool:
    """The record's own owner, or, where it has none, the account's."""
    owner_id = getattr(obj, "owner_id", None)
    if owner_id is None and obj is not None and hasattr(obj, "account"):
        owner_id = obj.account.owner_id
    return owner_id == user.pk


@rules.predicate
def of_own_source(user: User, obj: Any = None) -> bool:
    return obj is None or (bool(user.source) and obj.source == user.source)


@rules.predicate
def is_unsourced(user: User, obj: Any = None) -> bool:
    """A new record that comes from no other system."""
    return obj is not None and obj._state.adding and not (obj.source or obj.external_id)


# A manager's gate lets through only the own subtree.
feeds = has_role(Role.INTEGRATION) & of_own_source
writes_any = has_role(Role.ADMIN) | has_role(Role.MANAGER) | feeds
account_managers = has_role(Role.KAM, Role.MSL)


@rules.predicate
def sees_commercial(user: User) -> bool:
    return policies.sees_commercial(user.role)


@rules.predicate
def sees_medical(user: User) -> bool:
    return policies.sees_medical(user.role)


# Opportunities and orders as such, and insights as such: one setting keeps the two sides apart.
rules.add_perm("crm.view_commercial", is_active & sees_commercial)
rules.add_perm("crm.view_medical", is_active & sees_medical)
for model in ("account", "contact", "opportunity", "order", "activity"):
    rules.add_perm(f"crm.view_{model}", is_active)
rules.add_perm("crm.add_account", is_active & (has_role(Role.ADMIN, Role.INTEGRATION)))
rules.add_perm("crm.change_account", is_active & (writes_any | (account_managers & owns)))
rules.add_perm("crm.delete_account", is_active & (has_role(Role.ADMIN) | feeds))
rules.add_perm(
    "crm.add_contact", is_active & has_role(Role.ADMIN, Role.MANAGER, Role.INTEGRATION, Role.KAM, Role.MSL)
)
rules.add_perm("crm.change_contact", is_active & (writes_any | (account_managers & owns)))
rules.add_perm("crm.delete_contact", is_active & (writes_any | (account_managers & owns)))
for owned in (Opportunity, Activity):
    name = owned._meta.model_name
    adders = [Role.ADMIN, Role.MANAGER, Role.INTEGRATION, Role.KAM] + (
        [Role.MSL] if owned is Activity else []
    )
    rules.add_perm(f"crm.add_{name}", is_active & has_role(*adders))
    rules.add_perm(f"crm.change_{name}", is_active & (writes_any | (account_managers & owns)))
    rules.add_perm(f"crm.delete_{name}", is_active & (writes_any | (account_managers & owns)))
# Orders come from the ERP: nobody types them but systems and administrators.
for action in ("add", "change", "delete"):
    rules.add_perm(f"crm.{action}_order", is_active & (has_role(Role.ADMIN) | feeds))
# Whose key a record has in another system is that system's business; others could probe for hidden keys.
types_it_in = ~has_role(Role.INTEGRATION) & is_unsourced
rules.add_perm("crm.write_source", is_active & (has_role(Role.ADMIN) | feeds | types_it_in))
CATALOG = (
    "territory",
    "territorymembership",
    "productcategory",
    "product",
    "stage",
    "activitytype",
    "exchangerate",
    "picklistvalue",
)
# What an ERP owns; territories and settings are the administrator's alone.
FED = frozenset({"productcategory", "product", "exchangerate"})
for model in CATALOG:
    rules.add_perm(f"crm.view_{model}", is_active)
    for action in ("add", "change", "delete"):
        may = has_role(Role.ADMIN) | feeds if model in FED else has_role(Role.ADMIN)
        rules.add_perm(f"crm.{action}_{model}", is_active & may)
