"""Reboots and power cuts: afterwards everything is as it was before the window.

A power cut ends every process of the machine in one instant. Its disk is this machine's memory, so what was
written stays; that each write is durable in time, the tests of the journal and of the list files show.
"""

from __future__ import annotations

import time
from random import Random

import pytest

from tests.machine.conftest import Judge
from tests.machine.machine import wait_for
from tests.machine.server import Server
from tests.machine.trial import Trial

pytestmark = pytest.mark.slow

OPTIONS = {"whitelist": (), "delay off": ("--delay-off",)}
INSTANTS = 3


def test_reboot_in_the_middle_of_a_window(installed: Server, judge: Judge) -> None:
    """The timer comes back by itself."""
    trial = Trial(installed)
    with installed.without_cron_line():
        installed.open_window("--minutes", 1)
        installed.open_window("--delay-off", "--minutes", 1)
        deadline = time.monotonic() + 60
        installed.reboot()
        judge("reboot in the middle of both windows", trial, deadline)


@pytest.mark.random
@pytest.mark.parametrize("kind", OPTIONS)
@pytest.mark.parametrize("action", ["open", "close"])
def test_power_cut(installed: Server, random: Random, judge: Judge, action: str, kind: str) -> None:
    opening = ("mxverdict", "window", "open", *OPTIONS[kind], "--minutes", "15")
    closing = ("mxverdict", "window", "close", "--all")
    began = time.monotonic()
    assert installed.run(*opening).returncode == 0
    opened = time.monotonic()
    assert installed.run(*closing).returncode == 0
    takes = {"open": opened - began, "close": time.monotonic() - opened}
    for _ in range(INSTANTS):
        trial = Trial(installed)
        if action == "close":
            installed.open_window(*OPTIONS[kind], "--minutes", 15)
        command = installed.start(*(opening if action == "open" else closing))
        time.sleep(random.uniform(0, takes[action]))
        installed.cut_power()
        command.wait(10)
        installed.boot()
        installed.let_time_pass()
        judge(f"power cut during {action}, {kind}", trial)


def test_power_cut_during_a_tick_of_the_keeper(installed: Server, judge: Judge) -> None:
    """Exim's configuration is being built at that moment."""
    trial = Trial(installed)
    installed.open_window("--delay-off", "--minutes", 15)
    hang = installed.disk / "sandbox/faults/buildeximconf-hangs"
    hang.touch()
    installed.let_time_pass()
    wait_for(lambda: "closing" in installed.windows(), 60, "the keeper to begin")
    wait_for(lambda: not _is_off(installed), 60, "the setting to be restored")
    installed.cut_power()
    hang.unlink()
    assert installed.delays() == 0
    installed.boot()
    judge("power cut during a tick of the keeper", trial)


def _is_off(server: Server) -> bool:
    return "acl_delay_unknown_hosts=0" in (server.disk / "etc/exim.conf.localopts").read_text()
