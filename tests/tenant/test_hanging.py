"""What hangs holds no window open: a mail program, a log on a dead mount, FIFOs in the place of files."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from mxverdict.audit import log
from mxverdict.audit.actor import KEEPER
from mxverdict.collect.exim_preview import delay_stanzas
from mxverdict.errors import HostError, JournalError
from mxverdict.fs import safe_edit
from mxverdict.fs.lock import exclusive, if_free
from mxverdict.host import Host
from mxverdict.host_paths import ROOT_VARIABLE
from mxverdict.window import keeper, notify
from mxverdict.window.deadline import Deadline, instant
from mxverdict.window.journal import Journal, reading
from mxverdict.window.model import (
    CLOSE_FAILED,
    CLOSED,
    DELAY_OFF,
    MAILED,
    NOT_MAILED,
    OPEN,
    WHITELIST,
    Window,
)
from mxverdict.window.queries import find_window
from mxverdict.window.watch import tester_visit
from tests.tenant.customer import wait_for
from tests.tenant.hanging import dead_mount
from tests.unit.window.rows import window

PATIENCE = 90.0
"""Seconds after which a round hangs; it takes one, and a few more for each thing that does not answer."""
HANGS = """
import time
from mxverdict.window import keeper, sweep
keeper._LIMIT = 0.5
sweep.close_all_due = lambda *_: time.sleep(600)
keeper.main()
"""


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = Host(tmp_path)
    for folder in (host.state, host.exim_mainlog.parent, host.exim_conf.parent, host.sendmail.parent):
        folder.mkdir(parents=True)
    return host


def row(host: Host, left: float, **changes: Any) -> Window:
    """A window in the journal with so many seconds to go. It has changed nothing yet."""
    with closing(Journal(host, create=True)) as journal:
        return journal.insert(window(ends=Deadline.after(instant(host), left), before={}, **changes))


def owed(host: Host, kind: str = WHITELIST) -> Window:
    """One that failed to close and is tried again later, with its mail not sent yet."""
    late = {"last_attempt": time.time(), "next_attempt": time.time() + 600}
    return row(host, -1, kind=kind, state=CLOSE_FAILED, attempts=1, **late)


def start_keeper(host: Host) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", keeper.__file__], env={ROOT_VARIABLE: str(host.root)}
    )


def keep(host: Host) -> int:
    """One round; it must not hang."""
    with start_keeper(host) as process:
        try:
            return process.wait(PATIENCE)
        finally:
            process.kill()


def state(host: Host, number: int) -> str:
    found = find_window(host, number)
    assert found is not None
    return found.state


@contextmanager
def mail_that_hangs(host: Host) -> Iterator[Path]:
    """Answers a file that is there once the mail program runs, with a line for each time."""
    runs = host.root / "runs"
    host.sendmail.write_text(f"#!/bin/sh\necho $$ >> {runs}\nexec sleep 600\n")
    host.sendmail.chmod(0o755)
    yield runs


def test_a_hanging_mail_program_holds_no_lock(host: Host) -> None:
    owed(host, DELAY_OFF)
    owed(host)
    with mail_that_hangs(host) as runs, start_keeper(host) as mailing:
        try:
            wait_for(runs)
            for kind in (WHITELIST, DELAY_OFF):
                with exclusive(host, kind, 0.0):
                    pass
            due = row(host, -1)
            keep(host)
            assert state(host, due.id) == CLOSED
            assert mailing.poll() is None
            assert len(runs.read_text().splitlines()) == 1, "one at a time"
        finally:
            mailing.kill()


def test_a_mail_that_is_not_taken_in_time_stays_owed(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify, "_TIMEOUT", 0.5)
    number = owed(host).id
    with mail_that_hangs(host):
        notify.send_owed(host)
    found = find_window(host, number)
    assert found is not None
    assert found.mailed == NOT_MAILED


def test_each_mail_is_sent_once_and_one_a_round(host: Host) -> None:
    letters = host.root / "letters"
    host.sendmail.write_text(f"#!/bin/sh\ncat > /dev/null\necho letter >> {letters}\n")
    host.sendmail.chmod(0o755)
    for kind in (WHITELIST, DELAY_OFF):
        owed(host, kind)
    for count in (1, 2, 2):
        keep(host)
        assert len(letters.read_text().splitlines()) == count


def test_a_close_under_way_forgets_no_mail(host: Host) -> None:
    """The mail is sent while somebody else holds the lock and an older row."""
    old = owed(host)
    with closing(Journal(host)) as journal:
        assert journal.note_mail(old.id, NOT_MAILED, MAILED)
        assert not journal.note_mail(old.id, NOT_MAILED, MAILED)
        journal.store(dataclasses.replace(old, attempts=2))
    found = find_window(host, old.id)
    assert found is not None
    assert (found.attempts, found.mailed) == (2, MAILED)


def test_a_log_on_a_dead_mount_holds_up_no_window(host: Host) -> None:
    waiting = row(host, 600, state=OPEN, until_tested=True)
    due = row(host, -1, kind=DELAY_OFF)
    with dead_mount(host.exim_mainlog.parent):
        assert keep(host) == 0
        assert tester_visit.log_position(host) == (0, 0)
    assert state(host, due.id) == CLOSED
    assert state(host, waiting.id) == OPEN


def test_its_deadline_counts_for_a_window_that_waits_for_its_tester(host: Host) -> None:
    waiting = row(host, -1, state=OPEN, until_tested=True)
    with dead_mount(host.exim_mainlog.parent):
        assert keep(host) == 0
    assert state(host, waiting.id) == CLOSED


def test_looks_that_hang_do_not_pile_up(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tester_visit, "_READ_TIMEOUT", 0.2)
    looks: list[int] = []

    def hang(*_: object) -> None:
        looks.append(1)
        time.sleep(5)

    monkeypatch.setattr(tester_visit, "find_session", hang)
    for _ in range(3):
        assert tester_visit.find_session_in_time(host, window()) == (None, window())
    assert len(looks) == 1


def test_a_round_ends_while_another_one_is_under_way(host: Host) -> None:
    due = row(host, -1)
    with if_free(host, "keeper") as free:
        assert free
        assert keep(host) == 0
        assert state(host, due.id) == OPEN
        long_ago = time.time() - keeper._LIMIT - keeper._MARGIN - 60
        os.utime(host.lock("keeper"), (long_ago, long_ago))
        assert keep(host) == 0
    assert state(host, due.id) == CLOSED


def test_a_round_that_hangs_is_ended(host: Host) -> None:
    due = row(host, -1)
    environment = {ROOT_VARIABLE: str(host.root), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", HANGS], env=environment, timeout=PATIENCE, check=False)
    assert done.returncode == -signal.SIGALRM
    assert keep(host) == 0
    assert state(host, due.id) == CLOSED


def test_the_unit_gives_a_round_its_time() -> None:
    unit = (Path(keeper.__file__).parents[2] / "units/mxverdict-keeper.service").read_text()
    assert "TimeoutStartSec=15min\n" in unit
    assert keeper._LIMIT < 15 * 60


@pytest.mark.parametrize("name", ["journal.sqlite", "journal.sqlite-journal"])
def test_a_fifo_for_a_journal_is_put_right(host: Host, name: str) -> None:
    due = row(host, -1)
    with closing(Journal(host)) as journal:
        journal.store(due)
    path = host.state / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    assert not keeper.idle(str(host.root))
    assert keep(host) == 0
    assert state(host, due.id) == CLOSED


def test_a_fifo_for_a_copy_is_no_sound_copy(host: Host) -> None:
    row(host, -1)
    for path in (host.journal, host.journal_copy):
        path.unlink(missing_ok=True)
        os.mkfifo(path)
    assert keep(host) == 3
    with pytest.raises(JournalError, match="no regular file"), reading(host):
        pass


def test_a_fifo_for_a_lock_is_an_error(host: Host) -> None:
    os.mkfifo(host.lock(WHITELIST))
    with pytest.raises(JournalError, match="not a regular file"), exclusive(host, WHITELIST, 0.0):
        pass


def test_a_fifo_for_the_audit_trail_is_an_error(host: Host) -> None:
    os.mkfifo(host.audit)
    with pytest.raises(JournalError, match="not a regular file"):
        log.record(host, KEEPER, "close", result="closed")


@pytest.mark.parametrize("kind", ["FIFO", "folder"])
def test_no_file_in_the_place_of_one(host: Host, kind: str) -> None:
    for path in (host.exim_conf, host.sender_verify_bypass_hosts, host.exim_mainlog):
        path.mkdir() if kind == "folder" else os.mkfifo(path)
    assert delay_stanzas(host.exim_conf) is None
    with pytest.raises(HostError, match="not a regular file"):
        safe_edit.read(host.sender_verify_bypass_hosts)
    with pytest.raises(HostError, match="no regular file"):
        safe_edit.edit(host.sender_verify_bypass_hosts, lambda _: b"x", safe_edit.NewFileMode("root", 0o600))
    assert tester_visit.find_session(host, window()) == (None, window())
