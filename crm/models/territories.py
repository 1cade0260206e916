from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.enums import TerritoryRole
from kam.core.models import BaseModel, SourcedModel, TrackedCatalogQuerySet, TreeEdge
from kam.users.models import Role, User
from kam.users.subqueries import IdsFor


class TerritoryQuerySet(TrackedCatalogQuerySet):
    """The names of territories are no secret; what lies in them is."""

    def of(self, user: User) -> TerritoryQuerySet:
        """Those the user works in: as a member the territory itself, as its manager also all below."""
        return self.filter(pk__in=territories_of(user))

    def open_to(self, user: User) -> TerritoryQuerySet:
        """Those the user may plan for: administrators for all."""
        return self if user.role == Role.ADMIN else self.of(user)

    def below(self, territory: Territory) -> TerritoryQuerySet:
        """The territory and everything below it."""
        return self.filter(edges_up__ancestor=territory)


class Territory(SourcedModel):
    name = models.CharField(max_length=200)
    code = models.CharField(max_length=50, unique=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        through="TerritoryMembership",
        through_fields=("territory", "user"),
        related_name="territories",
    )

    objects = TerritoryQuerySet.as_manager()

    class Meta(SourcedModel.Meta):
        ordering = ("name",)
        verbose_name_plural = _("territories")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        if (
            self.parent_id
            and TerritoryEdge.objects.filter(ancestor=self.pk, descendant=self.parent_id).exists()
        ):
            raise ValidationError({"parent": _("A territory cannot lie below itself.")})


class TerritoryEdge(TreeEdge):
    """Kept by triggers; see `kam.core.trees`."""

    ancestor = models.ForeignKey(Territory, models.DO_NOTHING, related_name="edges_down", db_index=False)
    descendant = models.ForeignKey(Territory, models.DO_NOTHING, related_name="edges_up")

    def __str__(self) -> str:
        return f"{self.ancestor_id} > {self.descendant_id}"

    @classmethod
    def ids_of(cls, user: User) -> models.QuerySet:
        """Ids of the territories a user works in, for use in a subquery."""
        return cls.objects.filter(
            models.Q(depth=0) | models.Q(ancestor__memberships__role=TerritoryRole.MANAGER),
            ancestor__memberships__user=user,
        ).values("descendant_id")


territories_of = IdsFor(TerritoryEdge.ids_of)


class TerritoryMembership(BaseModel):
    """A user works in a territory. Managers answer for everything below as well."""

    territory = models.ForeignKey(Territory, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="territory_memberships")
    role = models.CharField(max_length=20, choices=TerritoryRole.choices, default=TerritoryRole.KAM)

    log_related = ("user", "territory")

    objects = TrackedCatalogQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("territory", "user"), name="territory_member_once"),)

    def __str__(self) -> str:
        return f"{self.user} in {self.territory}"
