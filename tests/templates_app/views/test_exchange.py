"""Export and import of the library as pages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from kam.users.models import User
from templates_app.models import ActionPlanTemplate, GoalDefinition
from tests import factories
from tests.fixtures import ClientFor
from tests.pages import get, text_of

pytestmark = pytest.mark.django_db
IMPORT, EXPORT = "/library/import/", "/library/export/"


def upload(client: Client, content: bytes, **values: Any) -> HttpResponse:
    return client.post(IMPORT, {"file": SimpleUploadedFile("library.json", content), **values})


def test_library_is_exported_and_imported(client_as: ClientFor, admin: User) -> None:
    client = client_as(admin)
    factories.create_goal("Grow", templates=[factories.create_template("Launch", items=1)])
    exported = client.get(EXPORT)
    GoalDefinition.objects.all().delete()
    ActionPlanTemplate.objects.all().delete()

    checked = upload(client, exported.content, only_check="on")
    assert "This would happen" in text_of(checked)
    assert not ActionPlanTemplate.objects.exists()
    imported = upload(client, exported.content)
    again = client.post(IMPORT, {"file": SimpleUploadedFile("library.json", exported.content)}, follow=True)

    assert exported["Content-Type"] == "application/json"
    assert 'attachment; filename="kam-library-' in exported["Content-Disposition"]
    assert imported["Location"] == reverse("templates_app:library_home")
    assert GoalDefinition.objects.get().ordered_templates[0].name == "Launch"
    assert "nothing was changed" in again.content.decode()
    assert client.get(EXPORT).content == exported.content


def test_errors_are_listed_with_their_rows(client_as: ClientFor, admin: User) -> None:
    client = client_as(admin)
    factories.create_goal("Grow")
    rows = json.loads(client.get(EXPORT).content)
    rows["goal_definitions"][0]["measure_kind"] = "<b>furlongs</b>"

    answer = upload(client, json.dumps(rows).encode())

    assert answer.status_code == 422
    assert "Nothing was imported: 1 error" in text_of(answer)
    assert "goal_definitions.0" in text_of(answer)
    assert "<b>furlongs" not in answer.content.decode()


@pytest.mark.parametrize("content", [b"", b"no json", b"{}"])
def test_other_files_are_refused(client_as: ClientFor, admin: User, content: bytes) -> None:
    assert upload(client_as(admin), content).status_code == 422


def test_form_without_a_file_is_refused(client_as: ClientFor, admin: User) -> None:
    assert client_as(admin).post(IMPORT, {}).status_code == 422


def test_readers_export_and_administrators_import(cast: dict[str, User], client_as: ClientFor) -> None:
    for name, user in cast.items():
        client = client_as(user)
        reads = name in {"account_manager", "colleague", "stranger", "manager", "msl", "admin"}
        assert client.get(EXPORT).status_code == (200 if reads else 403)
        assert client.get(IMPORT).status_code == (200 if name == "admin" else 403)
        assert upload(client, b"{}").status_code == (422 if name == "admin" else 403)


def test_home_says_what_the_library_is_for_when_it_is_empty(client_as: ClientFor, admin: User) -> None:
    text = text_of(get(client_as(admin), reverse("templates_app:library_home")))

    assert "No goals yet" in text
    assert "No action plan templates yet" in text


def test_home_filters_goals_and_templates_at_once(client_as: ClientFor, account_manager: User) -> None:
    growth = factories.create_template_category("Growth")
    factories.create_goal("Open wards", category=growth)
    factories.create_goal("Keep them")
    factories.create_template("Launch", category=growth)
    factories.create_template("Review")
    client = client_as(account_manager)

    text = text_of(get(client, reverse("templates_app:library_home"), data={"category": str(growth.pk)}))

    assert "Open wards" in text
    assert "Launch" in text
    assert "Keep them" not in text
    assert "Review" not in text
