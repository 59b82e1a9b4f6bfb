"""SIGKILL at any point of opening or closing: the next tick of the keeper leaves nothing behind."""

from __future__ import annotations

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


def forget(windows: Windows) -> None:
    """Close what is open and begin a new journal."""
    windows.let_time_pass(100_000)
    assert windows.keeper() == 0
    for path in windows.host.state.glob("*"):
        path.unlink()
