"""`POST account-plans/{id}/copy/`: a plan for another account or period, from this one."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.models import Account
from kam.core.api import fields
from kam.core.api.serializers import RefSerializer, StrictSerializer
from kam.users.models import User
from plans.models import AccountPlan
from plans.operations.copying import CopyRequest, PlanCopy, copy_plan, preview_copy
from plans.operations.parts import offered_parts


class PlanCopySerializer(StrictSerializer):
    """`account` and `owner` are those of the plan unless they are given; `include` is everything."""

    name = serializers.CharField(max_length=200)
    account = fields.VisibleRelatedField(queryset=Account.objects.all(), required=False)
    start_date = fields.DayField()
    end_date = fields.DayField()
    owner = fields.VisibleRelatedField(queryset=User.objects.people(), required=False)
    include = serializers.ListField(child=serializers.CharField(max_length=50), required=False, max_length=50)
    dry_run = serializers.BooleanField(default=False)


class PlanCopyPreviewSerializer(serializers.Serializer):
    """What would be made: rows by part, by how many days dates move, whose work goes to the owner."""

    counts = serializers.DictField(child=serializers.IntegerField())
    shift_days = serializers.IntegerField()
    replaced = RefSerializer(many=True)


class CopyMixin:
    """The action, for the viewset of account plans."""

    @extend_schema(
        request=PlanCopySerializer,
        responses={
            200: OpenApiResponse(PlanCopyPreviewSerializer, "With `dry_run`: nothing was made."),
            201: OpenApiResponse(description="The new plan."),
        },
    )
    @action(detail=True, methods=["post"])
    def copy(self: Any, request: Request, pk: str) -> Response:
        """A draft with the chosen parts, dates shifted by the difference of the start dates."""
        self.require("plans.add_accountplan")
        source = self.get_object()
        self.log_looks([source])
        body = PlanCopySerializer(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        asked = self.copy_request(source, body.validated_data)
        if body.validated_data["dry_run"]:
            return Response(shown(preview_copy(source, asked)))
        made = copy_plan(source, asked).plan
        return self.answer(self.written(made), status.HTTP_201_CREATED)

    def copy_request(self: Any, source: AccountPlan, given: dict[str, Any]) -> CopyRequest:
        user = self.request.user
        offered = {part.name for part in offered_parts(source, user)}
        include = set(given.get("include", offered))
        if hidden := include - offered:
            names = ", ".join(sorted(hidden))
            raise ValidationError({"include": _("There is no part “%(names)s” for you.") % {"names": names}})
        account = given.get("account", source.account)
        owner = given.get("owner") or source.owner
        if owner != user and not user.has_perm(
            "plans.change_owner", AccountPlan(account=account, owner=owner)
        ):
            if "owner" in given:
                self.permission_denied(self.request)
            owner = user
        return CopyRequest(
            given["name"], account, given["start_date"], given["end_date"], owner, frozenset(include)
        )


def shown(made: PlanCopy) -> dict[str, Any]:
    return {
        "counts": made.counts,
        "shift_days": made.shift.days,
        "replaced": [{"id": str(user.pk), "name": str(user)} for user in made.replaced],
    }
