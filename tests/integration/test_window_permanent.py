"""Permanent entries: put there, kept, listed and taken back by the engine of the windows."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from mxverdict import window as window_functions
from mxverdict.window import queries
from tests.integration.windows import MXTOOLBOX, STRANGER, TESTER, Windows
from tests.sandbox.box import Sandbox

pytestmark = pytest.mark.exim

OTHERS = "# ours\n10.9.9.9\n192.0.2.0/24  # office\n"
AGE = 400 * 86_400.0


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def windows(box: Sandbox) -> Iterator[Windows]:
    windows = Windows(box)
    windows.host.sender_verify_bypass_hosts.write_text(OTHERS)
    yield windows
    for path in windows.host.state.glob("*"):
        path.unlink()


def command(windows: Windows, *words: str) -> tuple[int, Any]:
    done = windows.box.run([sys.executable, "-m", "mxverdict.cli.main", "window", *words, "--json"])
    return done.returncode, json.loads(done.stdout)


def permanent(windows: Windows, address: str = STRANGER) -> int:
    status, said = command(windows, "open", "--permanent", "--address", address, "--reason", "ticket 9")
    assert status == 0, said
    return int(said["windows"][0]["id"])


def listed(windows: Windows) -> str:
    return windows.host.sender_verify_bypass_hosts.read_text()


def test_stands_until_it_is_taken_back(windows: Windows) -> None:
    number = permanent(windows)
    assert listed(windows) == f"{STRANGER}\n{OTHERS}"
    assert windows.delays(STRANGER, TESTER) == {STRANGER: 0, TESTER: 40}
    windows.let_time_pass(AGE)
    assert windows.keeper() == 0
    assert windows.close_due() == []
    assert listed(windows) == f"{STRANGER}\n{OTHERS}"

    said = command(windows, "list")[1]
    assert said["windows"] == []
    (entry,) = said["permanent"]
    assert (entry["id"], entry["kind"], entry["permanent"]) == (number, "permanent", True)
    assert (entry["networks"], entry["reason"], entry["deadline"]) == ([STRANGER], "ticket 9", None)
    text = windows.box.run([sys.executable, "-m", "mxverdict.cli.main", "window", "list"]).stdout
    assert f"Permanent entry {number} ({STRANGER}) stands since " in text
    assert "No test window." in text
    assert window_functions.open_windows(windows.host) == []
    assert queries.recent_windows(windows.host) == []

    status, said = command(windows, "close", str(number))
    assert (status, said["windows"][0]["state"], said["windows"][0]["remark"]) == (0, "closed", "")
    assert listed(windows) == OTHERS
    assert windows.delay(STRANGER) == 40
    assert command(windows, "list")[1]["permanent"] == []
    assert windows.actions() == ["open", "open", "close"]
    assert {(one["kind"], one["reason"], *one["addresses"]) for one in windows.audit()} == {
        ("permanent", "ticket 9", STRANGER)
    }
    assert [one["result"] for one in windows.audit()][:2] == ["begun, for good", "open for good"]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--tester", "mxtoolbox"],
        ["--tester", "mxtoolbox", "--address", STRANGER],
        ["--address", "64.20.227.0/24"],
        ["--address", "127.0.0.1"],
        ["--address", "192.0.2.77"],
        ["--address", STRANGER, "--delay-off"],
        ["--address", STRANGER, "--until-tested"],
        ["--address", STRANGER, "--wait"],
    ],
)
def test_refused(windows: Windows, words: list[str]) -> None:
    status, said = command(windows, "open", "--permanent", *words)
    assert (status, bool(said["error"])) == (2, True)
    assert listed(windows) == OTHERS


def test_neither_twice_nor_with_a_deadline(windows: Windows) -> None:
    number = permanent(windows)
    assert command(windows, "open", "--permanent", "--address", STRANGER)[0] == 2
    assert command(windows, "extend", str(number))[0] == 2
    assert command(windows, "close", "--all") == (0, {"schema": 1, "windows": []})
    assert command(windows, "close")[0] == 2
    assert listed(windows) == f"{STRANGER}\n{OTHERS}"


@pytest.mark.parametrize("first", ["window", "entry"])
@pytest.mark.parametrize("address", [TESTER, "64.20.227.133"], ids=["same", "within"])
def test_beside_a_window_for_the_same_address(windows: Windows, first: str, address: str) -> None:
    """Each takes out its own line and leaves the other's in force."""
    if first == "window":
        window = windows.open()["id"]
        entry = permanent(windows, address)
    else:
        entry = permanent(windows, address)
        window = windows.open()["id"]
    assert sorted(listed(windows).splitlines()) == sorted([*OTHERS.splitlines(), *MXTOOLBOX, address])

    closed = windows.close(window)
    assert closed["state"] == "closed"
    assert "edited by somebody else" not in closed["remark"]
    assert listed(windows) == f"{address}\n{OTHERS}"
    assert windows.delay(address) == 0

    window = windows.open()["id"]
    status, said = command(windows, "close", str(entry))
    assert (status, said["windows"][0]["state"]) == (0, "closed")
    assert "edited by somebody else" not in said["windows"][0]["remark"]
    assert windows.delay(address) == 0
    assert windows.close(window)["remark"] == ""
    assert listed(windows) == OTHERS
    assert windows.delay(address) == 40


def test_somebody_elses_edits_stay(windows: Windows) -> None:
    number = permanent(windows)
    windows.host.sender_verify_bypass_hosts.write_text("10.1.1.1\n" + OTHERS)
    status, said = command(windows, "close", str(number))
    assert (status, said["windows"][0]["state"]) == (0, "closed")
    assert "taken out" in said["windows"][0]["remark"]
    assert listed(windows) == "10.1.1.1\n" + OTHERS


def test_one_that_cannot_be_taken_back_is_retried_by_the_keeper(windows: Windows) -> None:
    number = permanent(windows)
    path = windows.host.sender_verify_bypass_hosts
    leftover = path.with_name(f".{path.name}.mxverdict")
    leftover.mkdir()
    try:
        assert command(windows, "close", str(number))[0] == 4
        assert [row.state for row in window_functions.open_windows(windows.host)] == ["close_failed"]
    finally:
        leftover.rmdir()
    windows.let_time_pass(31)
    assert windows.keeper() == 0
    assert listed(windows) == OTHERS


def test_greylisting_is_left_alone(windows: Windows) -> None:
    windows.box.run([windows.host.whmapi1, "enable_cpgreylist"], check=True)
    number = permanent(windows)
    assert windows.trusted() == []
    assert command(windows, "close", str(number))[0] == 0
    windows.box.run([windows.host.whmapi1, "disable_cpgreylist"], check=True)
