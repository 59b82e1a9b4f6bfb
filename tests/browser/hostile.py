"""Hostile texts, and the places of the sandbox's server where outsiders, resellers or visitors put texts."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from playwright.sync_api import Browser, Dialog, Page

from mxverdict.host import Host
from mxverdict.testers import load
from tests.browser.conftest import Whm
from tests.browser.looking import script
from tests.browser.states import window_command
from tests.sandbox.box import TESTER
from tests.sandbox.server_files import REPOSITORY

_WATCH = """
window.__broken = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.__broken.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
"""
_UNFOLD = "for (const part of document.querySelectorAll('details')) part.open = true"
_GROWN = """
(known) => [
  ...document.querySelectorAll(".hostile, [srcdoc], base, [style*='inset']"),
  ...document.querySelectorAll("#mxverdict :is(img, iframe, style, script)"),
  ...document.querySelectorAll("#mxverdict :is([onerror], [onload], [onfocus], [onclick], [style])"),
  ...[...document.querySelectorAll("#mxverdict :is(a, form)")].filter((one) =>
    !/^[?#]|^https:\\/\\/mxtoolbox[.]com\\/SuperTool[.]aspx[?][\\w.%&=~-]*$/.test(
      one.getAttribute("href") || one.getAttribute("action") || "?") &&
    !known.includes(one.getAttribute("href"))),
  ...[...document.scripts].filter((one) => one.textContent.includes("__hit")),
  ...[...document.querySelectorAll("meta[http-equiv]")].filter((one) => one.content.includes("evil")),
].map((one) => one.outerHTML.slice(0, 200))
"""
_KNOWN_LINKS = [one.addresses_page.address for one in load().testers if one.addresses_page]
_APOLOGY = "Something went wrong inside MX Verdict."
_WIDTHS = (360, 1280)


@dataclass(frozen=True)
class Payload:
    """`shown` are the pieces of it that a person must be able to read wherever it is shown."""

    name: str
    text: str
    shown: tuple[str, ...]


@cache
def payloads() -> tuple[Payload, ...]:
    rows = json.loads((REPOSITORY / "tests/tables/hostile.json").read_text())
    return tuple(
        Payload(row["name"], row["text"] * row.get("times", 1), tuple(row.get("shown", [row["text"]])))
        for row in rows
    )


def printable() -> tuple[Payload, ...]:
    """Those that one line of a text file can hold."""
    return tuple(one for one in payloads() if one.text.isprintable() and one.text.isascii())


def together(some: Sequence[Payload]) -> str:
    return " ~ ".join(one.text for one in some)


class Watched:
    """A visitor's page, at which nothing of a hostile text may happen. `complaints` gathers what does."""

    def __init__(self, whm: Whm, browser: Browser, user: str = "root") -> None:
        self.complaints: list[str] = []
        self.page: Page = whm.log_in(user)
        self.page.add_init_script(_WATCH)
        self.page.on("dialog", self._dismiss)
        self.page.on("console", lambda message: self.complaints.append(f"console: {message.text}"))
        self.page.on("request", lambda request: self._outside(request.url, whm.url))
        self.address = whm.address(self.page)

    def go(self, query: str = "", language: str = "en") -> Page:
        self.page.set_extra_http_headers({"Accept-Language": language})
        self.page.goto(self.address + query)
        return self.page

    def harm(self, shown: Sequence[Payload] = ()) -> list[str]:
        """What is wrong with the page as it is, unfolded: what ran, what grew from a text, what is off the
        page, and which of `shown` cannot be read."""
        page = self.page
        page.evaluate(_UNFOLD)
        found = [one for one in self.complaints if "Failed to load resource" not in one]
        if page.locator("#mxverdict").count() != 1 or page.get_by_text(_APOLOGY).count():
            found.append(f"not the page: {page.locator('body').inner_text()[:300]}")
        if page.evaluate("window.__hit") is not None:
            found.append("a script ran")
        found += [f"against the policy: {one}" for one in page.evaluate("window.__broken")]
        found += [f"grown: {one}" for one in page.evaluate(_GROWN, _KNOWN_LINKS)]
        for width in _WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            found += [f"{width} px: {one}" for one in page.evaluate(script("measure.js"))]
        read = self.text()
        missed = [one.name for one in shown if not all(_plain(piece) in read for piece in one.shown)]
        return found + [f"cannot be read: {name}" for name in missed]

    def text(self) -> str:
        """What can be read on the page, fields included, in small letters with single spaces."""
        fields = "[...document.querySelectorAll('input, textarea')].map((one) => one.value).join(' ')"
        text: str = self.page.locator("#mxverdict").inner_text() + " " + self.page.evaluate(fields)
        return _plain(text)

    def _dismiss(self, dialog: Dialog) -> None:
        self.complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _outside(self, url: str, whm: str) -> None:
        if not url.startswith((whm, "about:", "data:")):
            self.complaints.append(f"request: {url}")


def _plain(text: str) -> str:
    return " ".join(text.split()).lower()


def write_log(whm: Whm, some: Sequence[Payload]) -> None:
    """Each as HELO, sender, subject and refusal in lines of Exim's log, as bytes whatever they are."""
    lines = []
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() - 600))
    for number, one in enumerate(some):
        text = one.text.replace("\r", "").replace("\n", " ")[:2000]
        peer = f"[198.51.100.{100 + number}]:4000"
        tester = f"[{TESTER}]:{5000 + number}"
        lines += [
            f"SMTP connection from {peer} (TCP/IP connection count = 1)",
            f"H=({text}) {peer} sender verify fail for <{text}@nope.invalid>: {text}",
            f"H=({text}) {peer} F=<{text}@nope.invalid> rejected RCPT <a@shop.example>: Sender verify failed",
            f"SMTP connection from ({text}) {peer} closed by QUIT",
            f"SMTP connection from {tester} (TCP/IP connection count = 1)",
            f"H=({text}) {tester} F=<{text}@a.example> rejected RCPT <b@c.example>: {text}",
            f"SMTP connection from ({text}) {tester} closed by QUIT",
            f'1xWAFC-00{number:04d}-0l <= {text}@a.example H=({text}) {peer} P=esmtp S=316 T="{text}"',
        ]
    log = whm.box.root / "var/log/exim_mainlog"
    with log.open("ab") as file:
        file.write("".join(f"{at} {line}\n" for line in lines).encode(errors="surrogateescape"))


@contextmanager
def window_that_says(whm: Whm, text: str) -> Iterator[None]:
    """A window whose user, reason, remark and addresses say `text`, and one that could not be closed."""
    window_command(whm, "open", "--minutes", 15)
    text = text.encode(errors="replace").decode()
    changed = "UPDATE windows SET reason = ?, opened_by = ?, remark = ?, error = ? WHERE state = 'open'"
    with closing(sqlite3.connect(Host(whm.box.root).journal)) as journal, journal:
        journal.execute(changed, [text] * 4)
    try:
        yield
    finally:
        whm.close_windows()


def write_audit(whm: Whm, some: Sequence[Payload]) -> None:
    """Lines of the audit trail with each payload as everything that is not our own word."""
    actions = ("open", "close", "refused", "check", "settings", "add_tester_address", "close_failed")
    with (Host(whm.box.root).state / "audit.jsonl").open("a") as trail:
        for one in some:
            for action in actions:
                entry: dict[str, Any] = {
                    "time": "2026-11-25T12:00:00.000+00:00",
                    "user": one.text,
                    "origin": one.text,
                    "action": action,
                    "window": 1,
                    "kind": f"action={one.text}" if action == "refused" else one.text,
                    "addresses": [one.text],
                    "reason": one.text,
                    "result": one.text,
                }
                trail.write(json.dumps(entry) + "\n")


def label(text: str) -> str:
    """One label of a DNS name with these bytes, as a zone file has it (RFC 1035 section 5.1)."""
    return "".join(f"\\{byte:03d}" for byte in text.encode(errors="surrogateescape")[:63])


def strings(text: str) -> str:
    """The same for a TXT record, in pieces of 255 bytes."""
    data = text.encode(errors="surrogateescape")
    pieces = [data[start : start + 255] for start in range(0, min(len(data), 4000), 255)]
    return " ".join('"' + "".join(f"\\{byte:03d}" for byte in piece) + '"' for piece in pieces)
