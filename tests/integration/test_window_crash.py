"""SIGKILL while a command runs or straight after it: the next tick of the keeper leaves nothing behind.

tests/faults/test_killed.py strikes at each system call of our own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from mxverdict import window as window_functions
from tests.integration.windows import Windows
from tests.sandbox.box import Sandbox

pytestmark = pytest.mark.exim


@pytest.fixture(scope="module")
def windows() -> Iterator[Windows]:
    with Sandbox() as box:
        yield Windows(box)


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
@pytest.mark.parametrize("moment", ["start", "run"])
@pytest.mark.parametrize("word", COMMANDS)
def test_killed_during_or_straight_after_a_command(
    windows: Windows, word: str, moment: str, function: str
) -> None:
    strike = AFTER_COMMAND.replace("MOMENT", moment).replace("WORD", word)
    before = windows.snapshot()
    forget(windows)
    if function == "close":
        windows.open("delay_off")
    with pytest.raises(RuntimeError, match=r"status (-9|137)"):
        windows.close(1, before=strike) if function == "close" else windows.open("delay_off", before=strike)
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
