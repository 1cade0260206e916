"""Plan types are read by everybody, the template library by those who may create plans; administrators keep both."""

from __future__ import annotations

import rules

from kam.users.models import Role, User
from templates_app.models import LIBRARY_READERS


@rules.predicate
def is_active(user: User) -> bool:
    return user.is_active


@rules.predicate
def is_admin(user: User) -> bool:
    return user.role == Role.ADMIN


@rules.predicate
def reads_library(user: User) -> bool:
    return user.role in LIBRARY_READERS


LIBRARY = (
    "goaldefinition",
    "goaldefinitiontemplate",
    "actionplantemplate",
    "actionplantemplateversion",
    "actionplantemplateitem",
)

for model in ("plantype", "customfield"):
    rules.add_perm(f"templates_app.view_{model}", is_active)
rules.add_perm("templates_app.view_plantypegoal", is_active & reads_library)
# Pages over the library as a whole, and its export and import.
rules.add_perm("templates_app.view_library", is_active & reads_library)
rules.add_perm("templates_app.change_library", is_active & is_admin)
for model in LIBRARY:
    rules.add_perm(f"templates_app.view_{model}", is_active & reads_library)
for model in ("plantype", "customfield", "plantypegoal", *LIBRARY):
    for action in ("add", "change", "delete"):
        rules.add_perm(f"templates_app.{action}_{model}", is_active & is_admin)
