"""What the caller may do with the rows of a batch; the rules themselves are in `crm.rules`.

Rows are matched by a key that anybody may guess. Whoever does not see every row of a source could
tell hidden rows from missing ones by trying to create them; so only systems (under their own
source) and administrators create, the others change what they see. For them a hidden row and a
missing one get the same answer.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from crm.bulk.kinds import Kind
from crm.bulk.references import References
from crm.bulk.rows import as_instance
from crm.models import Account
from kam.users.models import Role, User


def may_write(user: User, kind: Kind) -> bool:
    """Whether the user could write any row of this kind at all."""
    own = {"owner_id": user.pk, "source": user.source}
    account = as_instance(Account, {"id": None, **own})
    probe = as_instance(kind.model, {"id": None, **own}, {"account": account}, adding=True)
    model = kind.model._meta.model_name
    return any(user.has_perm(f"crm.{action}_{model}", probe) for action in ("add", "change"))


class Rights:
    """The answers for one caller; `user` None is the system itself (the command line)."""

    def __init__(self, *, user: User | None, kind: Kind, references: References) -> None:
        self.user = user
        self.kind = kind
        self.references = references
        self._answers: dict[tuple[Any, ...], bool] = {}

    @property
    def needs_accounts(self) -> bool:
        """Whether the rules look at the owner of a row's account."""
        return self.user is not None and self.user.role not in {Role.ADMIN, Role.INTEGRATION}

    def check_source(self, source: str | None) -> None:
        if self.user and self.user.role == Role.INTEGRATION and source and source != self.user.source:
            raise ValidationError(
                _("You may write under the source “%(source)s” only."),
                "permission",
                {"source": self.user.source},
            )

    def check_create(self, source: str | None, external_id: str | None) -> None:
        if self.user is None:
            return
        key = {"id": None, "source": source, "external_id": external_id}
        probe = as_instance(self.kind.model, key, adding=True)
        is_sourced = external_id is not None
        may_name = self._ask("crm.write_source", probe, ("name", source, is_sourced))
        if not (may_name and self._ask(self._permission("add"), probe, ("add", source))):
            raise ValidationError(
                _("There is no such %(what)s, or you may not change it."),
                "not_found",
                {"what": self.kind.label},
            )

    def check_change(self, stored: dict[str, Any]) -> None:
        """`stored` holds the attributes of a row that the caller sees."""
        if self.user is None:
            return
        account = self.references.get(Account, stored.get("account_id"))
        holder = (stored.get("owner_id"), getattr(account, "owner_id", None), stored.get("source"))
        probe = as_instance(self.kind.model, stored, {"account": account} if account else None)
        if not self._ask(self._permission("change"), probe, holder):
            raise ValidationError(
                _("You may not change this %(what)s."), "permission", {"what": self.kind.label}
            )

    def _permission(self, action: str) -> str:
        return f"crm.{action}_{self.kind.model._meta.model_name}"

    def _ask(self, permission: str, probe: Any, key: tuple[Any, ...]) -> bool:
        # The rules look at owner, the account's owner and source: one answer serves all rows that share them.
        if key not in self._answers:
            self._answers[key] = self.user is not None and self.user.has_perm(permission, probe)
        return self._answers[key]
