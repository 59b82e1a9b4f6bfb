"""Whitelist windows on a server with a real Exim."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mxverdict.fs.lock import exclusive
from tests.integration.windows import MXTOOLBOX, STRANGER, TESTER, Windows
from tests.sandbox.box import Sandbox

pytestmark = pytest.mark.exim

UNPROVEN = "from mxverdict.window import verify; verify.previews = lambda *_: {}"
"""Saves the time of many previews."""


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def windows(box: Sandbox) -> Iterator[Windows]:
    """A server as it was before the first test of this file."""
    windows = Windows(box)
    lists = ("senderverifybypasshosts", "greylist_trusted_netblocks")
    for name in lists:
        (box.root / "etc" / name).write_text("")
    yield windows
    for fault in (box.root / "sandbox/faults").iterdir():
        fault.unlink()
    for path in windows.host.state.glob("*"):
        path.unlink()
    assert windows.delay() == 40
    assert windows.markers() == 3


def test_ordinary_course(windows: Windows) -> None:
    before = windows.snapshot()
    assert windows.delays(TESTER, STRANGER) == {TESTER: 40, STRANGER: 40}

    opened = windows.open(reason="ticket 7")
    assert (opened["id"], opened["kind"], opened["state"]) == (1, "whitelist", "open")
    assert opened["networks"] == list(MXTOOLBOX)
    assert 890 < opened["seconds_left"] <= 900
    assert windows.delays(TESTER, "64.20.227.133", STRANGER) == {TESTER: 0, "64.20.227.133": 0, STRANGER: 40}
    assert windows.host.sender_verify_bypass_hosts.read_text().split() == list(MXTOOLBOX)

    assert windows.close_due() == []
    assert windows.keeper() == 0
    windows.let_time_pass(890)
    assert windows.close_due() == []
    windows.let_time_pass(10)
    assert windows.keeper() == 0
    assert windows.snapshot() == before
    assert windows.delay() == 40

    entries = windows.audit()
    assert [(e["action"], e["user"], e["origin"]) for e in entries] == [
        ("open", "root", "cli"),
        ("open", "root", "cli"),
        ("close", "keeper", "keeper"),
    ]
    assert all(e["window"] == 1 and e["reason"] == "ticket 7" and e["addresses"] for e in entries)


def test_close_now(windows: Windows) -> None:
    before = windows.snapshot()
    windows.open()
    assert windows.close(1)["state"] == "closed"
    assert windows.snapshot() == before
    assert windows.close(1) == {
        "error": "WindowRefused",
        "text": "window 1 is closed already",
        "exit": 2,
    }
    assert windows.close(7)["error"] == "UsageError"


@pytest.mark.parametrize(
    "content",
    [
        b"# by hand\r\n10.0.0.1\r\n18.209.86.113\r\n\x00\xff",
        b"18.209.86.0/24\n10.0.0.1 # no newline at the end",
        b'"2001:db8::1": x\n  continued\n18.205.72.90 # keep',
    ],
)
def test_what_stood_there_before_stays(windows: Windows, content: bytes) -> None:
    path = windows.host.sender_verify_bypass_hosts
    path.write_bytes(content)
    before = windows.snapshot()
    assert windows.open()["state"] == "open"
    assert path.read_bytes().endswith(content)
    assert set(windows.delays(*(TESTER, "18.205.72.90", "52.55.244.91", "64.20.227.9")).values()) == {0}
    closed = windows.close(1)
    assert (closed["state"], closed["remark"]) == ("closed", "")
    assert windows.snapshot() == before
    path.write_text("")


def test_everything_stood_there_before(windows: Windows) -> None:
    path = windows.host.sender_verify_bypass_hosts
    path.write_text("".join(f"{network}\n" for network in MXTOOLBOX))
    before = windows.snapshot()
    assert "already" in windows.open()["remark"]
    assert windows.snapshot() == before
    assert windows.close(1)["state"] == "closed"
    assert windows.snapshot() == before
    path.write_text("")


def test_ipv6(windows: Windows) -> None:
    assert windows.delay("2001:db8:99::7") == 40
    windows.open(networks=["2001:0db8:99::/48"], tester="ours")
    assert windows.host.sender_verify_bypass_hosts.read_text() == '"2001:db8:99::/48"\n'
    assert windows.delay("2001:db8:99::7") == 0
    assert windows.close(1)["state"] == "closed"


def test_others_may_edit_meanwhile(windows: Windows) -> None:
    path = windows.host.sender_verify_bypass_hosts
    windows.open(networks=[TESTER, STRANGER])
    path.write_text(f"10.0.0.1\n{STRANGER} # mine now\n{TESTER}\n10.0.0.2\n")
    closed = windows.close(1)
    assert path.read_text() == f"10.0.0.1\n{STRANGER} # mine now\n10.0.0.2\n"
    assert closed["state"] == "closed"
    assert f"{STRANGER} had been taken out of" in closed["remark"]
    assert f"{STRANGER} is still exempt from the delay" in closed["remark"]


def test_the_list_file_is_missing(windows: Windows) -> None:
    path = windows.host.sender_verify_bypass_hosts
    path.unlink()
    assert windows.open()["state"] == "open"
    assert (path.group(), path.stat().st_mode & 0o777) == ("mail", 0o640)
    assert windows.delay() == 0
    closed = windows.close(1)
    assert (closed["state"], path.read_bytes()) == ("closed", b"")
    assert "an empty one stays" in closed["remark"]


def test_a_second_request_joins(windows: Windows) -> None:
    first = windows.open(networks=[TESTER], minutes=30)
    joined = windows.open(networks=[TESTER, STRANGER], minutes=5, tester="ours")
    assert joined["id"] == 1
    assert joined["networks"] == [TESTER, STRANGER]
    assert joined["tester"] == "mxtoolbox, ours"
    assert joined["deadline"] == first["deadline"]
    assert windows.delays(TESTER, STRANGER) == {TESTER: 0, STRANGER: 0}
    assert windows.open(networks=[TESTER], minutes=60)["deadline"] > first["deadline"] + 29 * 60
    assert windows.close(1)["state"] == "closed"
    assert windows.host.sender_verify_bypass_hosts.read_text() == ""
    assert windows.actions().count("join") == 3


def test_a_window_does_not_grow_without_end(windows: Windows) -> None:
    windows.open(networks=[f"18.0.0.{n}" for n in range(1, 61)], before=UNPROVEN)
    before = windows.snapshot()
    refused = windows.open(networks=[f"18.0.1.{n}" for n in range(1, 6)])
    assert (refused["error"], refused["text"]) == (
        "UsageError",
        "window 1 has 60 addresses already; at most 64",
    )
    assert windows.snapshot() == before
    assert windows.close(1)["state"] == "closed"


def test_a_join_that_fails_leaves_the_window_as_it_was(windows: Windows) -> None:
    windows.open(networks=[TESTER])
    before = windows.snapshot()
    failed = windows.open(
        networks=[STRANGER],
        before="""
from mxverdict.errors import HostError
from mxverdict.window import verify
def opened(*_): raise HostError("no")
verify.assert_no_delay = opened
""",
    )
    assert failed["error"] == "WindowOpenError"
    assert windows.snapshot() == before
    assert windows.delays(TESTER, STRANGER) == {TESTER: 0, STRANGER: 40}
    assert windows.close(1)["networks"] == [TESTER]


def test_extend(windows: Windows) -> None:
    first = windows.open(minutes=15)
    assert windows.extend(1, 5)["deadline"] == first["deadline"]
    assert windows.extend(1, 240)["deadline"] > first["deadline"] + 220 * 60
    for minutes in (0, 241, -1):
        assert windows.extend(1, minutes)["error"] == "UsageError"
    windows.close(1)
    assert windows.extend(1, 15)["text"] == "window 1 is closed and cannot be extended"
    assert windows.actions() == [
        "open",
        "open",
        "extend",
        "extend",
        "refuse",
        "refuse",
        "refuse",
        "close",
        "refuse",
    ]


def test_until_tested(windows: Windows) -> None:
    windows.open(until_tested=True)
    assert windows.close_due() == []
    windows.box.visit(TESTER)
    assert windows.keeper() == 0
    assert windows.close(1)["text"] == "window 1 is closed already"


def test_does_not_say_closed_before_exim_delays_again(windows: Windows) -> None:
    windows.open()
    exim = windows.host.exim
    kept = exim.with_name("kept")
    exim.rename(kept)
    exim.write_text("#!/bin/sh\nexit 1\n")
    exim.chmod(0o755)
    try:
        failed = windows.close(1)
        assert (failed["error"], failed["exit"]) == ("WindowCloseError", 4)
        assert windows.keeper() == 4
        assert windows.actions()[2:] == ["close_failed"], "the retry waits"
        windows.let_time_pass(31)
        assert windows.keeper() == 4
    finally:
        kept.rename(exim)
    windows.let_time_pass(31)
    assert windows.keeper() == 4, "the second wait is twice as long"
    assert windows.close(1)["state"] == "closed"
    assert windows.actions()[2:] == ["close_failed", "close_failed", "close"]


def test_an_entry_without_effect_is_no_open_window(windows: Windows) -> None:
    conf = windows.host.exim_conf
    kept = conf.read_text()
    conf.write_text(kept.replace("/etc/senderverifybypasshosts", "/etc/backupmxhosts"))
    before = windows.snapshot()
    failed = windows.open()
    assert windows.snapshot() == before
    conf.write_text(kept)
    assert failed["error"] == "WindowOpenError"
    assert "Exim still makes 18.209.86.113 wait 40 s" in failed["text"]


REFUSED = [
    ({"networks": []}, "UsageError"),
    ({"networks": ["mxtoolbox.com"]}, "UsageError"),
    ({"networks": ["10.0.0.0/8"]}, "UsageError"),
    ({"networks": ["203.0.113.10"]}, "UsageError"),
    ({"minutes": 0}, "UsageError"),
    ({"minutes": 9999}, "UsageError"),
    ({"minutes": 1.5}, "UsageError"),
    ({"minutes": True}, "UsageError"),
    ({"kind": "everything"}, "UsageError"),
]


def test_every_refusal_leaves_every_byte_and_is_audited(windows: Windows) -> None:
    before = windows.snapshot()
    for request, error in REFUSED:
        refused = windows.open(**request)  # type: ignore[arg-type]
        assert (refused["error"], refused["exit"]) == (error, 2), request
        assert "\n" not in refused["text"]
    assert windows.snapshot() == before
    assert windows.actions() == ["refuse"] * len(REFUSED)


@pytest.mark.parametrize("fault", ["whmapi1-garbage", "whmapi1-missing"])
def test_the_api_does_not_answer(windows: Windows, fault: str) -> None:
    before = windows.snapshot()
    api = windows.host.whmapi1
    if fault == "whmapi1-missing":
        api.rename(api.with_name("away"))
    else:
        windows.fault(fault)
    refused = windows.open()
    if fault == "whmapi1-missing":
        api.with_name("away").rename(api)
    assert (refused["error"], refused["exit"]) == ("WhmUnreachable", 3)
    assert windows.snapshot() == before
    assert windows.actions() == ["refuse"]


@pytest.mark.parametrize(
    ("target", "error"),
    [("journal", "JournalCorruptError"), ("audit", "WindowOpenError"), ("lock", "JournalError")],
)
def test_without_journal_audit_or_lock_nothing_opens(windows: Windows, target: str, error: str) -> None:
    before = windows.snapshot()
    windows.host.state.mkdir(parents=True, exist_ok=True)
    path = windows.host.lock("whitelist") if target == "lock" else getattr(windows.host, target)
    path.mkdir()
    refused = windows.open()
    path.rmdir()
    assert (refused["error"], refused["exit"]) == (error, 3)
    assert windows.snapshot() == before


def test_the_list_file_cannot_be_written(windows: Windows) -> None:
    windows.open(
        before="""
import os
def full(*_): raise OSError(28, "No space left on device")
os.write, write = full, os.write
from mxverdict.audit import log
log._append = lambda *_: None
"""
    )
    assert windows.host.sender_verify_bypass_hosts.read_text() == ""
    assert windows.close(1)["text"] == "window 1 did not open, so there is nothing to close"


def test_only_one_at_a_time(windows: Windows) -> None:
    before = windows.snapshot()
    with exclusive(windows.host, "whitelist", 0):
        busy = windows.open(before="from mxverdict.window import service; service._LOCK_WAIT = 0.2")
    assert (busy["error"], busy["exit"]) == ("WindowLockedError", 3)
    assert windows.snapshot() == before
    assert windows.actions() == ["refuse"]
