from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from kam.users.models import User
from metrics import jobs
from metrics.models import JobRun
from tests.fixtures import ClientFor
from tests.pages import text_of

pytestmark = pytest.mark.django_db
URL = reverse("metrics:jobs")


def fails() -> str:
    raise RuntimeError("the disk is full")


def test_jobs_page_says_what_has_not_run_yet(client_as: ClientFor, admin: User) -> None:
    text = text_of(client_as(admin).get(URL))

    assert "Keep the numbers of the day" in text
    assert "Not yet run" in text
    assert "No job has run yet" in text


def test_jobs_page_shows_errors(client_as: ClientFor, admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "JOBS", (jobs.Job("bad", "Bad job", jobs.HOUR, fails),))
    jobs.run_due_jobs()

    text = text_of(client_as(admin).get(URL))

    assert "Needs attention" in text
    assert "RuntimeError: the disk is full" in text


def test_a_job_can_be_run_now_and_again(client_as: ClientFor, admin: User) -> None:
    client, url = client_as(admin), reverse("metrics:run_job", args=["purge-job-runs"])

    texts = [text_of(client.post(url, follow=True)) for _ in range(2)]

    assert all("Forget old runs of jobs: 0 runs removed." in text for text in texts)
    assert JobRun.objects.get().attempts == 2
    assert client.post(reverse("metrics:run_job", args=["tea"])).status_code == 404


def test_only_administrators_see_and_run_jobs(
    client_as: ClientFor, account_manager: User, manager: User, executive: User
) -> None:
    for user in (account_manager, manager, executive):
        assert client_as(user).get(URL).status_code == 403
        assert client_as(user).post(reverse("metrics:run_job", args=["purge-job-runs"])).status_code == 403
    assert not JobRun.objects.exists()


def test_jobs_page_takes_a_fixed_number_of_statements(client_as: ClientFor, admin: User) -> None:
    client = client_as(admin)
    jobs.run_due_jobs()
    client.get(URL)
    with CaptureQueriesContext(connection) as few:
        client.get(URL)
    now = timezone.now()
    JobRun.objects.bulk_create(
        JobRun(name="purge-job-runs", period=now - n * jobs.DAY, started_at=now - n * jobs.DAY)
        for n in range(1, 6)
    )

    with CaptureQueriesContext(connection) as many:
        client.get(URL)

    assert len(many) == len(few)
