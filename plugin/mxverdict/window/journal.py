"""The journal: one row per window, one row per change, durable before anything on the server changes.

SQLite with a rollback journal and `synchronous=EXTRA`: with FULL a power cut straight after a commit could
bring the rollback journal back and undo it (SQLite documentation, "PRAGMA synchronous"). A second copy
is written too before every change of the server; `repair_journal` restores a damaged journal from that.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Optional

from mxverdict.errors import JournalCorruptError, JournalError, JournalNewerError, WindowLockedError
from mxverdict.fs.lock import exclusive
from mxverdict.fs.read import is_regular_or_absent
from mxverdict.fs.safe_edit import fsync_folder
from mxverdict.host import Host
from mxverdict.i18n.message import Message, from_json, to_json
from mxverdict.window.deadline import Deadline
from mxverdict.window.model import (
    CLOSE_FAILED,
    DAY,
    ENTRIES,
    FINISHED,
    MAILED,
    NOT_MAILED,
    OPEN,
    Window,
    WindowKind,
    WindowState,
)

VERSION = 3
"""Of the tables, kept as `user_version`; a journal with a higher one is read alone. Version 3 knows the kind
`common_mail_providers`, which an earlier program would take for damage."""
KEPT = 1000
"""Windows, counted from the newest, that are never forgotten."""

_TIMEOUT = 10.0
_COPY = "copy"
_COLUMNS = (
    "testers TEXT NOT NULL DEFAULT ''",
    "visit TEXT NOT NULL DEFAULT ''",
    "messages TEXT NOT NULL DEFAULT ''",
)
"""Those that came with version 2. `testers` and `messages` are JSON: `tester` and the texts of the row, which
version 1 knows, with their parts."""
_TABLES = ("windows", "changes")
_TEXTS = ("remark", "error", "visit")
_VISIT_OF_VERSION_1 = "the tester came from"
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS windows (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, state TEXT NOT NULL, tester TEXT NOT NULL, networks TEXT NOT NULL,
    opened_at REAL NOT NULL, armed_at REAL NOT NULL, deadline REAL NOT NULL,
    boot_deadline REAL NOT NULL, boot_id TEXT NOT NULL, minutes INTEGER NOT NULL,
    opened_by TEXT NOT NULL, origin TEXT NOT NULL, reason TEXT NOT NULL, until_tested INTEGER NOT NULL,
    before TEXT NOT NULL, log_inode INTEGER NOT NULL, log_offset INTEGER NOT NULL,
    remark TEXT NOT NULL DEFAULT '', error TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0, last_attempt REAL NOT NULL DEFAULT 0,
    next_attempt REAL NOT NULL DEFAULT 0, mailed INTEGER NOT NULL DEFAULT 0, closed_at REAL,
    {_COLUMNS[0]}, {_COLUMNS[1]}, {_COLUMNS[2]}
);
CREATE TABLE IF NOT EXISTS changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    window INTEGER NOT NULL REFERENCES windows, kind TEXT NOT NULL, state TEXT NOT NULL, plan TEXT NOT NULL
);
PRAGMA user_version = {VERSION};
"""

PLANNED = "planned"
APPLIED = "applied"
REVERTED = "reverted"
DEFERRED = "dormant"


class Change(NamedTuple):
    """One change of a window. `plan` says what stood there before and what we write."""

    id: int
    kind: str
    state: str
    plan: dict[str, Any]


class Journal:
    """An open journal. Every method raises JournalError when the file does not do its part, JournalNewerError
    when a later version has written it and something is to be changed, or is not as this version knows it."""

    def __init__(self, host: Host, *, create: bool = False) -> None:
        self.host = host
        self.path = host.journal
        self.copy = host.journal_copy
        self.is_newer = False
        with self._errors():
            if create:
                _create(host)
            for path in (self.path, rollback_journal(self.path)):
                if not is_regular_or_absent(path):
                    raise ValueError(Message("{path} is no regular file", path=path))
            self.connection = sqlite3.connect(
                f"{self.path.as_uri()}?mode=rw", uri=True, timeout=_TIMEOUT, isolation_level=None
            )
            self.connection.row_factory = sqlite3.Row
            self.connection.execute("PRAGMA synchronous = EXTRA")
            self.is_newer = self._version() > VERSION
            if self.is_newer:
                self.connection.execute("PRAGMA query_only = ON")
                if create:
                    self.close()
                    raise self._newer()
            if create and not self._version():
                self.connection.executescript(f"BEGIN IMMEDIATE;{_SCHEMA}COMMIT;")
            if create:
                self._migrate()

    def close(self) -> None:
        self.connection.close()

    def migrate(self) -> None:
        """Bring the tables to this version, in one transaction."""
        with self._errors():
            self._migrate()

    def _migrate(self) -> None:
        if self._version() not in (1, 2):
            return
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            if self._version() == 1:  # nobody else did it meanwhile
                for column in _COLUMNS:
                    self.connection.execute(f"ALTER TABLE windows ADD COLUMN {column}")
                self.connection.execute(
                    "UPDATE windows SET visit = remark WHERE until_tested AND instr(remark, ?)",
                    (_VISIT_OF_VERSION_1,),
                )
            self.connection.execute(f"PRAGMA user_version = {VERSION}")
            self.connection.execute("COMMIT")
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise

    def is_empty(self) -> bool:
        """Whether no window was ever stored, as after a creation that the full disk cut short."""
        with self._errors():
            if self._version():
                return False
            if self.copy.exists():
                raise ValueError(Message("it has lost its content"))
            return True

    def check(self) -> None:
        """Raises JournalCorruptError when the file is not sound."""
        with self._errors():
            answer = self.connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if answer != "ok":
                raise ValueError(answer)
        if not self.is_newer and not self.is_empty():
            for window in self.unfinished():
                self.changes(window.id)

    def windows(self, limit: int) -> list[Window]:
        """Newest first, without the permanent entries that stand."""
        return self._windows(
            "WHERE kind NOT IN (?, ?) OR state != ? ORDER BY id DESC LIMIT ?", *ENTRIES, OPEN, limit
        )

    def unmailed(self) -> list[Window]:
        """Those whose mail is owed: "does not close", or "closed now" for a day after the first one."""
        return self._windows(
            "WHERE state = ? AND mailed = ? OR state IN (?, ?) AND mailed = ? AND closed_at > ? ORDER BY id",
            *(CLOSE_FAILED, NOT_MAILED, *FINISHED, MAILED, time.time() - DAY),
        )

    def unfinished(self) -> list[Window]:
        """Oldest first."""
        return self._windows("WHERE state NOT IN (?, ?) ORDER BY id", *FINISHED)

    def permanent(self) -> list[Window]:
        """The permanent entries that stand, oldest first."""
        return self._windows("WHERE kind IN (?, ?) AND state = ? ORDER BY id", *ENTRIES, OPEN)

    def window(self, window_id: int) -> Optional[Window]:
        return next(iter(self._windows("WHERE id = ?", window_id)), None)

    def insert(self, window: Window) -> Window:
        """Store a new window; the answer carries its number."""
        fields = _fields(window)
        names = ", ".join(fields)
        marks = ", ".join("?" * len(fields))
        with self._errors():
            cursor = self.connection.execute(
                f"INSERT INTO windows ({names}) VALUES ({marks})",  # noqa: S608  (own column names)
                list(fields.values()),
            )
        with suppress(JournalError):
            self._forget(cursor.lastrowid or 0)
        return self._existing(cursor.lastrowid or 0)

    def _forget(self, newest: int) -> None:
        """Of windows that are finished, all but the latest, which nothing is still to be done for: every look
        and every copy would take longer with them. What became of them is in the audit log."""
        finished = "id <= ? AND state IN (?, ?) AND closed_at < ?"
        values = (newest - KEPT, *FINISHED, time.time() - DAY)
        old = f"SELECT id FROM windows WHERE {finished}"  # noqa: S608
        with self._errors():
            self.connection.execute(
                f"DELETE FROM changes WHERE window IN ({old}) AND state = ?",  # noqa: S608
                (*values, REVERTED),
            )
            self.connection.execute(
                f"DELETE FROM windows WHERE {finished} AND id NOT IN (SELECT window FROM changes)",  # noqa: S608
                values,
            )

    def store(self, window: Window) -> Window:
        """Write a window's row, and the copy if that can be; not what was mailed, which `note_mail` keeps."""
        fields = _fields(window)
        del fields["mailed"]
        assignments = ", ".join(f"{name} = ?" for name in fields)
        with self._errors():
            self.connection.execute(
                f"UPDATE windows SET {assignments} WHERE id = ?",  # noqa: S608
                [*fields.values(), window.id],
            )
        with suppress(JournalError):
            self._write_copy()
        return window

    def note_mail(self, window_id: int, before: int, after: int) -> bool:
        """Note what was mailed; False when somebody else has noted something else than `before`."""
        with self._errors():
            cursor = self.connection.execute(
                "UPDATE windows SET mailed = ? WHERE id = ? AND mailed = ?", (after, window_id, before)
            )
        if cursor.rowcount:
            with suppress(JournalError):
                self._write_copy()
        return bool(cursor.rowcount)

    def store_log_position(self, window: Window) -> None:
        with self._errors():
            self.connection.execute(
                "UPDATE windows SET log_inode = ?, log_offset = ? WHERE id = ?",
                (window.log_inode, window.log_offset, window.id),
            )

    def plan(self, window_id: int, kind: str, plan: dict[str, Any], change_id: Optional[int] = None) -> int:
        """Record what is going to be changed, in the copy too, or replace that plan; returns its number."""
        text = json.dumps(plan)
        with self._errors():
            if change_id is not None:
                self.connection.execute("UPDATE changes SET plan = ? WHERE id = ?", (text, change_id))
            else:
                cursor = self.connection.execute(
                    "INSERT INTO changes (window, kind, state, plan) VALUES (?, ?, ?, ?)",
                    (window_id, kind, PLANNED, text),
                )
                change_id = cursor.lastrowid or 0
        self._write_copy()
        return change_id

    def mark(self, change_id: int, state: str) -> None:
        with self._errors():
            self.connection.execute("UPDATE changes SET state = ? WHERE id = ?", (state, change_id))

    def changes(self, window_id: int) -> list[Change]:
        """Those of one window that still stand, oldest first."""
        return self._changes("window = ? AND state IN (?, ?)", window_id, PLANNED, APPLIED)

    def pending(self, kind: str, besides: int) -> list[Change]:
        """Those of one kind that still stand, of all unfinished windows but one."""
        unfinished = "window IN (SELECT id FROM windows WHERE state NOT IN (?, ?))"
        condition = f"kind = ? AND window != ? AND state IN (?, ?) AND {unfinished}"
        return self._changes(condition, kind, besides, PLANNED, APPLIED, *FINISHED)

    def has_changes(self, window_id: int) -> bool:
        """Whether anything was ever planned for that window."""
        return bool(self._changes("window = ?", window_id))

    def deferred(self) -> list[Change]:
        return self._changes("state = ?", DEFERRED)

    def _changes(self, condition: str, *values: object) -> list[Change]:
        with self._errors():
            rows = self.connection.execute(
                f"SELECT * FROM changes WHERE {condition} ORDER BY id",  # noqa: S608
                values,
            ).fetchall()
            return [Change(row["id"], row["kind"], row["state"], json.loads(row["plan"])) for row in rows]

    def _windows(self, clause: str, *values: object) -> list[Window]:
        with self._errors():
            rows = self.connection.execute(f"SELECT * FROM windows {clause}", values).fetchall()  # noqa: S608
            return [_window(row) for row in rows]

    def _existing(self, window_id: int) -> Window:
        window = self.window(window_id)
        assert window is not None
        return window

    def _version(self) -> int:
        """Of the tables; 0 while there are none."""
        version: int = self.connection.execute("PRAGMA user_version").fetchone()[0]
        return version

    def _newer(self) -> JournalNewerError:
        return JournalNewerError(
            Message(
                "the journal {path} was written by a later version of MX Verdict, so this one changes "
                "nothing",
                path=self.path,
            )
        )

    def _write_copy(self) -> None:
        """One process at a time: the last copy is the newest."""
        temporary = self.copy.with_suffix(".new")
        with self._errors(), self._writing_copy():
            temporary.unlink(missing_ok=True)
            descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            try:
                with closing(sqlite3.connect(temporary, isolation_level=None)) as target:
                    target.execute("PRAGMA journal_mode = OFF")
                    target.execute("PRAGMA synchronous = OFF")
                    self.connection.backup(target)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            temporary.replace(self.copy)
            fsync_folder(self.copy.parent)

    @contextmanager
    def _writing_copy(self) -> Iterator[None]:
        try:
            with exclusive(self.host, _COPY, _TIMEOUT):
                yield
        except WindowLockedError as error:
            raise JournalError(
                Message("somebody else is writing {path} all the time", path=self.copy)
            ) from error

    def _is_damage(self, error: Exception) -> bool:
        """Whether the content is to blame. What SQLite calls operational (a lock, a full or read-only disk,
        and a missing table too) is only with tables missing (Python documentation, sqlite3, "Exceptions")."""
        if not isinstance(error, sqlite3.OperationalError):
            return not isinstance(error, OSError)
        try:
            with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True, timeout=0)) as connection:
                return any(
                    not connection.execute(f"PRAGMA table_info({name})").fetchall() for name in _TABLES
                )
        except sqlite3.OperationalError:
            return False
        except sqlite3.Error:
            return True

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, ValueError, KeyError, IndexError) as error:
            if self.is_newer:
                raise self._newer() from error
            kind = JournalCorruptError if self._is_damage(error) else JournalError
            raise kind(
                Message("the journal {path} cannot be used: {error}", path=self.path, error=error)
            ) from error


def rollback_journal(path: Path) -> Path:
    """SQLite's own journal beside a database; it opens one that is there."""
    return path.with_name(f"{path.name}-journal")


@contextmanager
def reading(host: Host) -> Iterator[Optional[Journal]]:
    """The journal, or None on a server that never had a window."""
    if not host.journal.exists():
        if host.journal_copy.exists():
            raise JournalCorruptError(Message("the journal {path} is missing", path=host.journal))
        yield None
        return
    with closing(Journal(host)) as journal:
        yield None if journal.is_empty() else journal


def _create(host: Host) -> None:
    new_folder = not host.state.exists()
    host.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    if new_folder:
        fsync_folder(host.state.parent)
    if not host.journal.exists():
        os.close(os.open(host.journal, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))
        fsync_folder(host.state)


def _fields(window: Window) -> dict[str, Any]:
    return {
        "kind": window.kind,
        "state": window.state,
        "tester": window.tester,
        "testers": json.dumps(window.testers),
        "networks": json.dumps(window.networks),
        "opened_at": window.opened_at,
        "armed_at": window.ends.armed_at,
        "deadline": window.ends.wall,
        "boot_deadline": window.ends.boot,
        "boot_id": window.ends.boot_id,
        "minutes": window.minutes,
        "opened_by": window.opened_by,
        "origin": window.origin,
        "reason": window.reason,
        "until_tested": int(window.until_tested),
        "before": json.dumps(window.before),
        "log_inode": window.log_inode,
        "log_offset": window.log_offset,
        "remark": window.remark,
        "error": window.error,
        "visit": window.visit,
        "messages": json.dumps(to_json({name: getattr(window, name) for name in _TEXTS})),
        "attempts": window.attempts,
        "last_attempt": window.last_attempt,
        "next_attempt": window.next_attempt,
        "mailed": window.mailed,
        "closed_at": window.closed_at,
    }


def _parts(row: sqlite3.Row, column: str) -> Any:
    """What a column of version 2 holds as JSON; None where there is nothing to be read, for whatever reason:
    the texts of version 1 are there all the same, and a window must close."""
    with suppress(IndexError, ValueError, TypeError, RecursionError):
        return json.loads(row[column])
    return None


def _testers(row: sqlite3.Row) -> tuple[str, ...]:
    """Those of a row of version 1, too, and of one that a program of version 1 has changed since."""
    testers = _parts(row, "testers")
    if isinstance(testers, list) and ", ".join(map(str, testers)) == row["tester"]:
        return tuple(map(str, testers))
    return tuple(row["tester"].split(", ")) if row["tester"] else ()


def _texts(row: sqlite3.Row) -> dict[str, str]:
    """The messages of a row; its texts as they are where those of version 1 are newer."""
    parts = _parts(row, "messages")
    texts = {"remark": row["remark"], "error": row["error"]}
    texts["visit"] = row["visit"] if "visit" in row.keys() else _visit_of_version_1(row)  # noqa: SIM118
    for name, text in texts.items():
        with suppress(ValueError, RecursionError):
            message = from_json(parts[name]) if isinstance(parts, dict) and name in parts else text
            texts[name] = message if message == text else text
    return texts


def _visit_of_version_1(row: sqlite3.Row) -> str:
    remark: str = row["remark"]
    return remark if row["until_tested"] and _VISIT_OF_VERSION_1 in remark else ""


def _window(row: sqlite3.Row) -> Window:
    return Window(
        id=row["id"],
        kind=WindowKind(row["kind"]),
        state=WindowState(row["state"]),
        testers=_testers(row),
        networks=tuple(json.loads(row["networks"])),
        opened_at=row["opened_at"],
        ends=Deadline(row["armed_at"], row["deadline"], row["boot_deadline"], row["boot_id"]),
        minutes=row["minutes"],
        opened_by=row["opened_by"],
        origin=row["origin"],
        reason=row["reason"],
        until_tested=bool(row["until_tested"]),
        before=json.loads(row["before"]),
        log_inode=row["log_inode"],
        log_offset=row["log_offset"],
        **_texts(row),
        attempts=row["attempts"],
        last_attempt=row["last_attempt"],
        next_attempt=row["next_attempt"],
        mailed=row["mailed"],
        closed_at=row["closed_at"],
    )
