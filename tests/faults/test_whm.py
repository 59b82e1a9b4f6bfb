"""WHM's command line does not do its part while a window opens or closes."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.conftest import Tally
from tests.faults.trial import Trial
from tests.integration.windows import TESTER, Windows
from tests.sandbox.box import Sandbox

QUICK = """
from mxverdict.whm import api
from mxverdict.window import executor
api.LocalWhmApi.__init__.__defaults__ = (1.5,)
executor._API_TIMEOUT_CLOSING = 1.5
"""
FAULTS = {
    "whmapi1-missing": "",
    "whmapi1-hangs": "",
    "whmapi1-slow": "0.8",
    "whmapi1-garbage": "",
    "whmapi1-ok-without-doing": "",
    "set_tweaksetting-fails": "",
}
PATIENT = ("whmapi1-slow",)


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def windows(box: Sandbox) -> Iterator[Windows]:
    windows = Windows(box)
    yield windows
    for path in windows.host.state.glob("*"):
        path.unlink()


@contextmanager
def faulty(windows: Windows, fault: str) -> Iterator[None]:
    command = windows.host.whmapi1
    away = command.with_name("away")
    if fault == "whmapi1-missing":
        command.rename(away)
        yield
        away.rename(command)
    else:
        switch = windows.fault(fault, FAULTS[fault])
        yield
        switch.unlink()


@pytest.mark.parametrize("fault", FAULTS)
def test_the_setting_at_open(windows: Windows, tally: Tally, fault: str) -> None:
    trial = Trial(windows)
    before = windows.snapshot()
    with faulty(windows, fault):
        answer = windows.open("delay_off", [], before=QUICK)
        if "state" in answer:
            assert answer["state"] == "open"
            assert windows.markers() == 0
            assert fault in (*PATIENT, "whmapi1-ok-without-doing")
        else:
            assert (answer["error"], answer["exit"]) == ("WindowOpenError", 3)
            assert windows.snapshot() == before
    windows.let_time_pass(960)
    assert windows.keeper() == 0
    tally(f"{fault}, at open", trial.damage())


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("by", ["close", "keeper"])
def test_the_setting_at_close(windows: Windows, tally: Tally, by: str, fault: str) -> None:
    trial = Trial(windows)
    windows.open("delay_off", [])
    with faulty(windows, fault):
        if by == "close":
            assert windows.close(1, before=QUICK)["state"] == "closed"
        else:
            windows.let_time_pass(900)
            (closed,) = windows.close_due(before=QUICK)
            assert closed["state"] == "closed"
        tally(f"{fault}, at close", trial.damage())


@pytest.fixture
def greylisting(windows: Windows) -> Iterator[None]:
    windows.box.run([windows.host.whmapi1, "enable_cpgreylist"], check=True)
    yield
    windows.box.run([windows.host.whmapi1, "disable_cpgreylist"], check=True)


@pytest.mark.usefixtures("greylisting")
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("moment", ["open", "close"])
def test_trusted_hosts(windows: Windows, tally: Tally, moment: str, fault: str) -> None:
    trial = Trial(windows)
    if moment == "close":
        windows.open(networks=[TESTER])
    with faulty(windows, fault):
        if moment == "open":
            answer = windows.open(networks=[TESTER], before=QUICK)
            assert answer.get("exit", 0) in (0, 3, 4)
            assert "state" not in answer or (TESTER in str(windows.trusted()))
        else:
            answer = windows.close(1, before=QUICK)
            assert ("state" in answer) == (TESTER not in str(windows.trusted()))
            assert answer.get("exit", 4) == 4
    windows.let_time_pass(960)
    assert windows.keeper() == 0
    tally(f"{fault}, at {moment}", trial.damage())


@pytest.mark.parametrize("kind", ["whitelist", "delay_off"])
def test_cpsrvd_is_down(windows: Windows, tally: Tally, kind: str) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", 2087)).close()
    look = [
        "python3",
        "-c",
        "import socket; socket.create_connection(('127.0.0.1', 2087))",
    ]
    assert "ConnectionRefused" in windows.box.run(look).stderr
    trial = Trial(windows)
    assert windows.open(kind, [TESTER])["state"] == "open"
    windows.let_time_pass(960)
    assert windows.keeper() == 0
    tally("cpsrvd down", trial.damage())
