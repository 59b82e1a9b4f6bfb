"""One look at each page, at which everything is noted that the tests then judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page

from tests.browser.conftest import SCREENSHOTS, Whm
from tests.browser.pages import PATIENCE, Scene

WIDTHS = (320, 360, 600, 721, 1024, 1280, 2560, 3840)
UNFOLDED_WIDTHS = (320, 721, 1280)
PICTURED = {"light": (360, 1280, 2560), "dark": (1280,)}
"""Widths in px; the schemes differ in colours alone."""
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_HERE = Path(__file__).parent
_TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_RULES: dict[str, dict[str, Any]] = {
    "light": {"runOnly": _TAGS, "rules": {"target-size": {"enabled": True}}},
    "dark": {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}},
}
"""The schemes differ in colours alone."""
_RUN_AXE = """
async (which) => {
  const found = await axe.run(document, { ...which, resultTypes: ["violations"] });
  return found.violations.flatMap((rule) =>
    rule.nodes.map((node) => `${rule.id}: ${rule.help}: ${node.target.join(" ")}: ${node.failureSummary}`));
}
"""
_STOPS = 200
_TO_THE_TOP = """
() => {
  const start = document.createElement("p");
  start.tabIndex = -1;
  document.body.prepend(start);
  start.focus();
  start.remove();
}
"""
_UNREACHED = """
() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
  .filter((one) => one.type !== "hidden" && !one.disabled && one.checkVisibility())
  .filter((one) => one.dataset.reached === undefined)
  .map((one) => one.outerHTML.slice(0, 120))
"""
_MOVING = """
() => [...document.querySelectorAll("#mxverdict *")].filter((one) => {
  const { animationName, transitionDuration, appearance } = getComputedStyle(one);
  return animationName !== "none" || !/^0s(, 0s)*$/.test(transitionDuration)
    || (one.matches("progress:indeterminate") && appearance !== "none");
}).map((one) => one.outerHTML.slice(0, 120))
"""
_UNFOLD = "for (const part of document.querySelectorAll('details')) part.open = true"


@dataclass(frozen=True)
class Look:
    """What was noted: `faults` by axe, `unreadable` by `measure.js`, both with scheme or width in front, and
    `stops`, the places that Tab leads to; `unreached` can be used but not with the keyboard, `moving` goes on
    moving when people ask for less of it, `heard` is what a screen reader is given, wide and narrow."""

    language: str
    faults: tuple[str, ...]
    unreadable: tuple[str, ...]
    stops: tuple[dict[str, Any], ...]
    unreached: tuple[str, ...]
    moving: tuple[str, ...]
    heard: tuple[str, str]
    complaints: tuple[str, ...]


class Looks:
    """Looks at a scene when it is first asked for; `pictures` are for people, no test judges them."""

    def __init__(self, whm: Whm, *, pictures: bool = False) -> None:
        self._whm = whm
        self._pictures = pictures
        self._pages: dict[str, tuple[Page, str]] = {}
        self._looks: dict[str, Look] = {}

    def __getitem__(self, scene: Scene) -> Look:
        if scene.name not in self._looks:
            self._looks[scene.name] = self._look(scene)
        return self._looks[scene.name]

    def _visit(self, user: str) -> tuple[Page, str]:
        """A page of the user's, and the address of ours."""
        page, address = self._pages.get(user, (None, ""))
        if page is None or page.is_closed():
            page = self._whm.log_in(user)
            page.set_default_timeout(PATIENCE)
            address = self._whm.address(page)
            self._pages[user] = page, address
        return page, address

    def _look(self, scene: Scene) -> Look:
        page, address = self._visit(scene.user)
        self._whm.complaints.clear()
        with scene.state(self._whm):
            page.emulate_media(color_scheme="light")
            page.set_viewport_size({"width": 1280, "height": 900})
            page.set_extra_http_headers({"Accept-Language": scene.language})
            page.goto(address + scene.query)
            assert page.get_by_text("Something went wrong inside MX Verdict.").count() == 0, page.url
            scene.reach(page)
            page.wait_for_load_state()
            if self._pictures:
                _take_pictures(page, scene.name)
            unreadable = _measure(page, "as it comes", WIDTHS)
            stops = _walk(page)
            unreached = tuple(page.evaluate(_UNREACHED))
            page.evaluate(_UNFOLD)
            unreadable += _measure(page, "unfolded", UNFOLDED_WIDTHS)
            heard = _listen(page)
            faults = ask_axe(page)
            moving = _hold_still(page)
            language = page.evaluate("document.querySelector('[lang]:not(:has([lang]))').lang")
            page.goto("about:blank")  # it may be about to load itself again
        complaints = tuple(self._whm.complaints)
        self._whm.complaints.clear()
        return Look(language, faults, unreadable, stops, unreached, moving, heard, complaints)


@cache
def script(name: str) -> str:
    return (_HERE / name).read_text()


def _take_pictures(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width in PICTURED[scheme]:
            page.set_viewport_size({"width": width, "height": 900})
            path = SCREENSHOTS / f"page-{name}-{width}-{scheme}.png"
            page.screenshot(path=path, full_page=True, animations="disabled")
    page.emulate_media(color_scheme="light")


def _measure(page: Page, how: str, widths: Sequence[int]) -> tuple[str, ...]:
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{width} px, {how}: {line}" for line in page.evaluate(script("measure.js"))]
    page.set_viewport_size({"width": 1280, "height": 900})
    return tuple(found)


def _walk(page: Page) -> tuple[dict[str, Any], ...]:
    """Through the page with the Tab key."""
    page.evaluate(_TO_THE_TOP)
    stops = []
    for _ in range(_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(script("focused.js"))
        if stop is None or stop["seen"]:
            break
        stops.append(stop)
    return tuple(stops)


def _listen(page: Page) -> tuple[str, str]:
    """The accessibility tree of our part as YAML, at 1280 and at 360 px."""
    tree = page.locator("#mxverdict, body:not(:has(#mxverdict))")
    wide = tree.aria_snapshot()
    page.set_viewport_size({"width": 360, "height": 900})
    narrow = tree.aria_snapshot()
    page.set_viewport_size({"width": 1280, "height": 900})
    return wide, narrow


def _hold_still(page: Page) -> tuple[str, ...]:
    page.emulate_media(reduced_motion="reduce")
    moving = tuple(page.evaluate(_MOVING))
    page.emulate_media(reduced_motion="null")
    return moving


def ask_axe(page: Page) -> tuple[str, ...]:
    """What axe finds wrong in the page, in light and in dark."""
    page.evaluate(script("node_modules/axe-core/axe.min.js"))
    found = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        found += [f"{scheme}: {line}" for line in page.evaluate(_RUN_AXE, _RULES[scheme])]
    page.emulate_media(color_scheme="light")
    return tuple(found)
