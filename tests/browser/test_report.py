"""The report for customers in Chromium, from the file alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import fits
from tests.sandbox.box import Sandbox


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    with Sandbox(records={("203.0.113.11", "PTR"): ()}) as box:
        words = ("report", "shop.example", "--tester", "mxtoolbox", "--html", "-o", path)
        done = box.run(
            [sys.executable, "-m", "mxverdict.cli.main", *words],
            env={"SSL_CERT_FILE": str(box.authority.certificate)},
        )
    assert done.returncode == 1, done.stderr
    return path


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_file_shows_the_report_and_nothing_goes_wrong(browser: Browser, file: Path, dark: bool) -> None:
    complaints: list[str] = []
    requests: list[str] = []
    context = browser.new_context(color_scheme="dark" if dark else "light")
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(file.as_uri())
    headings = page.locator("h2").all_inner_texts()
    assert headings[:2] == ["Real problems", "False alarms, with the proof"]
    assert headings[-2:] == ["What was done", "Transcripts"]
    assert "Reverse DNS Resolution - No PTR Record found" in page.locator(".problem").inner_text()
    expect(page.get_by_text("OK - Supports TLS.").first).to_be_hidden()
    fits(page, 320, 1280, picture=f"report-{'dark' if dark else 'light'}")
    page.locator("summary").first.click()
    expect(page.locator("details table").first).to_be_visible()
    context.close()
    assert complaints == []
    assert requests == [file.as_uri()]


def test_on_paper_everything_is_unfolded(browser: Browser, file: Path) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(file.as_uri())
    page.emulate_media(media="print")
    expect(page.locator("details pre").first).to_be_visible()
    assert page.pdf().startswith(b"%PDF")
    context.close()
