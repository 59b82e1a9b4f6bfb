"""The journal keeps what it was told, and says so when it cannot."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mxverdict.errors import JournalError, JournalNewerError
from mxverdict.host import Host
from mxverdict.window import journal as journal_module
from mxverdict.window import keeper
from mxverdict.window.journal import APPLIED, DEFERRED, REVERTED, Change, Journal, reading
from mxverdict.window.journal_repair import repair_journal
from mxverdict.window.model import (
    CLOSE_FAILED,
    CLOSED,
    COMMON_PROVIDERS,
    FAILED,
    MAILED,
    NOT_MAILED,
    OPEN,
    OPENING,
    PERMANENT,
    WHITELIST,
)
from tests.unit.window.rows import window


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.fixture
def journal(host: Host) -> Iterator[Journal]:
    with closing(Journal(host, create=True)) as journal:
        yield journal


def test_a_row_comes_back_as_it_went_in(journal: Journal) -> None:
    stored = journal.insert(window(remark="r", error="e", attempts=3, last_attempt=1.5, next_attempt=9.5))
    assert stored == window(id=1, remark="r", error="e", attempts=3, last_attempt=1.5, next_attempt=9.5)
    changed = window(id=1, state=CLOSED, mailed=MAILED, closed_at=7.0, until_tested=True, log_inode=5)
    journal.store(changed)
    assert journal.note_mail(1, NOT_MAILED, MAILED)
    assert journal.window(1) == changed
    assert journal.window(2) is None


def test_order_and_what_is_finished(journal: Journal) -> None:
    for state in (CLOSED, OPENING, FAILED, CLOSE_FAILED):
        journal.insert(window(state=state))
    assert [row.id for row in journal.windows(3)] == [4, 3, 2]
    assert [row.id for row in journal.unfinished()] == [2, 4]


def test_permanent_entries_that_stand_are_apart(journal: Journal) -> None:
    for kind, state in ((PERMANENT, OPEN), (WHITELIST, OPEN), (PERMANENT, CLOSED), (PERMANENT, CLOSE_FAILED)):
        journal.insert(window(kind=kind, state=state))
    journal.insert(window(kind=COMMON_PROVIDERS, state=OPEN, networks=()))
    assert [row.id for row in journal.permanent()] == [1, 5]
    assert [row.id for row in journal.windows(9)] == [4, 3, 2]
    assert [row.id for row in journal.unfinished()] == [1, 2, 4, 5]


def test_what_other_windows_have_changed(journal: Journal) -> None:
    for state in (OPEN, OPEN, CLOSED, OPEN):
        journal.insert(window(state=state))
    for number, kind in ((1, "list_entries"), (2, "list_entries"), (2, "trusted_hosts"), (3, "list_entries")):
        journal.plan(number, kind, {"lines": [str(number)]})
    journal.mark(journal.plan(4, "list_entries", {"lines": ["4"]}), REVERTED)
    assert [change.plan["lines"] for change in journal.pending("list_entries", 1)] == [["2"]]
    assert [change.plan["lines"] for change in journal.pending("list_entries", 9)] == [["1"], ["2"]]


def test_changes_stand_until_they_are_reverted(journal: Journal) -> None:
    journal.insert(window())
    assert not journal.has_changes(1)
    first = journal.plan(1, "list_entries", {"lines": ["a"]})
    assert journal.plan(1, "list_entries", {"lines": ["b"]}, first) == first
    second = journal.plan(1, "trusted_hosts", {"networks": []})
    journal.mark(first, APPLIED)
    assert journal.changes(1) == [
        Change(first, "list_entries", APPLIED, {"lines": ["b"]}),
        Change(second, "trusted_hosts", "planned", {"networks": []}),
    ]
    journal.mark(first, REVERTED)
    journal.mark(second, DEFERRED)
    assert journal.changes(1) == []
    assert [change.id for change in journal.deferred()] == [second]
    assert journal.has_changes(1)


def test_is_durable_and_for_root_alone(host: Host, journal: Journal) -> None:
    assert stat.S_IMODE(host.state.stat().st_mode) == 0o700
    assert stat.S_IMODE(host.journal.stat().st_mode) == 0o600
    assert journal.connection.execute("PRAGMA synchronous").fetchone()[0] == 3
    assert journal.connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete"


def test_the_folder_is_on_disk_before_the_journal_is_used(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(journal_module, "fsync_folder", synced.append)
    Journal(host, create=True).close()
    assert synced == [host.state.parent, host.state]


def test_a_server_that_never_had_a_window(host: Host) -> None:
    with reading(host) as journal:
        assert journal is None
    assert not host.state.exists()


def test_a_file_that_was_made_and_never_filled(host: Host) -> None:
    host.state.mkdir(parents=True)
    host.journal.touch()
    with reading(host) as journal:
        assert journal is None
    with closing(Journal(host, create=True)) as journal:
        assert journal.unfinished() == []


def test_garbage_is_one_clear_error(host: Host) -> None:
    host.state.mkdir(parents=True)
    host.journal.write_bytes(b"not a database, but long enough to be taken for one" * 100)
    with pytest.raises(JournalError, match=r"journal\.sqlite cannot be used: file is not a database"):
        Journal(host, create=True)


def test_locked_by_somebody_else(host: Host, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "_TIMEOUT", 0.05)
    with closing(sqlite3.connect(host.journal, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(JournalError, match="locked"), closing(Journal(host)) as second:
            second.insert(window())
    assert journal.windows(9) == []


def test_a_full_disk(journal: Journal) -> None:
    journal.insert(window())
    pages = journal.connection.execute("PRAGMA page_count").fetchone()[0]
    journal.connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(JournalError, match="full"):
        for _ in range(1000):
            journal.insert(window(reason="x" * 200))


def test_it_does_not_grow_without_end(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reseller may open a window after the other; each look and each copy reads them all."""
    monkeypatch.setattr(journal_module, "KEPT", 3)
    for _ in range(10):
        row = journal.insert(window(state=CLOSED, closed_at=1.0))
        journal.mark(journal.plan(row.id, "list_entries", {"lines": []}), REVERTED)
    assert [row.id for row in journal.windows(99)] == [10, 9, 8]
    assert journal.connection.execute("SELECT count(*) FROM changes").fetchone()[0] == 3


def test_nothing_is_forgotten_that_has_to_be_done(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "KEPT", 1)
    kept = [
        journal.insert(window(state=state, kind=kind, closed_at=closed_at)).id
        for state, kind, closed_at in (
            (OPEN, WHITELIST, None),
            (OPEN, PERMANENT, None),
            (CLOSE_FAILED, WHITELIST, None),
            (CLOSED, WHITELIST, time.time()),
        )
    ]
    for state in (DEFERRED, APPLIED):
        left = journal.insert(window(state=CLOSED, closed_at=1.0)).id
        journal.mark(journal.plan(left, "trusted_hosts", {}), state)
        kept.append(left)
    gone = journal.insert(window(state=FAILED, closed_at=1.0)).id
    last = journal.insert(window(state=CLOSED, closed_at=1.0)).id
    assert journal.window(gone) is None
    assert [number for number in range(1, last) if journal.window(number) is not None] == kept
    assert len(journal.deferred()) == 1


def test_a_journal_that_cannot_forget_opens_windows(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: int) -> None:
        raise JournalError

    monkeypatch.setattr(journal, "_forget", fails)
    assert journal.insert(window()).id == 1


def test_a_row_that_makes_no_sense(journal: Journal) -> None:
    journal.insert(window())
    journal.connection.execute("UPDATE windows SET networks = 'no json'")
    with pytest.raises(JournalError):
        journal.windows(1)


def of_a_later_version(host: Host, *changes: str) -> bytes:
    """Make the journal what a later version may have made of it; answers its bytes."""
    with closing(sqlite3.connect(host.journal)) as connection, connection:
        for change in (*changes, f"PRAGMA user_version = {journal_module.VERSION + 1}"):
            connection.execute(change)
    return host.journal.read_bytes()


def test_a_later_versions_journal_is_read_and_never_changed(host: Host, journal: Journal) -> None:
    journal.store(journal.insert(window(state=OPEN)))
    copy = host.journal_copy.read_bytes()
    content = of_a_later_version(host, "ALTER TABLE windows ADD COLUMN tested INTEGER")
    with reading(host) as later:
        assert later is not None
        assert [one.id for one in later.unfinished()] == [1]
        for change in (
            lambda: later.insert(window()),
            lambda: later.store(window(id=1, state=CLOSED)),
            lambda: later.plan(1, "x", {}),
            lambda: later.note_mail(1, NOT_MAILED, MAILED),
        ):
            with pytest.raises(JournalNewerError, match="later version"):
                change()
    with pytest.raises(JournalNewerError, match="later version"):
        Journal(host, create=True)
    assert (host.journal.read_bytes(), host.journal_copy.read_bytes()) == (content, copy)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE windows RENAME COLUMN before TO delays",
        "UPDATE windows SET networks = 'no JSON'",
        "ALTER TABLE windows RENAME TO test_windows",
    ],
)
def test_a_later_version_that_keeps_other_things_is_no_damage(
    host: Host, journal: Journal, change: str
) -> None:
    journal.store(journal.insert(window(state=OPEN)))
    content = of_a_later_version(host, change)
    repair_journal(host, 1.0)
    assert host.journal.read_bytes() == content
    with pytest.raises(JournalNewerError, match="later version"), reading(host) as later:
        assert later is not None
        later.unfinished()


def test_the_keeper_says_that_a_later_version_has_written_the_journal(host: Host, journal: Journal) -> None:
    journal.store(journal.insert(window(state=OPEN)))
    content = of_a_later_version(host)
    done = subprocess.run(
        [sys.executable, "-I", "-S", keeper.__file__],
        env={"MXVERDICT_ROOT": str(host.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == JournalNewerError.exit_status
    assert (done.stderr.count("\n"), "later version" in done.stderr) == (1, True), done.stderr
    assert host.journal.read_bytes() == content
