"""`POST …/{id}/copy/`: a plan for another account, territory or period, from this one."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from crm.models import Account, Territory
from kam.core.api import fields
from kam.core.api.serializers import RefSerializer, StrictSerializer
from kam.users.models import User
from plans.models import Plan
from plans.operations.copying import CopyRequest, PlanCopy, copy_plan, preview_copy
from plans.operations.parts import offered_parts


class CopySerializer(StrictSerializer):
    """What copies of both kinds of plans take."""

    name = serializers.CharField(max_length=200)
    start_date = fields.DayField()
    end_date = fields.DayField()
    owner = fields.VisibleRelatedField(queryset=User.objects.people(), required=False)
    include = serializers.ListField(child=serializers.CharField(max_length=50), required=False, max_length=50)
    dry_run = serializers.BooleanField(default=False)


class PlanCopySerializer(CopySerializer):
    """`account` and `owner` are those of the plan unless they are given; `include` is everything."""

    account = fields.VisibleRelatedField(queryset=Account.objects.all(), required=False)


class TerritoryPlanCopySerializer(CopySerializer):
    """`territory` and `owner` are those of the plan unless they are given; `include` is everything."""

    territory = fields.VisibleRelatedField(queryset=Territory.objects.all(), required=False)


class PlanCopyPreviewSerializer(serializers.Serializer):
    """What would be made: rows by part, by how many days dates move, whose work goes to the owner."""

    counts = serializers.DictField(child=serializers.IntegerField())
    shift_days = serializers.IntegerField()
    replaced = RefSerializer(many=True)


def copy_action(serializer_class: Any, plan_serializer: Any) -> Any:
    """The action, for a viewset of plans."""

    def copy(self: Any, request: Request, pk: str) -> Response:
        """A draft with the chosen parts, dates shifted by the difference of the start dates."""
        self.require(self.role_permission)
        source = self.get_object()
        self.log_looks([source])
        body = serializer_class(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        asked = self.copy_request(source, body.validated_data)
        if body.validated_data["dry_run"]:
            return Response(shown(preview_copy(source, asked)))
        made = copy_plan(source, asked).plan
        response = self.answer(self.written(made), status.HTTP_201_CREATED)
        response["Location"] = self.reverse_action("detail", [made.pk])
        return response

    responses = {
        200: OpenApiResponse(PlanCopyPreviewSerializer, "With `dry_run`: nothing was made."),
        201: OpenApiResponse(plan_serializer, "The new plan."),
    }
    described = extend_schema(request=serializer_class, responses=responses)
    return described(action(detail=True, methods=["post"])(copy))


class CopyMixin:
    """For viewsets with a `copy_action`."""

    def copy_request(self: Any, source: Plan, given: dict[str, Any]) -> CopyRequest:
        user = self.request.user
        offered = {part.name for part in offered_parts(source, user)}
        include = set(given.get("include", offered))
        if hidden := include - offered:
            names = ", ".join(sorted(hidden))
            raise ValidationError({"include": _("There is no part “%(names)s” for you.") % {"names": names}})
        subject = given.get(source.subject_field, source.subject)
        owner = given.get("owner") or source.owner
        candidate = type(source)(owner=owner, **{source.subject_field: subject})
        self.require(self.permission("add"), candidate)
        if owner != user and not user.has_perm("plans.change_owner", candidate):
            if "owner" in given:
                self.permission_denied(self.request)
            owner = user
        return CopyRequest(
            given["name"], subject, given["start_date"], given["end_date"], owner, frozenset(include)
        )


def shown(made: PlanCopy) -> dict[str, Any]:
    return {
        "counts": made.counts,
        "shift_days": made.shift.days,
        "replaced": [{"id": str(user.pk), "name": str(user)} for user in made.replaced],
    }
