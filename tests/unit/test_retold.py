"""Texts that were kept in English, in the language that is spoken."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mxverdict.i18n.stored import retold
from tests.spoken import speaking

_STORED = {
    "{path} cannot be read: {error}": "{path} ist nicht lesbar: {error}",
    "{path} cannot be read": "{path} ist nicht lesbar",
    "the window did not open, everything was put back: {error}": "nicht geöffnet, zurückgesetzt: {error}",
    "the window did not open ({error}), and putting it back failed: {left}": "{left} blieb ({error})",
    "{path} was deleted; an empty one was made: Exim needs it": "{path} fehlte; neu: Exim braucht sie",
    "the tester came from {address} at {began} and {how} at {ended}": "{ended} {how}, {address} kam {began}",
    "left with QUIT": "ging mit QUIT",
    "window {number} is {state} already": "Fenster {number} ist schon {state}",
    "closed": "geschlossen",
    "{name} and {name} are one": "{name} doppelt",
    "{shown} is wrong": "{shown} ist falsch",
    "no answer in time": "keine Antwort",
    "open: {error}": "öffnen: {error}",
    "It is open.": "Es ist offen.",
    "{path} is gone, says {who}": "{who}: {path} fehlt",
}
_TEXTS = {
    **{f"stored\x04{text}": told for text, told in _STORED.items()},
    "Checked": "Geprüft",
    "a {x}": "ein {x}",
}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no answer in time", "keine Antwort"),
        ("Checked", "Geprüft"),
        ("a thing", "a thing"),
        ("/etc/x cannot be read", "/etc/x ist nicht lesbar"),
        ("/etc/x cannot be read: No such file", "/etc/x ist nicht lesbar: No such file"),
        ("window 7 is closed already", "Fenster 7 ist schon geschlossen"),
        ("window 7 is {state} already", "Fenster 7 ist schon {state}"),
        ("the tester came from 10.0.0.1 at 9 and left with QUIT at 10", "10 ging mit QUIT, 10.0.0.1 kam 9"),
        (
            "the window did not open (/a cannot be read: x), and putting it back failed: /b cannot be read",
            "/b ist nicht lesbar blieb (/a ist nicht lesbar: x)",
        ),
        (
            "the window did not open, everything was put back: somebody said no",
            "nicht geöffnet, zurückgesetzt: somebody said no",
        ),
        ("/a cannot be read; no answer in time", "/a ist nicht lesbar; keine Antwort"),
        ("what is this; no answer in time", "what is this; keine Antwort"),
        (
            "/a was deleted; an empty one was made: Exim needs it; no answer in time",
            "/a fehlte; neu: Exim braucht sie; keine Antwort",
        ),
        (
            "/a cannot be read: x; y; /b cannot be read: z",
            "/a ist nicht lesbar: x; y; /b ist nicht lesbar: z",
        ),
        ("open: window 7 is closed already", "öffnen: Fenster 7 ist schon geschlossen"),
        ("192.0.2.1: no answer in time", "192.0.2.1: keine Antwort"),
        (
            "It is open. /a cannot be read; no answer in time",
            "Es ist offen. /a ist nicht lesbar; keine Antwort",
        ),
        ("It is open. What is this? It is open.", "Es ist offen. What is this? It is open."),
        ("no answer in time; /b is gone, says X", "keine Antwort; X: /b fehlt"),
        ("/" + 3900 * "a" + " cannot be read", "/" + 3900 * "a" + " ist nicht lesbar"),
        ("/" + 4000 * "a" + " cannot be read", "/" + 4000 * "a" + " cannot be read"),
        ("a and a are one", "a doppelt"),
        ("a and b are one", "a and b are one"),
        (" is wrong", " ist falsch"),
        ("nothing of ours; nor this: at all", "nothing of ours; nor this: at all"),
        ("", ""),
        ("closed" * 1000, "closed" * 1000),
    ],
)
def test_retold(text: str, told: str, tmp_path: Path) -> None:
    assert retold(text) == text
    with speaking(tmp_path, _TEXTS):
        assert retold(text) == told
    assert retold(text) == text


@pytest.mark.parametrize(
    "text", ["a; " * 1300, ": " * 1900, "/x cannot be read: " * 200, "{" * 3000, "%s" * 1000]
)
def test_a_hostile_text_takes_no_time_and_stays(text: str, tmp_path: Path) -> None:
    started = time.monotonic()
    with speaking(tmp_path, _TEXTS):
        assert len(retold(text)) >= 40
    assert time.monotonic() - started < 10
