"""Whitelist windows while cPanel's Greylisting is on: its trusted hosts follow the window."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.integration.windows import STRANGER, TESTER, Windows
from tests.sandbox.box import Sandbox

pytestmark = pytest.mark.exim

QUICK = "from mxverdict.window.changes import greylist; greylist._FILE_WAIT = 0.1"


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        (box.root / "var/cpanel/greylist/enabled").touch()
        box.rebuild()
        yield box


@pytest.fixture
def windows(box: Sandbox) -> Iterator[Windows]:
    windows = Windows(box)
    yield windows
    for fault in (box.root / "sandbox/faults").iterdir():
        fault.unlink()
    (box.root / "var/cpanel/greylist/enabled").touch()
    for path in windows.host.state.glob("*"):
        path.unlink()
    for host, _ in windows.trusted():
        api(windows, "delete_cpgreylist_trusted_host", f"ip={host}")
    wait_for(windows, "")
    windows.host.sender_verify_bypass_hosts.write_text("")


def api(windows: Windows, *words: str) -> None:
    done = windows.box.run([windows.host.whmapi1, "--output=json", *words])
    assert json.loads(done.stdout)["metadata"]["result"] == 1, done.stdout


def wait_for(windows: Windows, content: str) -> None:
    give_up = time.monotonic() + 5
    while windows.host.greylist_trusted_netblocks.read_text() != content:
        assert time.monotonic() < give_up, windows.host.greylist_trusted_netblocks.read_text()
        time.sleep(0.05)


def test_ordinary_course(windows: Windows) -> None:
    assert windows.open(networks=[TESTER, "64.20.227.0/24", "2001:db8:99::7"])["remark"] == ""
    comment = "MX Verdict window 1"
    assert windows.trusted() == [
        (TESTER, comment),
        ("64.20.227.0-64.20.227.255", comment),
        ("2001:db8:99::7", comment),
    ]
    assert windows.host.greylist_trusted_netblocks.read_text() == (
        f'{TESTER} # {comment}\n64.20.227.0/24 # {comment}\n"2001:db8:99::7/128" # {comment}\n'
    ).replace(TESTER, f"{TESTER}/32")
    windows.let_time_pass(900)
    assert windows.keeper() == 0
    assert windows.trusted() == []
    assert windows.host.greylist_trusted_netblocks.read_text() == ""
    assert windows.delay() == 40


def test_who_was_trusted_before_stays_so(windows: Windows) -> None:
    api(windows, "create_cpgreylist_trusted_host", "ip=64.20.0.0-64.20.255.255", "comment=theirs")
    wait_for(windows, "64.20.0.0/16 # theirs\n")
    before = windows.trusted()
    windows.open(networks=["64.20.227.0/24", TESTER])
    assert windows.trusted() == [*before, (TESTER, "MX Verdict window 1")]
    assert windows.close(1)["state"] == "closed"
    assert windows.trusted() == before


def test_trusted_by_somebody_else_meanwhile(windows: Windows) -> None:
    windows.open(networks=[TESTER])
    api(windows, "delete_cpgreylist_trusted_host", f"ip={TESTER}")
    api(windows, "create_cpgreylist_trusted_host", f"ip={TESTER}", "comment=theirs")
    closed = windows.close(1)
    assert closed["state"] == "closed"
    assert f"{TESTER} was trusted by somebody else meanwhile" in closed["remark"]
    assert windows.trusted() == [(TESTER, "theirs")]


def test_the_api_takes_only_some(windows: Windows) -> None:
    windows.fault("whmapi1-refuses", "create_cpgreylist_trusted_host No trusted hosts added.\n")
    before = windows.snapshot()
    failed = windows.open(networks=[TESTER])
    assert failed["error"] == "WindowOpenError"
    assert "No trusted hosts added" in failed["text"]
    assert windows.snapshot() == before
    assert windows.actions() == ["open", "rollback"]


def test_the_api_says_ok_and_does_nothing(windows: Windows) -> None:
    windows.fault("whmapi1-ok-without-doing")
    before = windows.snapshot()
    failed = windows.open(networks=[TESTER])
    assert failed["error"] == "WindowOpenError"
    assert "did not take 18.209.86.113" in failed["text"]
    assert windows.snapshot() == before


def test_the_list_that_exim_reads_does_not_follow(windows: Windows) -> None:
    fault = windows.fault("greylist-write-fails")
    opened = windows.open(networks=[TESTER], before=QUICK)
    assert opened["state"] == "open"
    assert "may still defer" in opened["remark"]
    fault.unlink()
    assert windows.close(1)["state"] == "closed"
    assert windows.trusted() == []


def test_the_api_is_down_at_closing(windows: Windows) -> None:
    windows.open(networks=[TESTER])
    fault = windows.fault("whmapi1-garbage")
    windows.let_time_pass(900)
    assert windows.keeper() == 4
    assert windows.host.sender_verify_bypass_hosts.read_text() == "", "what needs no API is put back at once"
    assert windows.trusted() != []
    assert windows.keeper() == 4
    assert windows.actions().count("close_failed") == 1, "the retry waits"
    assert "window 1 of this kind has not closed yet" in windows.open(networks=[STRANGER])["text"]
    fault.unlink()
    windows.let_time_pass(31)
    assert windows.keeper() == 0
    assert windows.trusted() == []
    assert windows.actions() == ["open", "open", "close_failed", "refuse", "close"]


def test_the_list_that_exim_reads_does_not_follow_at_closing(windows: Windows) -> None:
    windows.open(networks=[TESTER])
    fault = windows.fault("greylist-write-fails")
    failed = windows.close(1, before=QUICK)
    assert failed["error"] == "WindowCloseError"
    assert "greylist_trusted_netblocks still holds" in failed["text"]
    fault.unlink()
    windows.box.rebuild()
    assert windows.close(1)["state"] == "closed"


def test_the_api_answers_nonsense_at_closing(windows: Windows) -> None:
    windows.open(networks=[TESTER])
    answer = {"metadata": {"result": 1}, "data": {"is_enabled": 1, "greylist_trusted_hosts": ["x"]}}
    fault = windows.fault("whmapi1-garbage", json.dumps(answer))
    failed = windows.close(1)
    assert failed["error"] == "WindowCloseError"
    assert "\n" not in failed["text"]
    assert windows.host.sender_verify_bypass_hosts.read_text() == ""
    fault.unlink()
    assert windows.close(1)["state"] == "closed"
    assert windows.trusted() == []


def test_greylisting_is_switched_off_meanwhile(windows: Windows) -> None:
    enabled = windows.box.root / "var/cpanel/greylist/enabled"
    windows.open(networks=[TESTER])
    enabled.unlink()
    failed = windows.close(1)
    assert failed["error"] == "WindowCloseError", (
        "until a build empties the list, Exim still spares the tester"
    )
    windows.box.rebuild()
    closed = windows.close(1)
    assert closed["state"] == "closed"
    assert "no effect" in closed["remark"]
    assert windows.trusted() != []
    assert windows.keeper() == 0

    enabled.touch()
    windows.box.rebuild()
    assert windows.host.greylist_trusted_netblocks.read_text() != ""
    assert windows.keeper() == 0
    assert windows.trusted() == []
    assert windows.host.greylist_trusted_netblocks.read_text() == ""
    assert windows.audit()[-1]["result"] == "trusted hosts of a closed window deleted"
