"""Optimistic locking: an answer carries its version as `ETag`, a change names the version it is based on."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from kam.core.api.problems import PreconditionFailed, PreconditionRequired

# Proxies that compress make ETags weak, and people forget the quotes: both still name one version.
_TAG = re.compile(r'\s*(?:(?:W/)?"([0-9]{1,10})"|([0-9]{1,10}))\s*', re.ASCII)


def set_etag(response: Response, instance: Any) -> Response:
    response["ETag"] = f'"{instance.version}"'
    return response


def check_version(request: Request, instance: Any, *, required: bool) -> None:
    """Raise unless the caller has read this version of `instance`, whose row is locked by now.

    `required`: naming a version is a must, and `If-Match: *` names none.
    """
    header, body = request.headers.get("If-Match"), _body_version(request)
    if header is None and body is None:
        if required:
            raise PreconditionRequired()
        return
    if header is not None and header.strip() == "*":
        if required and body is None:
            raise PreconditionRequired()
    elif header is not None and instance.version not in _versions(header):
        raise PreconditionFailed()
    if body is not None and body != instance.version:
        raise PreconditionFailed()


def _versions(header: str) -> set[int]:
    matches = (_TAG.fullmatch(part) for part in header.split(","))
    return {int(match[1] or match[2]) for match in matches if match}


def _body_version(request: Request) -> int | None:
    data = request.data
    version = data.get("version") if isinstance(data, dict) else None
    if version is None:
        return None
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise ValidationError({"version": [ErrorDetail(_("Enter a whole number."), code="invalid")]})
    return version
