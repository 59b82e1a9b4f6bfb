"""Greylisting is switched off or on, and its trusted hosts are edited, while a whitelist window is open."""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random
from typing import Any, Callable

import pytest

from mxverdict.window.changes import exim_config
from tests.conftest import Tally
from tests.faults.trial import Trial
from tests.integration.windows import TESTER, Windows
from tests.sandbox.box import Sandbox

BLOCK = "64.20.227.0/24"
RANGE = "64.20.227.0-64.20.227.255"
SIX = "2001:db8:99::7"
NETWORKS = [TESTER, BLOCK, SIX]
THEIRS = ("198.51.100.200", "the office")


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def windows(box: Sandbox) -> Iterator[Windows]:
    """Greylisting is on, and one host of the admin's is trusted."""
    windows = Windows(box)
    switch(windows, on=True)
    for host, _ in windows.trusted():
        api(windows, "delete_cpgreylist_trusted_host", f"ip={host}")
    trust(windows, *THEIRS)
    yield windows
    for path in windows.host.state.glob("*"):
        path.unlink()


def api(windows: Windows, *words: str) -> None:
    windows.box.run([windows.host.whmapi1, "--output=json", *words], check=True)


def wait_until(condition: Callable[[], bool], what: str) -> None:
    give_up = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < give_up, what
        time.sleep(0.05)


def followed(windows: Windows) -> bool:
    """Whether Exim's list holds the trusted hosts, or nothing while greylisting is off."""
    text = windows.host.greylist_trusted_netblocks.read_text()
    return len(text.splitlines()) == (len(windows.trusted()) if is_on(windows) else 0)


def is_on(windows: Windows) -> bool:
    return (windows.box.root / "var/cpanel/greylist/enabled").exists()


def switch(windows: Windows, *, on: bool) -> None:
    """As in WHM, which rebuilds the configuration and restarts Exim in the background."""
    if is_on(windows) == on:
        return
    before = windows.daemon()
    api(windows, "enable_cpgreylist" if on else "disable_cpgreylist")
    wait_until(lambda: restarted(windows, before), "Exim was not restarted")
    wait_until(lambda: followed(windows), "Exim's list does not follow")


def restarted(windows: Windows, before: int) -> bool:
    try:
        return windows.daemon() != before and exim_config.is_applied(windows.host)
    except (OSError, ValueError):
        return False


def trust(windows: Windows, host: str, comment: str) -> None:
    api(windows, "create_cpgreylist_trusted_host", f"ip={host}", f"comment={comment}")
    wait_until(lambda: followed(windows), "Exim's list does not follow")


def distrust(windows: Windows, host: str) -> None:
    api(windows, "delete_cpgreylist_trusted_host", f"ip={host}")
    wait_until(lambda: followed(windows), "Exim's list does not follow")


def end(windows: Windows, by: str) -> dict[str, Any]:
    if by == "close":
        answer: dict[str, Any] = windows.close(1)
        return answer
    windows.let_time_pass(900)
    (closed,) = windows.close_due()
    return dict(closed)


@pytest.mark.parametrize("by", ["close", "keeper"])
def test_switched_off_for_good(windows: Windows, tally: Tally, by: str) -> None:
    """The trusted hosts stay stored, without effect, since the API cannot delete them now. They go when
    greylisting is on again."""
    trial = Trial(windows)
    windows.open(networks=NETWORKS)
    switch(windows, on=False)
    closed = end(windows, by)
    assert closed["state"] == "closed"
    assert "Greylisting was switched off meanwhile" in closed["remark"]
    assert windows.host.sender_verify_bypass_hosts.read_text() == ""
    assert windows.host.greylist_trusted_netblocks.read_text() == ""
    assert windows.keeper() == 0
    switch(windows, on=True)
    assert windows.keeper() == 0
    wait_until(lambda: followed(windows), "Exim's list does not follow")
    tally("greylisting switched off meanwhile", trial.damage())


@pytest.mark.parametrize("by", ["close", "keeper"])
def test_switched_off_and_on_again(windows: Windows, tally: Tally, by: str) -> None:
    trial = Trial(windows)
    windows.open(networks=NETWORKS)
    switch(windows, on=False)
    switch(windows, on=True)
    assert end(windows, by)["state"] == "closed"
    tally("greylisting switched off and on meanwhile", trial.damage())


@pytest.mark.parametrize("by", ["close", "keeper"])
def test_switched_on(windows: Windows, tally: Tally, by: str) -> None:
    switch(windows, on=False)
    trial = Trial(windows)
    windows.open(networks=NETWORKS)
    switch(windows, on=True)
    assert windows.trusted() == [THEIRS]
    assert end(windows, by)["state"] == "closed"
    trial.expect("greylist_trusted_netblocks", b"198.51.100.200/32 # the office\n")
    tally("greylisting switched on meanwhile", trial.damage())


@pytest.mark.random
@pytest.mark.parametrize("by", ["close", "keeper"])
def test_switched_off_at_the_same_moment(windows: Windows, tally: Tally, random: Random, by: str) -> None:
    trial = Trial(windows)
    windows.open(networks=NETWORKS)
    delay = random.uniform(0, 0.5)
    print(f"switched off after {delay:.3f} s")
    words = [
        "sh",
        "-c",
        'sleep "$1"; exec "$2" disable_cpgreylist',
        "sh",
        f"{delay:.3f}",
        windows.host.whmapi1,
    ]
    daemon = windows.daemon()
    other = windows.box.start(words)
    windows.let_time_pass(900)
    if by == "close":
        assert windows.close(1).get("exit", 4) == 4
    else:
        assert windows.keeper() in (0, 4)
    assert other.wait(30) == 0
    other.communicate()
    wait_until(lambda: restarted(windows, daemon), "Exim was not restarted")
    wait_until(lambda: followed(windows), "Exim's list does not follow")
    windows.let_time_pass(31)
    assert windows.keeper() == 0
    switch(windows, on=True)
    windows.keeper()
    wait_until(lambda: followed(windows), "Exim's list does not follow")
    tally("greylisting switched off at the same moment", trial.damage())


@pytest.mark.parametrize("by", ["close", "keeper"])
@pytest.mark.parametrize("hosts", [[TESTER], [TESTER, RANGE, SIX]], ids=["one", "all"])
def test_our_hosts_removed(windows: Windows, tally: Tally, hosts: list[str], by: str) -> None:
    trial = Trial(windows)
    windows.open(networks=NETWORKS)
    for host in hosts:
        distrust(windows, host)
    assert end(windows, by)["state"] == "closed"
    tally("trusted host: ours removed", trial.damage())


EDITS = {
    "another comment": (TESTER, TESTER, True),
    "widened": (RANGE, "64.20.0.0/16", False),
    "narrowed": (RANGE, "64.20.227.0/25", False),
    "one address of it": (RANGE, "64.20.227.133", False),
}
"""Which of ours the admin replaces by what, and whether the window remarks it."""


@pytest.mark.parametrize("by", ["close", "keeper"])
@pytest.mark.parametrize("edit", EDITS)
def test_our_host_edited(windows: Windows, tally: Tally, edit: str, by: str) -> None:
    ours, theirs, remarked = EDITS[edit]
    trial = Trial(windows)
    windows.open(networks=NETWORKS)
    distrust(windows, ours)
    trust(windows, theirs, "mine now")
    closed = end(windows, by)
    assert closed["state"] == "closed", closed
    assert ("was trusted by somebody else meanwhile" in closed["remark"]) == remarked
    stored = [entry for entry in windows.trusted() if entry[1] == "mine now"]
    assert len(stored) == 1
    trial.trusted = sorted([THEIRS, *stored])
    listed = windows.host.greylist_trusted_netblocks.read_bytes()
    assert [line.partition(b" # ")[2] for line in listed.splitlines()] == [b"the office", b"mine now"]
    trial.expect("greylist_trusted_netblocks", listed)
    trial.delays = windows.delays(*trial.delays)
    assert trial.delays[TESTER] == (0 if theirs == TESTER else 40)
    tally(f"trusted host: ours edited, {edit}", trial.damage())


@pytest.mark.parametrize("by", ["close", "keeper"])
def test_another_host_added(windows: Windows, tally: Tally, by: str) -> None:
    """Also one that contains ours."""
    trial = Trial(windows)
    windows.open(networks=NETWORKS)
    trust(windows, "64.20.0.0/16", "wide")
    assert end(windows, by)["state"] == "closed"
    trial.trusted = sorted([THEIRS, ("64.20.0.0-64.20.255.255", "wide")])
    trial.expect("greylist_trusted_netblocks", b"198.51.100.200/32 # the office\n64.20.0.0/16 # wide\n")
    tally("trusted host: one that contains ours added", trial.damage())
