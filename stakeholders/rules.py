"""Who may do what with the people on a plan: who edits the plan edits them."""

from __future__ import annotations

import rules

from plans.rules import can_change, may_look

MODELS = (
    "accountplanstakeholder",
    "stakeholderlink",
    "participantstakeholder",
    "stakeholderproduct",
    "stakeholderaction",
    "partnerrole",
)
for model in MODELS:
    rules.add_perm(f"stakeholders.view_{model}", may_look)
    for action in ("add", "change", "delete"):
        rules.add_perm(f"stakeholders.{action}_{model}", can_change)
