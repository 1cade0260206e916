"""The daily mail: once a day, each notification once, nothing of what the reader does not see."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from smtplib import SMTPException, SMTPRecipientsRefused
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import override_settings

from collaboration.enums import MailChoice
from collaboration.models import Digest, Notification
from collaboration.operations import digests, mark, send_digests
from kam.core.clock import company_today
from kam.users.models import Role, User
from plans.models import AssessmentTask
from tests import factories
from tests.fixtures import World

MORNING = datetime(2026, 6, 15, 7, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def task(world: World) -> AssessmentTask:
    objective = factories.create_work_objective(world.plan)
    return factories.create_task(
        factories.create_action_plan(objective), "Audit <the> wards", due_date=company_today() + DAY
    )


@pytest.fixture
def reader(task: AssessmentTask) -> User:
    factories.create_reminder_settings(task.assignee, mail=MailChoice.DAILY)
    return task.assignee


def remind(task: AssessmentTask, **values: Any) -> Notification:
    number = Notification.objects.unscoped("test").count()
    return factories.create_reminder(
        task, created_at=MORNING, occasion=task.due_date - number * DAY, **values
    )


@pytest.mark.django_db
def test_a_mail_tells_what_is_new_once(reader: User, task: AssessmentTask) -> None:
    with override_settings(SITE_URL="https://kam.example"):
        remind(task)
        first, again = send_digests(at=MORNING), send_digests(at=MORNING + DAY)
        remind(task)
        third, same_day = send_digests(at=MORNING + DAY), send_digests(at=MORNING + DAY)

    assert (first, again, third, same_day) == (1, 0, 1, 0)
    message = mail.outbox[0]
    assert (message.to, message.subject) == ([reader.email], "Audit <the> wards: due tomorrow")
    assert f"https://kam.example/plans/{task.plan.pk}/work/" in message.body
    assert task.plan.name in message.body
    assert [digest.sent_at is not None for digest in Digest.objects.unscoped("test")] == [True, True]


@pytest.mark.django_db
@pytest.mark.parametrize("why", ["read", "closed", "hidden", "inactive", "old", "no address", "not wanted"])
def test_nothing_is_sent_without_need(reader: User, task: AssessmentTask, why: str) -> None:
    reminder = remind(task)
    if why == "read":
        mark(reminder, is_read=True)
    elif why == "closed":
        AssessmentTask.objects.unscoped("test").update(status="cancelled")
    elif why == "hidden":
        keeper = factories.create_user()
        type(task.plan).objects.unscoped("test").filter(pk=task.plan.pk).update(
            owner=keeper, is_confidential=True
        )
    elif why == "old":
        Notification.objects.unscoped("test").update(created_at=MORNING - 8 * DAY)
    elif why == "not wanted":
        reader.reminder_settings.mail = MailChoice.NONE
        reader.reminder_settings.save()
    else:
        changes = {"is_active": False} if why == "inactive" else {"email": ""}
        User.objects.filter(pk=reader.pk).update(**changes)

    assert (send_digests(at=MORNING), mail.outbox) == (0, [])
    assert not Digest.objects.unscoped("test").exists()


@pytest.mark.django_db
def test_the_company_s_choice_holds_for_who_has_none(task: AssessmentTask) -> None:
    factories.create_reminder_settings(None, mail=MailChoice.DAILY)
    remind(task)

    before_six = send_digests(at=MORNING - timedelta(hours=2))

    assert (before_six, send_digests(at=MORNING)) == (0, 1)


# --- What goes wrong --------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_server_that_is_away_costs_nothing(
    reader: User, task: AssessmentTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    remind(task)
    with monkeypatch.context() as patch:
        patch.setattr("django.core.mail.backends.locmem.EmailBackend.open", refuse, raising=False)
        with pytest.raises(ConnectionRefusedError):
            send_digests(at=MORNING)
    assert not Digest.objects.unscoped("test").exists()

    assert send_digests(at=MORNING) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("refused", "outcome"), [({2}, [4, 4]), ({1, 2, 3, 4, 5}, ["raised", 3])])
def test_an_address_that_is_refused_holds_up_nobody_else(
    world: World, monkeypatch: pytest.MonkeyPatch, refused: set[int], outcome: list[Any]
) -> None:
    """But a server that refuses them all is not asked for each of them: the others get theirs later."""
    action_plan = factories.create_action_plan(factories.create_work_objective(world.plan))
    for number in range(5):
        user = factories.create_user(f"reader-{number}", role=Role.ADMIN)
        factories.create_reminder_settings(user, mail=MailChoice.DAILY)
        remind(factories.create_task(action_plan, assignee=user, due_date=company_today() + DAY))
    tried = []

    def send(message: Any) -> int:
        tried.append(message)
        if len(tried) in refused:
            raise SMTPRecipientsRefused({message.to[0]: (550, b"no such user")})
        return 1

    monkeypatch.setattr(digests.EmailMessage, "send", send)
    try:
        sent: Any = send_digests(at=MORNING)
    except SMTPRecipientsRefused:
        sent = "raised"

    arrived = Digest.objects.unscoped("test").filter(sent_at__isnull=False).count()
    noted = Digest.objects.unscoped("test").exclude(error="").count()
    assert [sent, arrived or noted] == outcome


def refuse(*args: Any, **kwargs: Any) -> None:
    raise ConnectionRefusedError


@pytest.mark.django_db
@pytest.mark.parametrize("error", [SMTPException("gone"), KeyboardInterrupt()])
def test_what_may_have_gone_out_is_not_sent_again(
    reader: User, task: AssessmentTask, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """Killed, or told of an error, after the mail was handed over."""
    remind(task)
    original = mail.EmailMessage.send

    def breaks(message: Any, *args: Any) -> int:
        original(message)
        raise error

    monkeypatch.setattr(digests.EmailMessage, "send", breaks)
    with pytest.raises(type(error)):
        send_digests(at=MORNING)
    monkeypatch.undo()

    assert send_digests(at=MORNING) == send_digests(at=MORNING + DAY) == 0
    assert len(mail.outbox) == 1
    digest = Digest.objects.unscoped("test").get()
    assert (digest.sent_at, "gone" in digest.error) == (None, isinstance(error, SMTPException))


@pytest.mark.django_db
def test_the_others_get_theirs_at_the_next_run(
    reader: User, task: AssessmentTask, colleague: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.create_reminder_settings(colleague, mail=MailChoice.DAILY)
    remind(task), remind(task, recipient=colleague)
    original, calls = mail.EmailMessage.send, []

    def breaks_once(message: Any, *args: Any) -> int:
        calls.append(message)
        if len(calls) == 1:
            raise SMTPException("mailbox is full")
        return original(message)

    monkeypatch.setattr(digests.EmailMessage, "send", breaks_once)
    with pytest.raises(SMTPException):
        send_digests(at=MORNING)

    assert send_digests(at=MORNING) == 1
    assert len(calls) == 2


@pytest.mark.django_db(transaction=True)
def test_schedulers_at_once_send_one(
    reader: User, task: AssessmentTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    remind(task)
    barrier = threading.Barrier(3)
    original, sent = digests._waiting, []

    def together(at: datetime) -> Any:
        users = list(original(at))
        barrier.wait(timeout=20)
        return users

    def run() -> None:
        try:
            sent.append(send_digests(at=MORNING))
        finally:
            connection.close()

    monkeypatch.setattr(digests, "_waiting", together)
    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert (sorted(sent), len(mail.outbox)) == ([0, 0, 1], 1)
