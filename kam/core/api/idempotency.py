"""`Idempotency-Key`: a POST that is sent again answers what the first did, and does nothing twice.

The key is claimed in a transaction of its own, so that a second request sees it at once. The effect
and the stored answer commit together: either both exist or neither. A claim whose process died is
free again after `ABANDONED_AFTER`; should the first still be alive, its commit finds the claim gone
and takes its effect back.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from kam.core.api.problems import MEDIA_TYPE, Conflict, Unprocessable
from kam.core.models import IdempotencyKey

KEPT_FOR = timedelta(hours=24)
ABANDONED_AFTER = timedelta(minutes=10)
STORED_HEADERS = ("ETag", "Location")
REPLAYED = "Idempotent-Replayed"


class ClaimLostError(Exception):
    """The claim was taken over because this request took too long."""


def key_of(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
        message = _("An Idempotency-Key has 1 to 255 printable ASCII characters.")
        raise ValidationError({"Idempotency-Key": [ErrorDetail(message, code="invalid")]})
    return key


def run_once(
    key: str, request: Request, run: Callable[[], Response], fail: Callable[[Exception], Response]
) -> Response:
    """Run the request, or answer what it answered before. `fail` turns an exception into its answer."""
    claim = _claim(key, request)
    if claim.finished_at is not None:
        return _replay(claim)
    try:
        with transaction.atomic():
            response = run()
            _finish(claim, response)
        return response
    except ClaimLostError as error:
        raise _still_running() from error
    except Exception as error:
        try:
            response = fail(error)
        except Exception:
            _release(claim)
            raise
    # The transaction is gone and its effect with it: what is kept is the refusal.
    if response.status_code >= 500:
        _release(claim)
    else:
        with suppress(ClaimLostError):
            _finish(claim, response)
    return response


def fingerprint(request: Request) -> str:
    """What makes two requests the same: path, query and body, whatever its spacing and order of names."""
    data = request.data
    content = data if isinstance(data, dict) else str(data)
    body = json.dumps(content, sort_keys=True, default=_plain, ensure_ascii=True)
    return hashlib.sha256("\n".join((request.method, request.get_full_path(), body)).encode()).hexdigest()


def _plain(value: Any) -> str:
    if hasattr(value, "chunks"):  # an uploaded file
        digest = hashlib.sha256()
        for chunk in value.chunks():
            digest.update(chunk)
        value.seek(0)
        return f"{value.name}:{digest.hexdigest()}"
    return str(value)


def _claim(key: str, request: Request) -> IdempotencyKey:
    """A row of our own to work under, or the finished row of the first request."""
    now, print_ = timezone.now(), fingerprint(request)
    row = IdempotencyKey(user=request.user, key=key, fingerprint=print_, started_at=now)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
        return row
    except IntegrityError:
        first = IdempotencyKey.objects.filter(user=request.user, key=key).first()
    if first is None:  # released between the two statements
        raise _still_running()
    expired = now - first.started_at > KEPT_FOR
    if not expired and first.fingerprint != print_:
        raise Unprocessable(_("This Idempotency-Key was used for another request."), code="key_reused")
    if not expired and first.finished_at is not None:
        return first
    if not expired and now - first.started_at <= ABANDONED_AFTER:
        raise _still_running()
    return _take_over(first, print_)


def _take_over(first: IdempotencyKey, print_: str) -> IdempotencyKey:
    """Of several who find an old claim, the one whose update still sees it gets it."""
    seen, now = first.started_at, timezone.now()
    blank = {
        "fingerprint": print_,
        "started_at": now,
        "finished_at": None,
        "status": None,
        "body": None,
        "headers": {},
    }
    if not IdempotencyKey.objects.filter(pk=first.pk, started_at=seen).update(**blank):
        raise _still_running()
    first.started_at, first.finished_at = now, None
    return first


def _mine(claim: IdempotencyKey) -> Any:
    return IdempotencyKey.objects.filter(pk=claim.pk, started_at=claim.started_at, finished_at=None)


def _finish(claim: IdempotencyKey, response: Response) -> None:
    rendered = None if response.data is None else json.loads(JSONRenderer().render(response.data))
    kept = _mine(claim).update(
        finished_at=timezone.now(),
        status=response.status_code,
        body=rendered,
        headers={name: response[name] for name in STORED_HEADERS if name in response},
    )
    if not kept:
        raise ClaimLostError


def _release(claim: IdempotencyKey) -> None:
    _mine(claim).delete()


def _replay(row: IdempotencyKey) -> Response:
    content_type = MEDIA_TYPE if row.status and row.status >= 400 else None
    headers = {**row.headers, REPLAYED: "true"}
    return Response(row.body, status=row.status, headers=headers, content_type=content_type)


def _still_running() -> Conflict:
    problem = Conflict(_("The first request with this Idempotency-Key still runs."), code="still_running")
    problem.wait = 1  # type: ignore[attr-defined]
    return problem
