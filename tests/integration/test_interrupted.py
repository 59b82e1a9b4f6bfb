"""Ctrl-C while a look waits for the DNS: the end comes at once, and nothing is left running."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.box import Sandbox
from tests.sandbox.network import enter, is_running

pytestmark = pytest.mark.exim


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as running:
        running.dns.freeze()
        yield running
        running.dns.thaw()


ASKED = {b"-bh", b"-bt", b"-bV", b"-bP"}
"""Options with which Exim answers a question (Exim specification, chapter 5)."""


def commands_in(box: Sandbox) -> list[str]:
    """What the product runs on the server now: Exim asked for something, whmapi1. What Exim's daemon still
    does for the connection that was left is none of them."""
    told = subprocess.run(["ip", "netns", "pids", box.server], capture_output=True, text=True, check=True)
    found = []
    for pid in map(int, told.stdout.split()):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            asked = ASKED.intersection(words) or any(word.endswith(b"/whmapi1") for word in words)
            if asked and is_running(pid):
                found.append(str(words))
    return found


@pytest.mark.parametrize(
    "words",
    [["check", "shop.example"], ["check", "203.0.113.10"], ["outbound", "remote.example"], ["preview"]],
)
def test_it_ends_at_once(box: Sandbox, words: list[str]) -> None:
    process = subprocess.Popen(
        enter(
            box.server, ["env", "--default-signal=INT", sys.executable, "-m", "mxverdict.cli.main", *words]
        ),
        env=box.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_until_busy(process)
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - started < 3
    assert (process.returncode, out, err) == (130, "", "mxverdict: stopped\n")
    deadline = time.monotonic() + 5
    while commands_in(box) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert commands_in(box) == []


def wait_until_busy(process: subprocess.Popen[str]) -> None:
    """Until it waits for the DNS: it has threads by then, or a child of its own."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        threads = len(list(Path(f"/proc/{process.pid}/task").iterdir()))
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if threads > 2 or (threads > 1 and children):
            time.sleep(0.3)
            return
        time.sleep(0.02)
    raise AssertionError("it does not get busy")
