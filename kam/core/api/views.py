"""What every view of the API does before and after its own work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any, ClassVar

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kam.core.actor import acting
from kam.core.api.idempotency import key_of, run_once

Handler = Callable[..., Response]


class ApiMixin:
    """For every API view: declared policy, actor, known parameters, one transaction per write, replay.

    - `kam_policy`: who may call it (`kam.core.api.permissions`); without it nobody may.
    - `query_parameters`: what the view understands in the query; anything else is 400.
    - `is_replayable`: whether a POST honours `Idempotency-Key` (not where the answer is a secret).
    """

    kam_policy: ClassVar[str | None] = None
    query_parameters: ClassVar[Sequence[OpenApiParameter]] = ()
    is_replayable: ClassVar[bool] = True
    # No OPTIONS: it would list the choices of related fields, and `Allow` names what there is.
    metadata_class = None
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        with ExitStack() as self.request_scope:
            return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        user = request.user if request.user.is_authenticated else None
        self.request_scope.enter_context(acting(user, source="api"))
        # Dates are the company's, whatever the zone of who asks.
        self.request_scope.enter_context(timezone.override(None))
        self.refuse_unknown_parameters(request)
        handler = getattr(self, request.method.lower(), None)
        if request.method not in SAFE_METHODS and handler is not None:
            # `dispatch` looks the handler up after this.
            setattr(self, request.method.lower(), partial(self.write, handler))

    def write(self, handler: Handler, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One transaction: a refused request leaves nothing behind."""
        run = partial(handler, request, *args, **kwargs)
        key = key_of(request) if request.method == "POST" and self.is_replayable else None
        if key is not None and request.user.is_authenticated:
            return run_once(key, request, run, self.handle_exception)  # type: ignore[attr-defined]
        with transaction.atomic():
            return run()

    def known_parameters(self) -> set[str]:
        return {parameter.name for parameter in self.query_parameters}

    def repeatable_parameters(self) -> set[str]:
        """Those that may stand in the query more than once. Of any other all but one would be lost."""
        return set()

    def refuse_unknown_parameters(self, request: Request) -> None:
        known, repeatable = self.known_parameters(), self.repeatable_parameters()
        errors = {}
        for name, values in sorted(request.query_params.lists()):
            if name not in known:
                message = _("This path knows no such parameter.")
                errors[name[:100]] = [ErrorDetail(message, code="unknown_parameter")]
            elif len(values) > 1 and name not in repeatable:
                message = _("Give this parameter once.")
                errors[name] = [ErrorDetail(message, code="repeated")]
        if errors:
            raise ValidationError(errors)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc]
        response.headers.setdefault("Cache-Control", "private, no-store")
        if getattr(response, "exception", False):  # a problem is JSON, whatever the view renders else
            response.accepted_renderer, response.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
        return response


class KamAPIView(ApiMixin, APIView):
    """Base of views that are no resource."""
