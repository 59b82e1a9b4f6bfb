"""The wall clock jumps or changes its zone: a window ends on time by the clock that runs since boot.

A clock put forward ends it early, since the wall clock says so (whichever says so first).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Tally
from tests.faults.clocks import HOURS, clock
from tests.faults.trial import Trial
from tests.integration.windows import TESTER, Windows
from tests.sandbox.box import Sandbox

SPAN = 15 * 60
JUMPS = {"backwards 10 h": -10 * HOURS, "forwards 10 h": 10 * HOURS}
LOOK = "import json, time; print(json.dumps([time.time(), time.clock_gettime(time.CLOCK_BOOTTIME)]))"


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def windows(box: Sandbox) -> Iterator[Windows]:
    windows = Windows(box)
    yield windows
    windows.wrapper = ()
    for path in windows.host.state.glob("*"):
        path.unlink()


def is_open(windows: Windows, kind: str) -> bool:
    if kind == "delay_off":
        return windows.markers() == 0
    return TESTER in windows.host.sender_verify_bypass_hosts.read_text()


def call(windows: Windows, by: str) -> Any:
    """What closes a window that is due: the keeper, or any command."""
    if by == "keeper":
        assert windows.keeper() == 0
        return {}
    if by == "extend":
        return windows.extend(1, 15)
    return windows.close_due()


@pytest.mark.parametrize("jump", [0, *JUMPS.values()])
def test_the_clocks_of_this_test(windows: Windows, jump: int) -> None:
    """They are what they claim to be, also in the isolated interpreter of the keeper."""
    done = windows.box.run([*clock(passed=900, jump=jump), "python3", "-I", "-S", "-c", LOOK], check=True)
    wall, boot = json.loads(done.stdout)
    assert abs(wall - time.time() - 900 - jump) < 5
    assert abs(boot - time.clock_gettime(time.CLOCK_BOOTTIME) - 900) < 5


@pytest.mark.parametrize("by", ["keeper", "command", "extend"])
@pytest.mark.parametrize("kind", ["whitelist", "delay_off"])
@pytest.mark.parametrize("jump", JUMPS)
def test_a_jump_while_the_window_is_open(
    windows: Windows, tally: Tally, jump: str, kind: str, by: str
) -> None:
    trial = Trial(windows)
    assert windows.open(kind, [TESTER])["state"] == "open"
    windows.wrapper = clock(passed=60, jump=JUMPS[jump])
    if by != "extend":
        call(windows, by)
        assert is_open(windows, kind) == (jump == "backwards 10 h"), "forwards is early, never late"
    windows.wrapper = clock(passed=SPAN + 1, jump=JUMPS[jump])
    answer = call(windows, by)
    assert not is_open(windows, kind)
    if by == "extend":
        assert answer["error"] == "WindowRefused"
    windows.wrapper = ()
    tally(f"clock {jump}", trial.damage())


@pytest.mark.parametrize("by", ["keeper", "command"])
@pytest.mark.parametrize("jump", JUMPS)
def test_opened_by_a_wrong_clock_that_was_put_right(
    windows: Windows, tally: Tally, jump: str, by: str
) -> None:
    """The jump is that which puts it right."""
    trial = Trial(windows)
    windows.wrapper = clock(jump=-JUMPS[jump])
    assert windows.open(networks=[TESTER])["state"] == "open"
    windows.wrapper = clock(passed=SPAN - 30)
    call(windows, by)
    assert is_open(windows, "whitelist") == (jump == "backwards 10 h")
    windows.wrapper = clock(passed=SPAN + 1)
    call(windows, by)
    assert not is_open(windows, "whitelist")
    windows.wrapper = ()
    tally(f"clock {jump}", trial.damage())


def test_there_and_back(windows: Windows, tally: Tally) -> None:
    """Extended while the clock stands wrong: the span counts from that moment on."""
    trial = Trial(windows)
    windows.open(networks=[TESTER])
    windows.wrapper = clock(passed=600, jump=-10 * HOURS)
    assert windows.extend(1, 15)["state"] == "open"
    windows.wrapper = clock(passed=SPAN + 60, jump=-10 * HOURS)
    assert windows.keeper() == 0
    assert is_open(windows, "whitelist"), "the longer span counts"
    windows.wrapper = clock(passed=600 + SPAN + 1, jump=-20 * HOURS)
    assert windows.keeper() == 0
    assert not is_open(windows, "whitelist")
    windows.wrapper = ()
    tally("clock backwards 10 h, twice", trial.damage())


@pytest.mark.parametrize("by", ["keeper", "command"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_another_time_zone(windows: Windows, tally: Tally, zone: str, by: str) -> None:
    trial = Trial(windows)
    windows.wrapper = clock(zone="Europe/Berlin")
    windows.open(networks=[TESTER])
    windows.wrapper = clock(passed=SPAN - 30, zone=zone)
    call(windows, by)
    assert is_open(windows, "whitelist"), "not early"
    windows.wrapper = clock(passed=SPAN + 1, zone=zone)
    call(windows, by)
    assert not is_open(windows, "whitelist")
    windows.wrapper = ()
    tally("another time zone", trial.damage())


@pytest.mark.parametrize("by", ["keeper", "command"])
@pytest.mark.parametrize("dated", ["exim.conf", "both"])
def test_files_dated_by_a_clock_that_was_put_back(
    windows: Windows, tally: Tally, dated: str, by: str
) -> None:
    """Exim's configuration, and the daemon's pid file, were written ten hours from now."""
    trial = Trial(windows)
    windows.open("delay_off", [])
    later = time.time() + 10 * HOURS
    os.utime(windows.host.exim_conf, (later, later))
    if dated == "both":
        os.utime(windows.host.exim_pid_file, (later + 1, later + 1))
    windows.wrapper = clock(passed=SPAN + 1, jump=-10 * HOURS)
    call(windows, by)
    assert not is_open(windows, "delay_off")
    windows.wrapper = ()
    tally("clock backwards 10 h, files dated later", trial.damage())


@pytest.mark.parametrize("jump", JUMPS)
def test_a_close_that_failed_is_tried_again(windows: Windows, tally: Tally, jump: str) -> None:
    trial = Trial(windows)
    windows.open("delay_off", [])
    fault = windows.fault("buildeximconf-fails")
    windows.wrapper = clock(passed=SPAN + 1)
    assert windows.keeper() == 4
    fault.unlink()
    windows.wrapper = clock(passed=SPAN + 32, jump=JUMPS[jump])
    assert windows.keeper() == 0
    assert not is_open(windows, "delay_off")
    windows.wrapper = ()
    tally(f"clock {jump}, between two tries to close", trial.damage())
