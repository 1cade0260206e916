"""Every error of the API is an RFC 9457 problem: `application/problem+json`, never a bare 500 page.

Views raise the exceptions below, Django's and DRF's own; `problem_handler` turns each into a body
`{type, title, status, detail, errors: [{field, code, message}]}`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from django.core import exceptions as django_exceptions
from django.core.signals import got_request_exception
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.encoding import force_str
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings

from kam.core.changes import StaleObjectError
from kam.core.trees import CYCLE_MESSAGE

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:kam:problem:"
Path = tuple[str, ...]


class Conflict(exceptions.APIException):
    """The state of the record forbids it."""

    status_code = HTTPStatus.CONFLICT
    default_code = "conflict"
    default_detail = gettext_lazy("The state of the record does not allow this.")


class PreconditionFailed(exceptions.APIException):
    status_code = HTTPStatus.PRECONDITION_FAILED
    default_code = "stale_version"
    default_detail = gettext_lazy(
        "Somebody else changed this in the meantime. Read it again; nothing was written."
    )


class PayloadTooLarge(exceptions.APIException):
    status_code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = gettext_lazy("The request is too large.")


class Unprocessable(exceptions.APIException):
    status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    default_code = "unprocessable"
    default_detail = gettext_lazy("The request cannot be processed.")


class PreconditionRequired(exceptions.APIException):
    status_code = HTTPStatus.PRECONDITION_REQUIRED
    default_code = "version_required"
    default_detail = gettext_lazy("Send If-Match with the ETag you read, or “version” in the body.")


class Unavailable(exceptions.APIException):
    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_code = "unavailable"
    default_detail = gettext_lazy("This took too long or the database is busy. Try again in a moment.")
    wait = 2


class ServerError(exceptions.APIException):
    """A bug of ours; what it was is in the log, never in the answer."""

    status_code = HTTPStatus.INTERNAL_SERVER_ERROR
    default_code = "server_error"
    default_detail = gettext_lazy("Something went wrong on our side. It was logged.")


def problem_handler(exc: Exception, context: dict[str, Any]) -> Response:
    """DRF's `EXCEPTION_HANDLER`."""
    problem = as_api_exception(exc, context)
    if problem is None:
        problem = ServerError()
        request = context.get("request")
        logger.error("Unhandled error in the API", exc_info=exc)
        # What Django itself does for an unhandled error: error reports and the test client listen to it.
        got_request_exception.send(
            sender=type(context.get("view")), request=getattr(request, "_request", None)
        )
    response = Response(problem_body(problem), status=int(problem.status_code), content_type=MEDIA_TYPE)
    if auth_header := getattr(exc, "auth_header", None):
        response["WWW-Authenticate"] = auth_header
    if wait := getattr(problem, "wait", None):
        response["Retry-After"] = str(int(wait))
    return response


def problem_body(problem: exceptions.APIException) -> dict[str, Any]:
    status = HTTPStatus(int(problem.status_code))
    errors = [
        {"field": ".".join(path) or None, "code": code, "message": message}
        for path, code, message in flat_errors(problem.detail)
    ]
    if isinstance(problem, exceptions.ValidationError):
        code, detail = "invalid", _("The request is not valid: see “errors”.")
        if len(errors) == 1:
            detail = (
                f"{errors[0]['field']}: {errors[0]['message']}"
                if errors[0]["field"]
                else errors[0]["message"]
            )
    else:
        code, detail = errors[0]["code"], errors[0]["message"]
    members: dict[str, Any] = getattr(problem, "members", {})  # more to say than RFC 9457 asks for
    return {
        "type": f"{TYPE_PREFIX}{code}",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
        "errors": errors,
        **members,
    }


def flat_errors(detail: Any, path: Path = ()) -> Iterator[tuple[Path, str, str]]:
    """`(path, code, message)` of every error in DRF's nested detail; nested rows become `lines`, `0`, `amount`."""
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            own = key == api_settings.NON_FIELD_ERRORS_KEY
            yield from flat_errors(value, path if own else (*path, str(key)))
    elif isinstance(detail, list | tuple):
        for index, value in enumerate(detail):
            nested = isinstance(value, Mapping | list | tuple)
            yield from flat_errors(value, (*path, str(index)) if nested else path)
    else:
        yield path, getattr(detail, "code", None) or "invalid", force_str(detail)


def as_api_exception(exc: Exception, context: dict[str, Any]) -> exceptions.APIException | None:
    """What the API answers to an exception; None: nothing known, a bug of ours."""
    if isinstance(exc, exceptions.APIException):
        return exc
    if isinstance(exc, DatabaseError | InterfaceError):
        return _from_database(exc, context)
    if isinstance(exc, Http404):
        return exceptions.NotFound()
    if isinstance(exc, django_exceptions.PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(exc, django_exceptions.ValidationError):
        return invalid(exc)
    if isinstance(exc, StaleObjectError):
        return PreconditionFailed()
    if isinstance(exc, django_exceptions.RequestDataTooBig):
        return PayloadTooLarge()
    if isinstance(exc, django_exceptions.SuspiciousOperation | UnreadablePostError | MultiPartParserError):
        return exceptions.ParseError(_("The request could not be read."))
    # A number or a text that no database takes, and that no field caught before.
    if isinstance(exc, OverflowError | UnicodeError):
        logger.warning("A value reached the database that a field should have refused", exc_info=exc)
        return exceptions.ValidationError(_("A value is out of range."), code="out_of_range")
    return None


def invalid(error: django_exceptions.ValidationError) -> exceptions.ValidationError:
    """A model's or form's `ValidationError` with its codes, by field."""

    def details(errors: list[django_exceptions.ValidationError]) -> list[exceptions.ErrorDetail]:
        return [
            exceptions.ErrorDetail(message, code=item.code or "invalid")
            for item in errors
            for message in item.messages
        ]

    if not hasattr(error, "error_dict"):
        return exceptions.ValidationError({api_settings.NON_FIELD_ERRORS_KEY: details(error.error_list)})
    fields = {
        api_settings.NON_FIELD_ERRORS_KEY if name == django_exceptions.NON_FIELD_ERRORS else name: details(
            errors
        )
        for name, errors in error.error_dict.items()
    }
    return exceptions.ValidationError(fields)


def _from_database(exc: Exception, context: dict[str, Any]) -> exceptions.APIException | None:
    if isinstance(exc, ProtectedError):
        return _held(exc.protected_objects, context)
    if isinstance(exc, RestrictedError):
        return _held(exc.restricted_objects, context)
    if isinstance(exc, DataError):
        return exceptions.ValidationError(_("A value is out of range."), code="out_of_range")
    if isinstance(exc, IntegrityError):
        return _from_integrity_error(exc)
    if isinstance(exc, OperationalError | InterfaceError) and _is_passing(exc):
        logger.warning("The database did not answer in time", exc_info=exc)
        return Unavailable()
    return None


def sqlstate(exc: Exception) -> str:
    """PostgreSQL's code of the error, from either driver; empty on SQLite."""
    cause = exc.__cause__
    return getattr(cause, "pgcode", None) or getattr(cause, "sqlstate", None) or ""


def _from_integrity_error(exc: IntegrityError) -> exceptions.APIException:
    text, state = str(exc), sqlstate(exc)
    if CYCLE_MESSAGE in text:
        message = _("It cannot lie below itself.")
        return exceptions.ValidationError({"parent": [exceptions.ErrorDetail(message, code="cycle")]})
    if state == "23505" or text.startswith("UNIQUE"):
        return Conflict(_("Somebody else has just written the same thing."), code="exists")
    if state == "23503" or text.startswith("FOREIGN KEY"):
        return Conflict(
            _("Something this refers to, or that refers to it, has just changed."), code="reference"
        )
    return exceptions.ValidationError(_("The values do not fit together."), code="constraint")


def _is_passing(exc: Exception) -> bool:
    """Busy, cancelled, gone: another try may work. Not: a statement that is wrong in itself."""
    state = sqlstate(exc)
    if state:
        return state[:2] in {"08", "40", "53", "55", "57"}
    return not str(exc).startswith(("no such", "near ", "too many", "ambiguous"))


def _held(objects: Any, context: dict[str, Any]) -> Conflict:
    """Names what holds a record, as far as the user may see it."""
    user = getattr(context.get("request"), "user", None)
    by_model: dict[Any, list[Any]] = {}
    for item in objects:
        by_model.setdefault(type(item), []).append(item.pk)
    named = []
    for model, keys in sorted(by_model.items(), key=lambda pair: pair[0]._meta.label):
        visible_to = getattr(model._default_manager, "visible_to", None)
        if visible_to is None or user is None:
            continue
        if count := visible_to(user).filter(pk__in=keys[:500]).count():
            name = model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural
            more = "+" if len(keys) > 500 else ""
            named.append(f"{count}{more} {name}")
    if not named:
        return Conflict(_("It is still in use."), code="in_use")
    text = ngettext("It is still in use by %(what)s.", "It is still in use by %(what)s.", len(named))
    return Conflict(text % {"what": ", ".join(named)}, code="in_use")
