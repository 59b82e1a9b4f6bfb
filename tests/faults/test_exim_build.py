"""buildeximconf and the restart of Exim fail or hang while a window opens or closes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxverdict import window as window_functions
from tests.conftest import Tally
from tests.faults.trial import Trial
from tests.integration.windows import Windows
from tests.sandbox.box import Sandbox

QUICK = """
from mxverdict.window.changes import exim_config
exim_config.BUILD_TIMEOUT = exim_config.RESTART_TIMEOUT = 2.0
exim_config._START_WAIT = exim_config._ORPHAN_WAIT = 0.3
"""
NO_DRY_RUN = f"{QUICK}exim_config.dry_run = lambda *_: None\n"
KILLED_AT_BUILD = """
import os, signal, threading, time
from mxverdict.host import Host
start = Host.start
def strike(host, argv, **named):
    process = start(host, argv, **named)
    if str(argv[0]).endswith(WORD):
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGKILL)
    return process
Host.start = strike
"""
FAULTS = ["buildeximconf-fails", "buildeximconf-hangs", "restart-fails", "restart-hangs"]


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def windows(box: Sandbox) -> Iterator[Windows]:
    windows = Windows(box)
    yield windows
    for fault in (box.root / "sandbox/faults").iterdir():
        fault.unlink()
    for path in windows.host.state.glob("*"):
        path.unlink()


def left_running(windows: Windows) -> list[str]:
    """Builds and restarts of this server that still run."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if f"{windows.host.cpanel}/scripts/" in words:
            found.append(words)
    return found


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("before", [QUICK, NO_DRY_RUN], ids=["dry run", "no dry run"])
def test_at_open(windows: Windows, tally: Tally, fault: str, before: str) -> None:
    trial = Trial(windows)
    switch = windows.fault(fault)
    answer = windows.open("delay_off", [], before=before)
    assert answer["exit"] == (3 if answer["error"] == "WindowOpenError" else 4)
    if fault.startswith("build") and before == QUICK:
        assert answer["error"] == "WindowOpenError"
        assert not trial.damage().details
    assert left_running(windows) == []
    switch.unlink()
    windows.let_time_pass(960)
    assert windows.keeper() == 0
    tally(f"{fault}, at open", trial.damage())


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("by", ["close", "keeper"])
def test_at_close(windows: Windows, tally: Tally, fault: str, by: str) -> None:
    trial = Trial(windows)
    windows.open("delay_off", [])
    switch = windows.fault(fault)
    if by == "close":
        answer = windows.close(1, before=QUICK)
        assert (answer["error"], answer["exit"]) == ("WindowCloseError", 4)
    else:
        windows.let_time_pass(900)
        (answer,) = windows.close_due(before=QUICK)
        assert answer["state"] == "close_failed"
    (window,) = window_functions.open_windows(windows.host)
    assert window.state == "close_failed"
    assert window.error
    assert left_running(windows) == []
    assert window.next_attempt - time.time() < 31
    switch.unlink()
    windows.let_time_pass(31)
    assert windows.keeper() == 0
    tally(f"{fault}, at close", trial.damage())


@pytest.mark.parametrize("call", ["open", "close"])
@pytest.mark.parametrize("fault", ["buildeximconf-hangs", "restart-hangs"])
def test_a_hanging_command_outlives_its_killed_starter(
    windows: Windows, tally: Tally, fault: str, call: str
) -> None:
    trial = Trial(windows)
    word = "buildeximconf" if fault.startswith("build") else "restartsrv_exim"
    strike = NO_DRY_RUN + KILLED_AT_BUILD.replace("WORD", repr(word))
    if call == "close":
        windows.open("delay_off", [])
    switch = windows.fault(fault)
    with pytest.raises(RuntimeError, match=r"status (-9|137)"):
        windows.close(1, before=strike) if call == "close" else windows.open("delay_off", [], before=strike)
    assert left_running(windows)
    switch.unlink()
    windows.let_time_pass(900)
    windows.close_due(before=QUICK)
    assert left_running(windows) == []
    tally(f"{fault}, its starter killed at {call}", trial.damage())
