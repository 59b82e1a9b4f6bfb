"""A journal of the version before is migrated; what older programs write into it stays readable."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mxverdict.errors import JournalCorruptError, JournalError
from mxverdict.host import Host
from mxverdict.i18n.message import Message, translate
from mxverdict.window.journal import VERSION, Journal, reading
from mxverdict.window.messages import join_notes, with_visit
from mxverdict.window.model import CLOSED, Window
from tests.spoken import speaking
from tests.unit.window.rows import window

_NOTE = Message("every address stood in {path} already and stays there", path="/etc/x")
_VISIT = Message("the tester came from {address} at {began} and {how} at {ended}",
                 address="192.0.2.1", began="9", how=Message("left with QUIT"), ended="10")  # fmt: skip
_GERMAN = {
    _NOTE.template: "jede Adresse stand schon in {path}",
    _VISIT.template: "{address} kam {began}, {how} {ended}",
    "left with QUIT": "ging mit QUIT",
}
_OLD_VISIT = "/etc/x is gone; the tester came from 192.0.2.1 at 9 and left with QUIT at 10"
_VERSION_1 = """
DROP TABLE windows; DROP TABLE changes;
CREATE TABLE windows (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, state TEXT NOT NULL, tester TEXT NOT NULL, networks TEXT NOT NULL,
    opened_at REAL NOT NULL, armed_at REAL NOT NULL, deadline REAL NOT NULL,
    boot_deadline REAL NOT NULL, boot_id TEXT NOT NULL, minutes INTEGER NOT NULL,
    opened_by TEXT NOT NULL, origin TEXT NOT NULL, reason TEXT NOT NULL, until_tested INTEGER NOT NULL,
    before TEXT NOT NULL, log_inode INTEGER NOT NULL, log_offset INTEGER NOT NULL,
    remark TEXT NOT NULL DEFAULT '', error TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0, last_attempt REAL NOT NULL DEFAULT 0,
    next_attempt REAL NOT NULL DEFAULT 0, mailed INTEGER NOT NULL DEFAULT 0, closed_at REAL
);
CREATE TABLE changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    window INTEGER NOT NULL REFERENCES windows, kind TEXT NOT NULL, state TEXT NOT NULL, plan TEXT NOT NULL
);
PRAGMA user_version = 1;
"""
_ROW = """
INSERT INTO windows (kind, state, tester, networks, opened_at, armed_at, deadline, boot_deadline, boot_id,
    minutes, opened_by, origin, reason, until_tested, before, log_inode, log_offset, remark, error)
VALUES ('whitelist', ?, ?, '["192.0.2.1"]', 1, 1, 901, 1, 'boot', 15, 'root', 'cli', '', 1, '{}', 0, 0, ?, ?)
"""


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.fixture
def old(host: Host) -> Iterator[sqlite3.Connection]:
    """A journal as version 1 made it: an open window of two testers, and one that a visit ended."""
    Journal(host, create=True).close()
    with closing(sqlite3.connect(host.journal, isolation_level=None)) as connection:
        connection.executescript(_VERSION_1)
        connection.execute(_ROW, ("open", "mxtoolbox, internet.nl", "", "no space"))
        connection.execute(_ROW, ("closed", "", _OLD_VISIT, ""))
        yield connection


def read(host: Host) -> list[Window]:
    with reading(host) as journal:
        assert journal is not None
        return journal.windows(9)


def test_one_of_version_1_is_read_as_it_is(host: Host, old: sqlite3.Connection) -> None:
    ended, opened = read(host)
    assert opened.testers == ("mxtoolbox", "internet.nl")
    assert (opened.error, opened.tested) == ("no space", False)
    assert (ended.remark, ended.testers, ended.tested) == (_OLD_VISIT, (), True)
    assert old.execute("PRAGMA user_version").fetchone() == (1,)


def test_it_is_migrated_before_it_is_written(host: Host, old: sqlite3.Connection) -> None:
    with closing(Journal(host, create=True)) as journal:
        ended, opened = journal.windows(9)
        assert ended.tested and ended.visit == _OLD_VISIT
        journal.store(dataclasses.replace(opened, state=CLOSED, remark=_NOTE))
    assert old.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert old.execute("PRAGMA quick_check").fetchone() == ("ok",)
    assert [row.remark for row in read(host)] == [_OLD_VISIT, _NOTE]
    assert [row.testers for row in read(host)] == [(), ("mxtoolbox", "internet.nl")]


def test_a_migration_that_breaks_off_changes_nothing(host: Host, old: sqlite3.Connection) -> None:
    old.execute("ALTER TABLE windows ADD COLUMN visit TEXT")
    with pytest.raises(JournalError, match="duplicate column"):
        Journal(host, create=True)
    columns = [row[1] for row in old.execute("PRAGMA table_info(windows)")]
    assert "testers" not in columns and "messages" not in columns
    assert old.execute("PRAGMA user_version").fetchone() == (1,)


def test_two_that_migrate_at_once(host: Host, old: sqlite3.Connection) -> None:
    with closing(Journal(host)) as first, closing(Journal(host)) as second:
        first.migrate()
        second.migrate()
        second._migrate()
    assert len(read(host)) == 2


def test_messages_are_kept_with_their_parts(host: Host, tmp_path: Path) -> None:
    row = with_visit(window(until_tested=True, remark=_NOTE, error=_NOTE), _VISIT)
    with closing(Journal(host, create=True)) as journal:
        journal.insert(row)
    (kept,) = read(host)
    assert kept.remark == f"{_NOTE}; {_VISIT}" and kept.tested
    with speaking(tmp_path, _GERMAN):
        note, visit = "jede Adresse stand schon in /etc/x", "192.0.2.1 kam 9, ging mit QUIT 10"
        assert translate(kept.remark) == f"{note}; {visit}"
        assert (translate(kept.error), translate(kept.visit)) == (note, visit)


def test_a_note_is_kept_once(host: Host) -> None:
    assert join_notes(join_notes("", [_NOTE, _VISIT]), [_NOTE, "more"]) == f"{_NOTE}; {_VISIT}; more"


def test_what_a_program_of_version_1_wrote_since_is_what_counts(host: Host) -> None:
    with closing(Journal(host, create=True)) as journal:
        journal.insert(window(remark=_NOTE, testers=("mxtoolbox",)))
    with closing(sqlite3.connect(host.journal)) as connection:
        connection.execute("UPDATE windows SET remark = 'closed by hand', tester = 'mxtoolbox, swaks'")
        connection.commit()
    (row,) = read(host)
    assert (row.remark, row.testers) == ("closed by hand", ("mxtoolbox", "swaks"))


def test_tables_that_are_gone_are_damage_and_a_lock_is_not(host: Host) -> None:
    Journal(host, create=True).close()
    with closing(sqlite3.connect(host.journal)) as connection:
        connection.executescript("DROP TABLE changes")
    with closing(Journal(host)) as journal, pytest.raises(JournalCorruptError):
        journal.deferred()


@pytest.mark.parametrize(
    "kept", ["", "no JSON", "[]", "7", '{"remark": 5}', '{"remark": {"msg": "a"}}', "[" * 99999]
)
def test_messages_that_cannot_be_read_leave_the_texts(host: Host, kept: str) -> None:
    """Nothing of them keeps a window from closing."""
    with closing(Journal(host, create=True)) as journal:
        journal.insert(window(remark=_NOTE, testers=("mxtoolbox", "swaks")))
    with closing(sqlite3.connect(host.journal)) as connection:
        connection.execute("UPDATE windows SET messages = ?, testers = ?", (kept, kept))
        connection.commit()
    (row,) = read(host)
    assert (row.remark, row.testers) == (str(_NOTE), ("mxtoolbox", "swaks"))
