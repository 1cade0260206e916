"""The documentation page runs under the strict content security policy."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests.fixtures import ApiFor

pytestmark = pytest.mark.any_database  # it shows the API and reads no row
URL = "/api/v1/docs/"


def test_docs_hold_nothing_inline(api: ApiFor, db: None) -> None:
    response = api(None).get(URL, headers={"Accept": "text/html"})
    page = response.content.decode()

    assert response.status_code == 200
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert not re.search(r"<style|style=|<script>|<script [^>]*>\s*[^<\s]", page)
    assert "cdn" not in page
    script = api(None).get(re.findall(r'src="([^"]+)"', page)[-1], headers={"Accept": "*/*"})
    assert script["Content-Type"].startswith("application/javascript")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_docs_show_the_resources_in_a_browser(live_server: Any, chromium_path: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        page = browser.new_page()
        complaints: list[str] = []
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type == "error" else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))

        page.goto(f"{live_server.url}{URL}")
        for resource in ("account-plans", "opportunities", "users"):
            page.wait_for_selector(f"#operations-tag-{resource}", timeout=60_000)
        browser.close()

    assert complaints == []
