"""The daily mail: what is new and unread, at most once.

What a mail tells of is noted and committed before it goes out, and it is not sent again. So a crash in
between may lose a mail, which the Django admin then shows, and never doubles one; what it told of still
stands in the application.
"""

from __future__ import annotations

import zoneinfo
from datetime import datetime, timedelta
from smtplib import SMTPException, SMTPRecipientsRefused
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.template.loader import render_to_string
from django.utils import timezone, translation

from collaboration.enums import MailChoice
from collaboration.models import Digest, Notification
from collaboration.operations.wishes import FOR_ALL, Wishes
from kam.core.clock import company_today
from kam.users.models import User

FRESH = timedelta(days=7)  # who switches mails on is not told of last year
MOST_REFUSED = 3  # addresses in a row: then it is not they that are wrong


def send_digests(*, at: datetime | None = None) -> int:
    """Send to everybody who wants it and has something new, once a day; says how many went out.

    An address that the mail server refuses holds up nobody else. Raises what else the mail server raised, and if
    it refuses one after the other: nobody after that is noted, so the next run goes on with them.
    """
    at = at or timezone.now()
    if timezone.localtime(at, timezone.get_default_timezone()).hour < settings.DIGEST_HOUR:
        return 0
    users = list(_waiting(at))
    if not users:
        return 0
    sent = refused = 0
    with get_connection() as connection:  # a server that is away is found out before anything is noted
        for user in users:
            if not (digest := _claim(user, at=at)):
                continue
            try:
                _send(digest, connection)
            except SMTPRecipientsRefused:
                refused += 1
                if refused == MOST_REFUSED:
                    raise
            else:
                sent += 1
                refused = 0
    return sent


def _waiting(at: datetime) -> Any:
    """Colleagues who want mails and may have something new; `_claim` looks closer."""
    wishes = Wishes()
    chosen = [pk for pk, row in wishes.own.items() if row.mail == MailChoice.DAILY]
    wants = Q(pk__in=chosen)
    if wishes.company.mail == MailChoice.DAILY:
        wants |= ~Q(pk__in=list(wishes.own))
    new = Notification.objects.unscoped(FOR_ALL).filter(
        recipient=OuterRef("pk"), read_at__isnull=True, digest__isnull=True, created_at__gte=at - FRESH
    )
    had = Digest.objects.unscoped(FOR_ALL).filter(user=OuterRef("pk"), day=company_today(at))
    users = User.objects.people().filter(wants, Exists(new), ~Exists(had)).exclude(email="")
    return users.order_by("pk")


def _claim(user: User, *, at: datetime) -> Digest | None:
    """Note down the mail of the day and what it tells of; None if somebody else did, or nothing is new."""
    today = company_today(at)
    try:
        with transaction.atomic(durable=True):
            digest = Digest.objects.create(user=user, day=today, begun_at=at)
            new = Notification.objects.visible_to(user).unread(today=today)
            new = new.filter(digest__isnull=True, created_at__gte=at - FRESH)
            ids = list(new.values_list("pk", flat=True))
            if not Notification.objects.unscoped(FOR_ALL).filter(pk__in=ids).update(digest=digest):
                digest.delete()
                return None
            return digest
    except IntegrityError:
        return None


def _send(digest: Digest, connection: Any) -> None:
    rows = Digest.objects.unscoped(FOR_ALL).filter(pk=digest.pk)
    try:
        message_of(digest, connection).send()
    except (SMTPException, OSError) as error:
        rows.update(error=f"{type(error).__name__}: {error}"[:500])
        raise
    rows.update(sent_at=timezone.now())


def message_of(digest: Digest, connection: Any = None) -> EmailMessage:
    """In the reader's language, with what they see now."""
    user = digest.user
    zone = zoneinfo.ZoneInfo(user.time_zone) if user.time_zone else None
    rows = Notification.objects.visible_to(user).filter(digest=digest).with_subjects()
    with translation.override(user.locale or settings.LANGUAGE_CODE), timezone.override(zone):
        context = {
            "user": user,
            "notifications": list(rows.order_by("due_date", "pk")),
            "site": settings.SITE_URL,
        }
        subject = render_to_string("collaboration/email/digest.subject.txt", context)
        body = render_to_string("collaboration/email/digest.txt", context)
    return EmailMessage(" ".join(subject.split()), body, to=[user.email], connection=connection)
