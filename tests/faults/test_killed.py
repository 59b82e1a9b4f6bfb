"""SIGKILL at each system call of opening, extending, closing and of the keeper."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path

import pytest

from mxverdict.whm import localopts
from tests.conftest import Tally
from tests.faults import syscalls
from tests.faults.trial import Trial
from tests.integration.windows import TESTER, Windows
from tests.sandbox.box import Sandbox

CALLS = ["open", "keeper", "close", "extend"]
MINUTES = 240
"""The longest window: one that is opened once for many trials is not due before its time."""
SHARE = {"whitelist": 2, "delay_off": 12}
"""One boundary in so many, another one with entries than without; the seed says which, so that a soak comes
to all of them. Of like calls on one file in a row, such as SQLite's writes of many pages, one counts.
Each of the rest is met in every run for a whitelist window."""

ENTRIES = b'# ours\n10.9.9.9\n192.0.2.0/24  # office\n\n"2001:db8:7::/48"\r\n10.8.8.8'
CHANGED = [
    "var/lib/mxverdict",
    "var/cpanel/greylist",
    "etc/senderverifybypasshosts",
    "etc/greylist_trusted_netblocks",
]
"""What a whitelist window changes on the server."""


@pytest.fixture
def windows() -> Iterator[Windows]:
    with Sandbox() as box:
        yield Windows(box)


def prepare(windows: Windows, kind: str, entries: bool) -> None:
    """Greylisting is on for a whitelist window. Without entries no list holds one, and no line
    the setting."""
    host = windows.host
    host.state.parent.mkdir(parents=True, exist_ok=True)
    host.sender_verify_bypass_hosts.write_bytes(ENTRIES if entries else b"")
    if kind == "whitelist":
        windows.box.run([host.whmapi1, "enable_cpgreylist"], check=True)
        if entries:
            words = ["create_cpgreylist_trusted_host", "ip=192.0.2.5", "comment=office"]
            windows.box.run([host.whmapi1, *words], check=True)
            while "192.0.2.5" not in host.greylist_trusted_netblocks.read_text():
                pass
    elif not entries:
        host.localopts.write_bytes(localopts.put(host.localopts.read_bytes(), None))


class Stage:
    """A server on which the call is the next one, again and again."""

    def __init__(self, windows: Windows, kind: str, call: str, kept: Path) -> None:
        self.windows = windows
        self.kind = kind
        self.call = call
        self.kept = kept
        self._begin()
        if kind == "whitelist":
            kept.mkdir()
            there = [name for name in CHANGED if (windows.host.root / name).exists()]
            subprocess.run(["cp", "-a", "--parents", *there, kept], cwd=windows.host.root, check=True)

    def set(self) -> None:
        """A whitelist window's files are put there as they were; the other kind is opened anew."""
        shutil.rmtree(self.windows.host.state, ignore_errors=True)
        if self.kind == "whitelist":
            subprocess.run(["cp", "-a", f"{self.kept}/.", self.windows.host.root], check=True)
        else:
            self._begin()

    def perform(self) -> None:
        """The call, which may not live to its end."""
        windows = self.windows
        with suppress(RuntimeError):
            if self.call == "open":
                windows.open(self.kind, [TESTER], MINUTES)
            elif self.call == "extend":
                windows.extend(1, MINUTES)
            elif self.call == "close":
                windows.close(1)
            else:
                windows.keeper()

    def _begin(self) -> None:
        if self.call != "open":
            assert self.windows.open(self.kind, [TESTER], MINUTES)["state"] == "open"
        if self.call == "keeper":
            self.windows.let_time_pass(MINUTES * 60)


@pytest.mark.slow
@pytest.mark.random
@pytest.mark.parametrize("entries", [True, False], ids=["entries", "none"])
@pytest.mark.parametrize("kind", SHARE)
@pytest.mark.parametrize("call", CALLS)
def test_killed(
    windows: Windows,
    tally: Tally,
    pytestconfig: pytest.Config,
    tmp_path: Path,
    kind: str,
    call: str,
    entries: bool,
) -> None:
    seed = pytestconfig.option.seed
    prepare(windows, kind, entries)
    trial = Trial(windows)
    log = tmp_path / "strace"
    stage = Stage(windows, kind, call, tmp_path / "kept")
    windows.tracer = syscalls.counting(log)
    stage.perform()
    windows.tracer = ()
    boundaries = chosen(syscalls.boundaries(log, windows.host.root), seed, SHARE[kind], entries)
    finish(windows)
    for boundary in boundaries:
        stage.set()
        windows.tracer = syscalls.killing(boundary, log)
        stage.perform()
        windows.tracer = ()
        assert syscalls.struck(log), boundary
        finish(windows)
        tally(f"killed at a system call: {call}, {kind}", trial.damage())


def chosen(
    boundaries: list[syscalls.Boundary], seed: int, share: int, entries: bool
) -> list[syscalls.Boundary]:
    runs = [list(run) for _, run in groupby(boundaries, lambda boundary: (boundary.call, boundary.path))]
    assert len(runs) > 20
    first = (seed + entries * share // 2) % share
    return [run[seed // share % len(run)] for run in runs[first::share]]


def finish(windows: Windows) -> None:
    """The keeper straight after the kill, on the files just as they are, and after the deadline."""
    assert windows.keeper() == 0
    windows.let_time_pass(MINUTES * 60)
    assert windows.keeper() == 0
