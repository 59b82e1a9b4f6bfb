"""The keeper on a booted machine: windows close with nobody logged in."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager

import pytest

from tests.machine.conftest import Judge
from tests.machine.machine import wait_for
from tests.machine.server import TESTER, Server
from tests.machine.trial import Trial

pytestmark = pytest.mark.slow

MINUTE = 60.0
ENVIRONMENT = "/opt/mxverdict/venv"
PACKAGES = f"{ENVIRONMENT}/lib/python3*/site-packages"
ALL_OF_IT = f"$(readlink -f {ENVIRONMENT})"


def open_both(server: Server, minutes: int) -> float:
    """Open a window of each kind; answers when both are due."""
    server.open_window("--minutes", minutes)
    server.open_window("--delay-off", "--minutes", minutes)
    return time.monotonic() + minutes * MINUTE


def alone(server: Server, left: str) -> AbstractContextManager[None]:
    """Only the timer, or only the cron line, starts the keeper."""
    return server.without_cron_line() if left == "timer" else server.without_timer()


@pytest.mark.parametrize("left", ["timer", "cron line"])
def test_timer_and_cron_line_each_close_windows_alone(installed: Server, judge: Judge, left: str) -> None:
    trial = Trial(installed)
    assert not installed.greets()
    with alone(installed, left):
        deadline = open_both(installed, 1)
        assert TESTER in installed.exempt()
        assert installed.delays() == 0
        assert installed.greets()
        time.sleep(max(0.0, deadline - 10 - time.monotonic()))
        assert set(installed.windows()[-2:]) == {"open"}
        judge(f"closed by the {left} alone", trial, deadline)
    assert not installed.greets()


def test_windows_close_after_a_power_cut_that_outlasts_them(installed: Server, judge: Judge) -> None:
    trial = Trial(installed)
    deadline = open_both(installed, 1)
    installed.cut_power()
    assert TESTER in installed.exempt()
    assert installed.delays() == 0
    time.sleep(max(0.0, deadline - time.monotonic()))
    installed.boot()
    judge("power cut until after the deadline", trial)
    assert not installed.greets()


@pytest.mark.parametrize(
    ("lost", "left"), [(PACKAGES, "timer"), (ALL_OF_IT, "timer"), (ALL_OF_IT, "cron line")]
)
def test_windows_close_without_the_virtual_environment(
    installed: Server, judge: Judge, lost: str, left: str
) -> None:
    trial = Trial(installed)
    imports = (f"{ENVIRONMENT}/bin/python", "-c", "import requests")
    assert installed.run(*imports).returncode == 0
    try:
        with alone(installed, left):
            open_both(installed, 15)
            installed.run("sh", "-c", f"rm -r {lost}")
            assert installed.run(*imports).returncode != 0
            installed.let_time_pass()
            judge("virtual environment damaged or gone", trial)
    finally:
        installed.installed()


def test_a_tick_that_fails_is_told_and_the_timer_goes_on(installed: Server, judge: Judge) -> None:
    """The unit counts as failed, the system's log says why, and the contact gets its mail."""
    unit = "mxverdict-keeper.service"
    fault = installed.disk / "sandbox/faults/buildeximconf-fails"
    trial = Trial(installed)
    with installed.without_cron_line():
        installed.open_window("--delay-off", "--minutes", 15)
        fault.touch()
        installed.let_time_pass()
        wait_for(lambda: installed.windows()[-1] == "close_failed", MINUTE, "the keeper to fail")
        wait_for(
            lambda: installed.run("systemctl", "is-failed", unit).returncode == 0, 10, "the unit to fail"
        )
        fault.unlink()
        assert "does not close" in installed.run("journalctl", "--unit", unit, "--priority", "err").stdout
        log = installed.disk / "var/log/exim_mainlog"
        assert "<= root@cp1.example.net" in log.read_text()
        retry = time.monotonic() + 30
        judge("closed by the timer after ticks that failed", trial, retry)
        wait_for(
            lambda: installed.run("systemctl", "is-failed", unit).returncode != 0, 10, "the unit to be well"
        )
