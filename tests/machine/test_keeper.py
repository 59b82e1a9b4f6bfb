"""The keeper on a booted machine: windows close with nobody logged in."""

from __future__ import annotations

import time

import pytest

from tests.machine.machine import wait_for
from tests.machine.server import Server

pytestmark = pytest.mark.slow

MINUTE = 60.0


@pytest.mark.parametrize("other", ["cron line", "timer"])
def test_timer_and_cron_line_each_close_a_window_alone(server: Server, other: str) -> None:
    server.installed()
    if other == "cron line":
        (server.disk / "etc/cron.d/mxverdict").unlink()
    else:
        server.run("systemctl", "disable", "--now", "mxverdict-keeper.timer")
    server.open_window("--minutes", 1)
    deadline = time.monotonic() + MINUTE
    assert server.greets()
    wait_for(lambda: not server.exempt(), 2 * MINUTE, "the window to close")
    assert deadline - 5 < time.monotonic() < deadline + MINUTE
    assert not server.greets()
    wait_for(lambda: server.windows() == ["closed"], 5, "the journal to say so")


def test_windows_close_after_a_power_cut(server: Server) -> None:
    server.installed()
    server.open_window("--minutes", 1)
    server.open_window("--delay-off", "--minutes", 1)
    deadline = time.monotonic() + MINUTE
    server.cut_power()
    assert server.exempt()
    assert server.delays() == 0
    time.sleep(max(0.0, deadline - time.monotonic()))
    server.boot()
    wait_for(lambda: not server.exempt() and server.delays() == 3, MINUTE, "both windows to close")
    wait_for(lambda: server.windows() == ["closed", "closed"], 10, "the journal to say so")
    assert not server.greets()
