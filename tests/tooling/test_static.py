"""Production serves hashed static files: a name that is not there would be a 500 on the page that asks."""

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, staticfiles_storage
from django.core.management import call_command

from scripts.environment import ROOT

STATIC_TAG = re.compile(r"{%\s*static\s+[\"']([^\"']+)[\"']")


@pytest.fixture
def collected(tmp_path: Path, settings) -> ManifestStaticFilesStorage:
    storage = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {"staticfiles": storage}
    call_command("collectstatic", "--no-input", verbosity=0)  # fails when a style sheet names a missing file
    return staticfiles_storage


def test_every_static_file_that_a_template_names_is_served(collected: ManifestStaticFilesStorage) -> None:
    named = {
        name
        for path in (ROOT / "templates").rglob("*.html")
        for name in STATIC_TAG.findall(path.read_text())
        if not name.endswith("/")
    }

    assert len(named) > 5
    assert not [name for name in sorted(named) if name not in collected.hashed_files]
