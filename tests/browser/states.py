"""States of the server that the pages show, each held while its `with` block lasts, and put back after."""

from __future__ import annotations

import re
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from pathlib import Path

from mxverdict import settings, window
from mxverdict.audit.actor import Actor
from mxverdict.host import Host
from tests.browser.conftest import Whm
from tests.sandbox.box import TESTER
from tests.sandbox.names import Records
from tests.sandbox.server_files import REPOSITORY
from tests.sandbox.tester_dialogue import RECIPIENT, SENDER
from tests.unit.report_maker import DOMAIN

NAME = "keeper-us-east-1d.mxtoolbox.com"
NEW, LIAR = "198.51.100.201", "198.51.100.202"
RECORDS: Records = {
    (NEW, "PTR"): ("keeper-eu-west-1a.mxtoolbox.com",),
    ("keeper-eu-west-1a.mxtoolbox.com", "A"): (NEW,),
    (LIAR, "PTR"): ("host.liar.example",),
}
_REASON = "ticket 4711: the customer runs the test again at three"
_FAILED = "buildeximconf does not work: it ended with status 1"


def log_lines(now: float) -> str:
    """The log of a lively day: testers, who calls itself so, refused senders, and who does not wait."""
    lines: list[tuple[float, str]] = []

    def say(seconds_ago: float, *texts: str) -> None:
        lines.extend((now - seconds_ago, text) for text in texts)

    def visit(seconds_ago: float, peer: str, seconds: float, *texts: str) -> None:
        say(seconds_ago, f"SMTP connection from {peer} (TCP/IP connection count = 1)")
        say(seconds_ago - seconds, *texts)

    for hour in range(23, 0, -1):
        for number in range(4 + hour * hour % 11):
            peer = f"[198.51.100.{10 + number}]:{4000 + hour}"
            ended = "lost D=1s" if number % 3 else "closed by QUIT"
            visit(hour * 3600 + 60 * number, peer, 1, f"SMTP connection from {peer} {ended}")
    peer = f"[{TESTER}]:49152"
    visit(7200, peer, 15, f"SMTP connection from {NAME} {peer} lost D=15s")
    refused = f"rejected RCPT <{RECIPIENT}>: Rejected relay attempt: '{TESTER}'"
    visit(
        300,
        peer,
        2,
        f"H={NAME} ({NAME}) {peer} F=<{SENDER}> {refused}",
        f"SMTP connection from {NAME} ({NAME}) {peer} closed by QUIT",
    )
    for address in (NEW, LIAR):
        peer = f"[{address}]:40000"
        visit(1200, peer, 3, f"SMTP connection from (keeper.mxtoolbox.com) {peer} closed by QUIT")
    for hour in range(9, 0, -2):
        host = f"H=relay.newsletter.example (relay.newsletter.example) [198.51.100.7]:{41000 + hour}"
        why = "The mail server could not deliver mail to news@nope.invalid."
        rejected = f"F=<news@nope.invalid> rejected RCPT <info@{DOMAIN}>: Sender verify failed"
        say(hour * 3600, f"{host} sender verify fail for <news@nope.invalid>: {why}", f"{host} {rejected}")
    host = "H=(mail.slow.example) [198.51.100.8]:4100"
    why = "Could not complete sender verify callout: connection timed out"
    say(5000, f"{host} sender verify defer for <bills@slow.example>: {why}")
    return "".join(f"{_stamp(at)} {text}\n" for at, text in sorted(lines, key=lambda line: line[0]))


def _stamp(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def judge_by_hand(whm: Whm) -> None:
    """From now on the page's program judges domains as `hand_made` says."""
    import_first(whm, "tests.browser.hand_made")


def import_first(whm: Whm, module: str) -> None:
    """From now on the page's program imports a module of ours before its own."""
    program = whm.box.root / "opt/mxverdict/bin/start.py"
    first = re.compile(r"^( +)from mxverdict\.web\.", re.MULTILINE)
    ours = f"sys.path.insert(1, {str(REPOSITORY)!r}); import {module}"
    text, done = first.subn(lambda found: f"{found[1]}{ours}\n{found[0]}", program.read_text())
    assert done == 1
    program.write_text(text)
    if not whm.installed:
        whm.box.start_ready("ready_page", "--first", module)


@contextmanager
def said(whm: Whm, name: str, text: str) -> Iterator[None]:
    """`name` is one of the files that steer `hand_made`."""
    file = whm.box.root / name
    file.write_text(text)
    try:
        yield
    finally:
        file.unlink()


def window_command(whm: Whm, *words: object) -> None:
    done = whm.box.run([sys.executable, "-m", "mxverdict.cli.main", "window", *words])
    assert done.returncode == 0, done.stderr


@contextmanager
def calm(whm: Whm) -> Iterator[None]:
    yield


@contextmanager
def window_open(whm: Whm) -> Iterator[None]:
    window_command(whm, "open", "--minutes", 15, "--reason", _REASON)
    try:
        yield
    finally:
        whm.close_windows()


@contextmanager
def tester_awaited(whm: Whm) -> Iterator[None]:
    window_command(whm, "open", "--minutes", 15, "--until-tested")
    try:
        yield
    finally:
        whm.close_windows()


@contextmanager
def let_past_for_good(whm: Whm) -> Iterator[None]:
    window_command(
        whm, "open", "--permanent", "--address", "198.51.100.7", "--reason", "sends our newsletter"
    )
    try:
        yield
    finally:
        for entry in window.permanent_entries(Host(whm.box.root)):
            window_command(whm, "close", entry.id)


@contextmanager
def chosen(whm: Whm, **choices: object) -> Iterator[None]:
    """With other settings than the usual."""
    host, actor = Host(whm.box.root), Actor("root", "command line")
    before = settings.read(host)
    settings.write(host, replace(before, **choices), actor)  # type: ignore[arg-type]
    try:
        yield
    finally:
        settings.write(host, before, actor)


def alone(whm: Whm) -> AbstractContextManager[None]:
    """Without WHM's frame."""
    return chosen(whm, framed=False)


@contextmanager
def resellers_may_open(whm: Whm) -> Iterator[None]:
    with chosen(whm, resellers_may_open=True):
        try:
            yield
        finally:
            whm.close_windows()


@contextmanager
def close_failed(whm: Whm) -> Iterator[None]:
    """As after some vain tries; the next one is an hour away."""
    window_command(whm, "open", "--minutes", 15, "--reason", _REASON)
    now = time.time()
    _write(
        whm,
        "UPDATE windows SET state = 'close_failed', error = ?, attempts = 3, deadline = ?, last_attempt = ?,"
        " next_attempt = ? WHERE state = 'open'",
        _FAILED,
        now - 120,
        now,
        now + 3600,
    )
    try:
        yield
    finally:
        _write(whm, "UPDATE windows SET next_attempt = 0 WHERE state = 'close_failed'")
        whm.close_windows()
        _write(whm, "UPDATE windows SET attempts = 0, remark = '' WHERE attempts > 0")  # no news any more


@contextmanager
def held_build(whm: Whm) -> Iterator[Path]:
    """Rebuilding Exim does not begin before the file that is given is gone."""
    script = whm.box.root / "usr/local/cpanel/scripts/buildeximconf"
    hold = whm.box.root / "sandbox/hold-the-build"
    hidden = script.rename(script.with_name("hidden"))
    script.write_text(f'#!/bin/sh\nwhile [ -e {hold} ]; do sleep 0.1; done\nexec {hidden} "$@"\n')
    script.chmod(0o755)
    hold.touch()
    try:
        yield hold
    finally:
        hold.unlink(missing_ok=True)
        hidden.replace(script)


@contextmanager
def being_changed(whm: Whm) -> Iterator[None]:
    """Exim is rebuilt all the time that the block lasts."""
    words = [sys.executable, "-m", "mxverdict.cli.main", "window", "open", "--delay-off"]
    with held_build(whm) as hold:
        opening = whm.box.start(words)
        try:
            limit = time.monotonic() + 30
            while not whm.windows():
                assert time.monotonic() < limit and opening.poll() is None
                time.sleep(0.05)
            yield
        finally:
            hold.unlink()
            said_last = opening.communicate()
    whm.close_windows()
    assert opening.returncode == 0, said_last


def _write(whm: Whm, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(Host(whm.box.root).journal)) as journal, journal:
        changed = journal.execute(statement, values)
        assert changed.rowcount
