"""Everything that people read on the pages is in the catalogue, and German is at home on all of them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from mxverdict.host import Host
from mxverdict.i18n.catalog import NAMES
from mxverdict.testers import blocklists, load
from mxverdict.testers.row_texts import CATEGORIES
from mxverdict.testers.row_texts import load as rows_of
from tests.browser import states
from tests.browser.conftest import Whm
from tests.browser.hand_made_files import REAL
from tests.browser.looking import script
from tests.browser.pages import PATIENCE, SCENES, Scene
from tests.catalogue.files import PSEUDO
from tests.catalogue.pseudo import speaking_copy
from tests.sandbox.box import Sandbox
from tests.sandbox.plugin import install_plugin
from tests.sandbox.server_files import REPOSITORY

PAGES = [scene for scene in SCENES if scene.language == "en"]
CORPUS = REPOSITORY / "tests/corpus"
PASTED = ("domain_health", "blacklist_page", "spf_page", "testers", "ticket_de", "unknown_rows", "prose")


def _pasting(text: str) -> Callable[[Page], None]:
    def paste(page: Page) -> None:
        page.locator("#paste-text").fill(text)
        page.locator("form:has(#paste-text) button").click()
        page.get_by_text(re.compile("⟦(Compared with this server|No row of)")).first.wait_for()

    return paste


@contextmanager
def _delay_off(whm: Whm) -> Iterator[None]:
    states.window_command(whm, "open", "--delay-off", "--minutes", 15)
    try:
        yield
    finally:
        whm.close_windows()


MORE = [
    Scene("main-delay-off", state=_delay_off),
    *(
        Scene(f"explain-{name}", "?view=explain", reach=_pasting((CORPUS / f"{name}.txt").read_text()))
        for name in PASTED
    ),
]
"""For the words in them, which are not seen in PAGES."""
NOT_SEEN_IN_GERMAN = [
    scene
    for scene in PAGES
    if scene.name == "domain" or not any(one.name == f"{scene.name}-de" for one in SCENES)
]
"""By test_looks.py, where domains are judged by hand, in English."""
NARROW = (320, 360)
ATTRIBUTES = (
    "aria-label",
    "title",
    "placeholder",
    "alt",
    "data-label",
    "data-working",
    "data-five-minutes",
    "data-last-minute",
)
ROW_WORDS = "q, pre, textarea, #mxverdict [lang=en]"
"""What a tester or Exim says, transcripts, what was pasted, names of sections of standards."""
TYPED = ("ticket 4711: the customer runs the test again at three", "sends our newsletter")
LISTS = blocklists.load()
NAMES_OF_THINGS = {
    *(name for category in CATEGORIES for name in rows_of(category)),
    *(tester.title for tester in load().testers),
    *(tester.row for tester in load().testers),
    *(one.title for one in LISTS.lists),
    *(name for dead in LISTS.dead for name in dead.titles),
    *(name for closed in LISTS.closed for name in closed.titles),
    *NAMES.values(),
    *("MX Verdict", "Exim", "root", "alice"),
    *("EHLO", "MAIL FROM", "RCPT TO", "MX", "refresh", "retry", "expire", "minimum"),
}
NOT_OURS = re.compile(
    "|".join(
        (
            r"\d{4}-\d\d-\d\d|\d\d:\d\d:\d\d( UTC)?|\d+([.,]\d+)? s\b",  # times
            r"-> \d{3}[ -].*|MAIL FROM:<[^>]*>|RCPT TO:<[^>]*>|EHLO \S+",  # transcripts
            r"SMTP connection from .*|The mail server could not deliver mail to .*",  # Exim's log
            r"Could not complete sender verify callout: .*",
            r"\(unable to get local issuer certificate\)",  # OpenSSL
            r"v=spf1 .*|: pass$",  # DNS, and a result by its name in RFC 7208
            *map(re.escape, (*TYPED, *sorted(NAMES_OF_THINGS, key=len, reverse=True))),
            r"\S+@\S+|[\w-]+(\.[\w-]+)+|[0-9a-f:]*:[0-9a-f:]+(/\d+)?",  # addresses and hosts
        )
    )
)
UNFOLD = "for (const part of document.querySelectorAll('details')) part.open = true"


@pytest.fixture(scope="module")
def running_whm(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whm]:
    """The plugin also speaks the language of `tests.catalogue.pseudo`; what is judged is real."""
    with Sandbox(records=states.RECORDS) as box:
        (box.root / "var/log/exim_mainlog").write_text(states.log_lines(time.time()))
        whm = Whm(box, browser, installed=True)
        install_plugin(box.root, plugin_dir=speaking_copy(tmp_path_factory.mktemp("copy")))
        states.judge_by_hand(whm)
        (box.root / REAL).write_text('"yes"')
        yield whm


class Visitors:
    """A page for each user, who logs in when first needed."""

    def __init__(self, whm: Whm) -> None:
        self.whm = whm
        self._pages: dict[str, tuple[Page, str]] = {}

    @contextmanager
    def at(self, scene: Scene, accepted: str) -> Iterator[Page]:
        """The page of a scene, for a browser with that Accept-Language header."""
        page, address = self._pages.get(scene.user, (None, ""))
        if page is None or page.is_closed():
            page = self.whm.log_in(scene.user)
            page.set_default_timeout(PATIENCE)
            address = self.whm.address(page)
            self._pages[scene.user] = page, address
        page.set_viewport_size({"width": 1280, "height": 900})
        page.context.set_extra_http_headers({"Accept-Language": accepted})
        with scene.state(self.whm):
            page.goto(address + scene.query)
            scene.reach(page)
            page.wait_for_load_state()
            yield page
            page.goto("about:blank")  # it may be about to load itself again
        complaints, self.whm.complaints = self.whm.complaints, []
        assert complaints == []


@pytest.fixture(scope="module")
def visitors(running_whm: Whm) -> Visitors:
    return Visitors(running_whm)


def language_of(page: Page) -> Any:
    """Of the page's own part; names within it may be marked as English."""
    return page.evaluate("(document.querySelector('#mxverdict[lang]') ?? document.documentElement).lang")


@pytest.mark.parametrize("scene", [*PAGES, *MORE], ids=lambda scene: scene.name)
def test_everything_that_is_read_is_in_the_catalogue(visitors: Visitors, scene: Scene) -> None:
    with visitors.at(scene, PSEUDO) as page:
        assert language_of(page) == PSEUDO
        found = page.evaluate(script("outside.js"), {"notOurs": ROW_WORDS, "attributes": ATTRIBUTES})
    left = [(place, NOT_OURS.sub("", text)) for place, text in found]
    assert [(place, text) for place, text in left if re.search(r"[^\W\d_]", text)] == []


CALM = PAGES[0]


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        ("", "de-AT,de;q=0.9,en;q=0.5", "de"),
        ("", "fr,en;q=0.8,de;q=0.5", "en"),
        ("", "fr", "en"),
        ("de", "en-GB,en", "de"),
        ("en", "de", "en"),
    ],
)
def test_the_browser_asks_and_the_settings_decide(
    visitors: Visitors, chosen: str, accepted: str, language: str
) -> None:
    scene = replace(CALM, state=lambda whm: states.chosen(whm, language=chosen))
    with visitors.at(scene, accepted) as page:
        assert page.locator("#mxverdict").get_attribute("lang") == language
        first = page.locator("nav a[href='?']").inner_text()
        assert first == {"de": "Dieser Server", "en": "This server"}[language]


def test_a_page_without_whms_frame_tells_its_language_at_the_top(visitors: Visitors) -> None:
    with visitors.at(replace(CALM, state=states.alone), "de") as page:
        assert page.locator("html").get_attribute("lang") == "de"
        assert page.title() == "Dieser Server · MX Verdict"


def test_the_settings_page_itself_changes_the_language(whm: Whm) -> None:
    page = whm.open(query="?view=settings")
    try:
        page.locator("#language").select_option("de")
        page.locator(".settings button.main").click()
        expect(page.locator(".notice.good")).to_contain_text("Die Einstellungen sind gespeichert.")
        assert language_of(page) == "de"
    finally:
        page.locator("#language").select_option("")
        page.locator(".settings button.main").click()
    expect(page.locator(".notice.good")).to_contain_text("The settings are saved.")


def test_a_german_opens_a_window_that_is_kept_in_english(whm: Whm, visitors: Visitors) -> None:
    with visitors.at(CALM, "de") as page:
        page.locator("form.open input[name=reason]").first.fill("Ticket 4711")
        page.locator("form.open button").first.click()
        page.locator("[data-busy='0'] .window.open").wait_for()
        expect(page.get_by_text("Das Testfenster ist offen.")).to_be_visible()
        expect(page.locator("[role=timer]")).to_have_text(re.compile(r"15:00|14:\d\d"))
        (kept,) = whm.windows()
        lines = Host(whm.box.root).audit.read_text().splitlines()
        results = [entry["result"] for entry in map(json.loads, lines) if entry.get("window") == kept.id]
        assert results == ["begun, for 15 minutes", "open for 15 minutes"]
        assert kept.reason == "Ticket 4711"
        page.goto(f"{page.url.split('?')[0]}?view=history")
        first = page.locator(".acts tbody tr").first
        expect(first).to_contain_text("MXToolbox")
        expect(first).to_contain_text("Ticket 4711")
        expect(first).to_contain_text(re.compile(r"Offen bis \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\."))


def test_numbers_are_written_as_germans_do(visitors: Visitors) -> None:
    with visitors.at(CALM, "de") as page:
        values = page.locator("svg tspan.value").all_text_contents()
    assert values
    assert [text for text in values if re.search(r"\d\.\d", text)] == []
    assert re.fullmatch(r"20,\d s, 20 s Wartezeit", values[0])


@pytest.mark.parametrize("scene", NOT_SEEN_IN_GERMAN, ids=lambda scene: scene.name)
def test_german_fits_into_narrow_pages(visitors: Visitors, scene: Scene) -> None:
    unreadable = []
    with visitors.at(scene, "de-AT,de;q=0.9,en;q=0.5") as page:
        assert language_of(page) == "de"
        for how in ("as it comes", "unfolded"):
            for width in NARROW:
                page.set_viewport_size({"width": width, "height": 900})
                unreadable += [f"{width} px, {how}: {line}" for line in page.evaluate(script("measure.js"))]
            page.evaluate(UNFOLD)
    assert unreadable == []
