"""What the keeper does when closing is hard: disk, journal, clock, reboot, mail."""

from __future__ import annotations

import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from mxverdict.window.journal import Journal
from tests.integration.windows import STRANGER, TESTER, Windows
from tests.sandbox.box import Sandbox
from tests.sandbox.whm.defaults import CONTACT

pytestmark = pytest.mark.exim


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as box:
        yield box


@pytest.fixture
def windows(box: Sandbox) -> Iterator[Windows]:
    windows = Windows(box)
    yield windows
    for fault in (box.root / "sandbox/faults").iterdir():
        fault.unlink()
    for path in windows.host.state.glob("*"):
        path.unlink()
    windows.host.sender_verify_bypass_hosts.write_text("")


def set_columns(windows: Windows, **values: object) -> None:
    with closing(Journal(windows.host)) as journal:
        for column, value in values.items():
            journal.connection.execute(f"UPDATE windows SET {column} = ?", (value,))


def is_closed(windows: Windows) -> bool:
    return windows.host.sender_verify_bypass_hosts.read_text() == ""


def test_the_boot_clock_ends_it_when_the_wall_clock_was_put_back(windows: Windows) -> None:
    windows.open()
    set_columns(windows, deadline=time.time() + 86_400, armed_at=time.time() + 86_000)
    assert windows.keeper() == 0
    assert not is_closed(windows)
    set_columns(windows, boot_deadline=time.clock_gettime(time.CLOCK_BOOTTIME))
    assert windows.keeper() == 0
    assert is_closed(windows)


def test_after_a_reboot_it_is_due_by_the_wall_clock(windows: Windows) -> None:
    windows.open()
    set_columns(windows, boot_id="another", boot_deadline=1e9, deadline=time.time() - 1)
    assert windows.keeper() == 0
    assert is_closed(windows)


def test_waiting_for_a_retry_does_not_outlast_a_clock_put_back(windows: Windows) -> None:
    windows.open()
    exim = windows.host.exim
    kept = exim.rename(exim.with_name("kept"))
    exim.symlink_to("/bin/false")
    assert windows.close(1)["error"] == "WindowCloseError"
    exim.unlink()
    kept.rename(exim)
    set_columns(windows, last_attempt=time.time() + 3600, next_attempt=time.time() + 3630)
    assert windows.keeper() == 0
    assert is_closed(windows)
    assert windows.close(1)["text"] == "window 1 is closed already"


def test_a_journal_that_cannot_be_written_does_not_hold_the_window_open(windows: Windows) -> None:
    windows.open()
    windows.let_time_pass(900)
    with closing(sqlite3.connect(windows.host.journal, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        quick = "from mxverdict.window import journal; journal._TIMEOUT = 0.05"
        (left,) = windows.close_due(before=quick)
    assert left["state"] == "close_failed"
    assert "locked" in left["error"]
    assert is_closed(windows)
    assert windows.delay() == 40
    assert windows.keeper() == 0
    assert windows.close(1)["text"] == "window 1 is closed already"


def test_an_audit_trail_that_cannot_be_written_does_not_hold_it_open(windows: Windows) -> None:
    windows.open()
    windows.host.audit.unlink()
    windows.host.audit.mkdir()
    assert windows.close(1)["state"] == "closed"
    windows.host.audit.rmdir()
    assert is_closed(windows)


def test_the_list_file_cannot_be_replaced(windows: Windows) -> None:
    windows.open()
    leftover = windows.host.sender_verify_bypass_hosts.with_name(".senderverifybypasshosts.mxverdict")
    leftover.mkdir()
    windows.let_time_pass(900)
    assert windows.keeper() == 4
    assert not is_closed(windows)
    leftover.rmdir()
    windows.let_time_pass(31)
    assert windows.keeper() == 0
    assert is_closed(windows)


def test_one_failing_window_does_not_hold_up_the_other(windows: Windows) -> None:
    windows.open("whitelist")
    windows.open("delay_off", [])
    fault = windows.fault("buildeximconf-fails")
    windows.let_time_pass(900)
    assert windows.keeper() == 4
    assert is_closed(windows)
    assert windows.close(1)["text"] == "window 1 is closed already"
    fault.unlink()
    assert windows.close(2)["state"] == "closed"
    assert windows.markers() == 3


def test_the_contact_gets_one_mail_of_each_kind(windows: Windows) -> None:
    sendmail = windows.host.sendmail
    letters = windows.box.root / "letters"
    target = sendmail.readlink()
    sendmail.unlink()
    sendmail.write_text(f'#!/bin/sh\necho "arguments: $*" >> {letters}\nexec cat >> {letters}\n')
    sendmail.chmod(0o755)
    windows.open("delay_off", [])
    fault = windows.fault("buildeximconf-fails")
    for _ in range(3):
        windows.let_time_pass(2000)
        assert windows.keeper() == 4
    text = letters.read_text()
    assert text.count("arguments: -t -i\n") == 1
    assert f"To: {CONTACT}\n" in text
    assert "Subject: MX Verdict: test window 1 on " in text
    assert "buildeximconf ended with status 1" in text
    assert "correct that in WHM, Exim Configuration Manager, Advanced Editor" in " ".join(text.split())
    fault.unlink()
    letters.unlink()
    windows.let_time_pass(2000)
    for _ in range(2):
        assert windows.keeper() == 0
    text = letters.read_text()
    assert text.count("arguments: -t -i\n") == 1
    assert "is closed now" in text
    assert windows.actions() == ["open", "open", "close_failed", "close_failed", "close_failed", "close"]
    sendmail.unlink()
    sendmail.symlink_to(target)


def test_a_command_finds_what_is_due_and_waits_for_nobody(windows: Windows) -> None:
    assert windows.close_due() == []
    assert not windows.host.journal.exists()
    windows.open(networks=[TESTER])
    windows.let_time_pass(900)
    (closed,) = windows.close_due()
    assert (closed["id"], closed["state"]) == (1, "closed")
    refused = windows.open(networks=[STRANGER], minutes=0)
    assert refused["error"] == "UsageError"


def test_files_are_for_root_alone(windows: Windows) -> None:
    windows.open()
    windows.close(1)
    assert stat.S_IMODE(windows.host.state.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in windows.host.state.iterdir()} == {0o600}
