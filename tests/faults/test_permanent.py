"""SIGKILL at system calls of making a permanent entry and of taking it back."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path

import pytest

from mxverdict import window as window_functions
from tests.conftest import Tally
from tests.faults import syscalls
from tests.faults.trial import Trial
from tests.integration.windows import STRANGER, TESTER, Windows
from tests.sandbox.box import Sandbox

SHARE = 4
"""One boundary in so many; the seed says which."""
ENTRIES = b"# ours\n10.9.9.9\n10.8.8.8"
CHANGED = ["var/lib/mxverdict", "etc/senderverifybypasshosts"]


@pytest.fixture
def windows() -> Iterator[Windows]:
    with Sandbox() as box:
        yield Windows(box)


@pytest.mark.slow
@pytest.mark.random
@pytest.mark.parametrize("call", ["open", "close"])
def test_killed(
    windows: Windows, tally: Tally, pytestconfig: pytest.Config, tmp_path: Path, call: str
) -> None:
    """A window for another address stands beside it."""
    host, log, kept = windows.host, tmp_path / "strace", tmp_path / "kept"
    host.state.parent.mkdir(parents=True, exist_ok=True)
    host.sender_verify_bypass_hosts.write_bytes(ENTRIES)
    trial = Trial(windows)
    assert windows.open(networks=[TESTER], minutes=240)["id"] == 1
    if call == "close":
        assert windows.open_permanent(STRANGER)["id"] == 2
    kept.mkdir()
    subprocess.run(["cp", "-a", "--parents", *CHANGED, kept], cwd=host.root, check=True)

    windows.tracer = syscalls.counting(log)
    perform(windows, call)
    windows.tracer = ()
    boundaries = syscalls.boundaries(log, host.root)
    runs = [list(run) for _, run in groupby(boundaries, lambda boundary: (boundary.call, boundary.path))]
    assert len(runs) > 20
    seed = pytestconfig.option.seed
    for run in runs[seed % SHARE :: SHARE]:
        shutil.rmtree(host.state)
        subprocess.run(["cp", "-a", f"{kept}/.", host.root], check=True)
        windows.tracer = syscalls.killing(run[seed // SHARE % len(run)], log)
        perform(windows, call)
        windows.tracer = ()
        assert syscalls.struck(log), run
        assert windows.keeper() == 0
        standing = [row.id for row in window_functions.permanent_entries(host)]
        lines = host.sender_verify_bypass_hosts.read_text().splitlines()
        assert lines.count(STRANGER) == len(standing)
        assert TESTER in lines
        windows.let_time_pass(240 * 60)
        assert windows.keeper() == 0
        assert host.sender_verify_bypass_hosts.read_text().splitlines().count(STRANGER) == len(standing)
        for number in standing:
            assert windows.close(number)["state"] == "closed"
        tally(f"killed at a system call: {call}, permanent", trial.damage())


def perform(windows: Windows, call: str) -> None:
    with suppress(RuntimeError):
        if call == "open":
            windows.open_permanent(STRANGER)
        else:
            windows.close(2)
