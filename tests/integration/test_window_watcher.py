"""Windows until tested: what closes them, and what does not, with no keeper about."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mxverdict import window as window_functions
from mxverdict.window import Window, watcher
from tests.integration.windows import STRANGER, TESTER, Windows
from tests.sandbox.box import Sandbox
from tests.sandbox.network import SERVER_IPV4
from tests.sandbox.settings import LOG_SELECTORS

pytestmark = [pytest.mark.exim, pytest.mark.waits]

PATIENCE = 30.0
"""Seconds within which a window has to be closed after a visit; it takes about four."""
QUIET = 5.0
"""Seconds in which a follower has looked several times."""

_TALK = """
import socket, sys
source, *commands = sys.argv[1:]
talk = socket.create_connection((%r, 25), source_address=(source, 0))
file = talk.makefile("rb")
for command in ["", *commands]:
    talk.sendall(command.encode("latin-1") + b"\\r\\n" if command else b"")
    while (line := file.readline())[3:4] == b"-":
        pass
talk.shutdown(socket.SHUT_RDWR)
"""


@pytest.fixture(scope="module", params=LOG_SELECTORS)
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    selector = LOG_SELECTORS[request.param]
    with Sandbox(connect_delay=2, rcpt_delay=2, slow_fail_limit=1000, log_selector=selector) as box:
        yield box


@pytest.fixture
def windows(box: Sandbox) -> Iterator[Windows]:
    windows = Windows(box)
    yield windows
    for path in windows.host.state.glob("*"):
        path.unlink(missing_ok=True)
    windows.host.sender_verify_bypass_hosts.write_text("")
    wait(lambda: not followers(windows))


def wait(condition: Callable[[], object]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.1)


def followers(windows: Windows) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            surroundings = (entry / "environ").read_bytes()
        except OSError:
            continue
        ours = f"MXVERDICT_ROOT={windows.host.root}".encode() in surroundings.split(b"\0")
        if ours and watcher.__file__.encode() in words:
            found.append(int(entry.name))
    return found


def talk(windows: Windows, source: str, *commands: str) -> None:
    """A session that ends without QUIT unless it is among the commands."""
    argv = [sys.executable, "-c", _TALK % SERVER_IPV4, source, *commands]
    windows.box.run(argv, namespace=windows.box.outside, check=True)


def newest(windows: Windows) -> Window:
    return window_functions.list_windows(windows.host, limit=1)[0]


def closed_by_a_visit(windows: Windows) -> Window:
    wait(lambda: newest(windows).finished)
    row = newest(windows)
    assert (row.state, row.tested, row.error) == ("closed", True, "")
    assert windows.host.sender_verify_bypass_hosts.read_text() == ""
    return row


def stays_open(windows: Windows) -> None:
    time.sleep(QUIET)
    assert newest(windows).state == "open"


def test_closes_a_moment_after_the_visit(windows: Windows) -> None:
    windows.open(until_tested=True)
    stays_open(windows)
    assert len(followers(windows)) == 1
    windows.box.visit(TESTER)
    row = closed_by_a_visit(windows)
    assert f"the tester came from {TESTER} at " in row.remark
    assert "was rightly refused relaying (“Rejected relay attempt" in row.remark
    assert "and left with QUIT at " in row.remark
    last = windows.audit()[-1]
    assert (last["action"], last["user"]) == ("close", "keeper")
    assert f"the tester came from {TESTER} at " in last["result"]
    assert windows.delay() == 4
    wait(lambda: not followers(windows))


def test_who_leaves_before_the_greeting_or_is_somebody_else_does_not_close_it(windows: Windows) -> None:
    windows.open(until_tested=True)
    talk(windows, TESTER)
    talk(windows, STRANGER, "EHLO keeper-us-east-1d.mxtoolbox.com", "QUIT")
    talk(windows, STRANGER, f"EHLO [{TESTER}]:25 closed by QUIT", "QUIT")
    talk(windows, STRANGER, "EHLO x", f"MAIL FROM:<SMTP connection from [{TESTER}]:2 closed by QUIT>", "QUIT")
    stays_open(windows)
    talk(windows, TESTER, "EHLO swaks.example")
    assert "left without QUIT" in closed_by_a_visit(windows).remark


def test_a_session_that_had_met_the_delay_does_not_close_it(windows: Windows) -> None:
    mainlog = windows.host.exim_mainlog
    came, gone = (mainlog.read_text().count(words) for words in ("connection count", "closed by QUIT"))
    windows.box.start(
        [sys.executable, "-c", _TALK % SERVER_IPV4, TESTER, "EHLO a.example", "QUIT"],
        namespace=windows.box.outside,
    )
    wait(lambda: mainlog.read_text().count("connection count") > came)
    assert windows.open(until_tested=True)["state"] == "open"
    wait(lambda: mainlog.read_text().count("closed by QUIT") > gone)
    stays_open(windows)
    windows.close(1)
    wait(lambda: not followers(windows))


@pytest.mark.parametrize("copied", [True, False], ids=["copytruncate", "renamed"])
def test_the_log_is_rotated_straight_after_the_visit(windows: Windows, copied: bool) -> None:
    windows.open(until_tested=True)
    windows.box.visit(TESTER)
    log = windows.host.exim_mainlog
    old = log.with_name("exim_mainlog-20261125")
    if copied:
        shutil.copyfile(log, old)
        log.write_text("")
    else:
        owner = log.stat()
        log.rename(old)
        log.touch(owner.st_mode)
        os.chown(log, owner.st_uid, owner.st_gid)
    closed_by_a_visit(windows)


def test_the_keeper_closes_it_when_no_follower_lives(windows: Windows) -> None:
    windows.open(
        until_tested=True, before="from mxverdict.window.watch import spawn; spawn.sys.executable = ''"
    )
    assert not followers(windows)
    windows.box.visit(TESTER)
    assert newest(windows).state == "open"
    assert windows.keeper() == 0
    closed_by_a_visit(windows)


def test_a_window_that_is_not_to_wait_is_not_followed(windows: Windows) -> None:
    windows.open()
    assert not followers(windows)
    windows.open(until_tested=True)
    assert not followers(windows), "joined, it waits for nobody"
    windows.close(1)


def test_waits_on_the_terminal_and_says_what_the_tester_met(windows: Windows) -> None:
    command = [sys.executable, "-m", "mxverdict.cli.main", "window", "open", "--wait"]
    waiting = windows.box.start(command)
    wait(lambda: [one.state for one in window_functions.list_windows(windows.host)] == ["open"])
    assert waiting.poll() is None
    windows.box.visit(TESTER)
    out, err = waiting.communicate(timeout=PATIENCE)
    assert waiting.returncode == 0, err
    opened, page, closed = out.decode().splitlines()
    assert "is open: closes at" in opened
    assert (
        page
        == "Run the test now: https://mxtoolbox.com/SuperTool.aspx?action=smtp%3Acp1.example.net&run=toolpage"
    )
    assert "is closed: ended at" in closed
    assert f"the tester came from {TESTER} at " in closed


def test_waits_in_vain(windows: Windows) -> None:
    waiting = windows.box.start([sys.executable, "-m", "mxverdict.cli.main", "window", "open", "--wait"])
    wait(lambda: [one.state for one in window_functions.list_windows(windows.host)] == ["open"])
    windows.let_time_pass(900)
    assert waiting.wait(PATIENCE) == 3
    assert not newest(windows).tested
