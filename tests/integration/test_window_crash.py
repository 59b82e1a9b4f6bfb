"""SIGKILL at any point of opening or closing: the next tick of the keeper leaves nothing behind."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from mxverdict import window as window_functions
from tests.integration.windows import Windows
from tests.sandbox.box import Sandbox

POINTS = {"whitelist": 12, "delay_off": 7}
CASES = [(call, kind) for call in ("open_window", "close_window") for kind in POINTS]


@pytest.fixture(scope="module")
def windows() -> Iterator[Windows]:
    with Sandbox() as box:
        yield Windows(box)


@pytest.mark.slow
@pytest.mark.parametrize(("call", "kind"), CASES)
def test_killed(windows: Windows, call: str, kind: str) -> None:
    before = windows.snapshot()
    forget(windows)
    if call == "close_window":
        windows.open(kind)
    points = windows.points(call, kind)
    killed = 0
    for number in range(POINTS[kind]):
        forget(windows)
        if call == "close_window":
            assert windows.open(kind)["state"] == "open"
        point = 1 + number * (points - 1) // (POINTS[kind] - 1)
        killed += windows.kill(call, kind, point)
        windows.let_time_pass(900)
        assert windows.keeper() == 0, point
        assert window_functions.open_windows(windows.host) == [], point
        assert windows.snapshot() == before, point
        assert windows.markers() == 3, point
        assert windows.delay() == 40, point
    assert killed >= POINTS[kind] - 2


AFTER_RENAME = """
import os, signal
from mxverdict.window import files
exchange = files._exchange
def run(one, other):
    exchange(one, other)
    os.kill(os.getpid(), signal.SIGKILL)
files._exchange = run
"""
AFTER_COMMAND = """
import os, signal
from mxverdict.host import Host
real = Host.MOMENT
def run(host, argv, **named):
    answer = real(host, argv, **named)
    words = [str(word).rpartition("/")[2] for word in argv]
    if "WORD" in words and not words[-1].startswith("candidate"):
        os.kill(os.getpid(), signal.SIGKILL)
    return answer
Host.MOMENT = run
"""
COMMANDS = ["set_tweaksetting", "buildeximconf", "restartsrv_exim"]


@pytest.mark.parametrize("function", ["open", "close"])
def test_killed_straight_after_the_list_file_was_replaced(windows: Windows, function: str) -> None:
    struck(windows, function, "whitelist", AFTER_RENAME)


@pytest.mark.parametrize("function", ["open", "close"])
@pytest.mark.parametrize("moment", ["start", "run"])
@pytest.mark.parametrize("word", COMMANDS)
def test_killed_during_or_straight_after_a_command(
    windows: Windows, word: str, moment: str, function: str
) -> None:
    strike = AFTER_COMMAND.replace("MOMENT", moment).replace("WORD", word)
    struck(windows, function, "delay_off", strike)


def struck(windows: Windows, function: str, kind: str, strike: str) -> None:
    before = windows.snapshot()
    forget(windows)
    if function == "close":
        windows.open(kind)
    with pytest.raises(RuntimeError, match=r"status (-9|137)"):
        windows.close(1, before=strike) if function == "close" else windows.open(kind, before=strike)
    windows.let_time_pass(900)
    assert windows.keeper() == 0
    assert window_functions.open_windows(windows.host) == []
    assert windows.snapshot() == before
    assert (windows.markers(), windows.delay()) == (3, 40)
    time.sleep(0.5)
    assert windows.snapshot() == before, "nothing that the killed process had started comes after"


def forget(windows: Windows) -> None:
    """Close what is open and begin a new journal."""
    windows.let_time_pass(100_000)
    assert windows.keeper() == 0
    for path in windows.host.state.glob("*"):
        path.unlink()
