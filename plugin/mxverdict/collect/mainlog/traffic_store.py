"""Keeps what was counted of the log, hour by hour, with the position reading stopped at: one SQLite file of
bounded size, or a temporary one."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple, Optional

from mxverdict.collect.mainlog import traffic_store_sql as sql
from mxverdict.collect.mainlog.ip_set import IpSet
from mxverdict.collect.mainlog.log_cursor import Position
from mxverdict.collect.mainlog.plausible import is_time
from mxverdict.collect.mainlog.traffic_counter import TrafficCounter
from mxverdict.fs.read import NotRegular
from mxverdict.i18n.message import Message

MAX_CELLS = 300_000
MAX_REFUSALS = 5_000
_TIMEOUT = 10.0
_BUSY = (5, 6)
"""SQLITE_BUSY and SQLITE_LOCKED."""


class StoreBusy(Exception):
    """Another process is counting."""


class CellRow(NamedTuple):
    """A row of the hours kept: one address in one hour, or (address "") `addresses` of them together."""

    hour: int
    address: str
    name: str
    connections: int
    departed: int
    at_once: int
    later: int
    delivered: int
    logged_in: int
    first_departed: int
    last_departed: int
    first_delivery: int
    first_after: int
    last_connection: int
    addresses: int


class HourRow(NamedTuple):
    """Sums of an hour; `untold` addresses are put together in it."""

    hour: int
    connections: int
    departed: int
    at_once: int
    later: int
    delivered: int
    untold: int


class SenderRow(NamedTuple):
    """One address that left, over all the hours chosen."""

    address: str
    connections: int
    departed: int
    at_once: int
    later: int
    delivered: int
    first_departed: int
    last_departed: int
    last_connection: int


class BusiestRow(NamedTuple):
    """The most connections at once, and when; `held` are the addresses of those that were delayed by
    `held_by` seconds (JSON), None while they are not known."""

    connections: int
    at: int
    held: Optional[str]
    held_by: Optional[float]


class RefusalRow(NamedTuple):
    """Refusals of one relay host, sender domain and cause over some hours, or (address "") of `grouped` such
    groups together."""

    address: str
    domain: str
    cause: str
    times: int
    deferred: int
    first: int
    last: int
    grouped: int


class TrafficStore:
    """An open store at `path`, or a temporary one. Raises sqlite3.Error and OSError as the file does.

    All between `begin` and `commit` is stored together or not at all.
    """

    def __init__(self, path: Optional[Path] = None) -> None:
        if path is not None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
            regular = stat.S_ISREG(os.fstat(file).st_mode)
            os.close(file)
            if not regular:
                raise NotRegular(path)
        self._db = sqlite3.connect(str(path or ""), timeout=_TIMEOUT, isolation_level=None)
        try:
            self._db.execute("PRAGMA synchronous = NORMAL")
            self.begin()
            (kept,) = self._db.execute("PRAGMA user_version").fetchone()
            if 0 < kept < sql.FORMAT:
                for statement in sql.DROP_EARLIER:
                    self._db.execute(statement)
                kept = 0
            if kept not in (0, sql.FORMAT):
                raise sqlite3.DatabaseError(
                    Message("its format is {kept}, not {known}", kept=kept, known=sql.FORMAT)
                )
            if kept == 0:
                for statement in sql.SCHEMA:
                    self._db.execute(statement)
            self.commit()
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        self._db.close()

    def begin(self) -> None:
        """Wait for another process that counts. Raises StoreBusy when that takes too long."""
        began = time.monotonic()
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            code = getattr(error, "sqlite_errorcode", None)  # from Python 3.11 on
            waited = time.monotonic() - began >= _TIMEOUT / 2
            if waited if code is None else code & 0xFF in _BUSY:
                raise StoreBusy(str(error)) from None
            raise

    def commit(self) -> None:
        self._db.execute("COMMIT")

    def note(self, name: str) -> str:
        row = self._db.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def set_note(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, value))

    def time(self, name: str) -> Optional[float]:
        with suppress(ValueError):
            value = float(self.note(name))
            return value if is_time(value) else None
        return None

    @property
    def position(self) -> Optional[Position]:
        try:
            place = Position(**json.loads(self.note("position")))
        except (ValueError, TypeError, RecursionError):
            return None
        return place if place.plausible else None

    @position.setter
    def position(self, value: Position) -> None:
        self.set_note("position", json.dumps(asdict(value)))

    def refused(self) -> dict[tuple[str, str], int]:
        """The pairs of address and domain that were refused, and when first."""
        return {(address, domain): first for address, domain, first in self._db.execute(sql.REFUSED_PAIRS)}

    def add(self, counter: TrafficCounter) -> None:
        """Add what was counted, and clear it there."""
        self._db.executemany(
            sql.ADD_CELL,
            (
                (
                    *key, c.name, c.connections, c.left, c.at_once, c.later, c.delivered, c.logged_in,
                    c.first_left, c.last_left, c.first_delivery, c.first_after, c.last_connection, 1,
                )
                for key, c in counter.cells.items()
            ),
        )  # fmt: skip
        self._db.executemany(
            sql.ADD_REFUSAL,
            (
                (*key, r.name, r.count, r.deferred, r.first, r.last, r.sender, r.text, 1)
                for key, r in counter.refusals.items()
            ),
        )
        self._db.executemany(sql.ADD_PASSED, ((*key, *value) for key, value in counter.passed.items()))
        self._db.executemany(
            sql.ADD_SLOTS,
            (
                (hour, s.connections, s.at, s.refused, s.last_refused, s.refused_of_address)
                for hour, s in counter.slots.items()
            ),
        )
        counter.clear()

    def prune(self, oldest: int, newest: int) -> None:
        """Drop the hours before `oldest` and after `newest`; put the addresses of the oldest hours together
        where there are too many, those with the smallest counts first."""
        for statement in sql.DROP_OTHERS:
            self._db.execute(statement, (oldest, newest))
        (rows,) = self._db.execute(sql.COUNT_CELLS).fetchone()
        if rows > MAX_CELLS:
            self._fold(
                rows - MAX_CELLS * 9 // 10, sql.CHOOSE_CELLS, sql.SUM_CELLS, sql.DROP_CELLS, sql.ADD_CELL
            )
        (rows,) = self._db.execute(sql.COUNT_REFUSALS).fetchone()
        if rows > MAX_REFUSALS:
            self._fold(
                rows - MAX_REFUSALS * 9 // 10,
                sql.CHOOSE_REFUSALS,
                sql.SUM_REFUSALS,
                sql.DROP_REFUSALS,
                sql.ADD_REFUSAL,
            )
        self._db.execute(sql.DROP_PASSED)

    def _fold(self, rows: int, choose: str, add_up: str, drop: str, add: str) -> None:
        """Put that many rows together, hour by hour."""
        self._db.execute(choose, (rows,))
        sums = self._db.execute(add_up).fetchall()
        self._db.execute(drop)
        self._db.executemany(add, sums)
        self._db.execute(sql.DROP_CHOSEN)

    def choose(self, first: int, end: int, exempt: IpSet) -> None:
        """Ask from here to `returned` about the hours from `first` to before `end`, leaving out the exempt
        addresses and those whose users logged in."""
        for statement in sql.CHOOSE:
            self._db.execute(statement)
        self._db.execute(sql.CHOSEN_HOURS, (first, end))
        self._db.execute(sql.SKIP_USERS)
        self._db.executemany(sql.SKIP_SINGLE, ((address,) for address in exempt.single))
        for beginning in exempt.beginnings:
            found = self._db.execute(sql.BEGINNING_WITH, (beginning, beginning + "\uffff")).fetchall()
            self._db.executemany(sql.SKIP_SINGLE, (row for row in found if row[0] in exempt))
        self._db.execute(sql.SENDERS)
        self._db.execute(sql.SENDERS_INDEX)

    def busiest(self, first: int, end: int) -> Optional[BusiestRow]:
        """The moment with the most connections in these hours."""
        row = self._db.execute(sql.BUSIEST, (first, end)).fetchone()
        return None if row is None else BusiestRow._make(row)

    def set_held(self, at: int, addresses: Sequence[str], delay: float) -> None:
        self._db.execute(sql.HELD, (json.dumps(addresses), delay, at))

    def not_skipped(self, addresses: Sequence[str]) -> int:
        """How many of them are of those chosen, each as often as it is there."""
        return sum(self._db.execute(sql.IS_SKIPPED, (one,)).fetchone() is None for one in addresses)

    def refused_connections(self, first: int, end: int) -> tuple[int, int, int]:
        """For want of a slot, when last, and because one address had too many."""
        found: tuple[int, int, int] = self._db.execute(sql.REFUSED_CONNECTIONS, (first, end)).fetchone()
        return found

    def hours(self) -> Iterator[HourRow]:
        """The hours that hold anything, the oldest first."""
        return map(HourRow._make, self._db.execute(sql.HOURS))

    def skipped_connections(self) -> dict[str, int]:
        """Of `exempt` addresses and of each `user`'s."""
        return {"exempt": 0, "user": 0, **dict(self._db.execute(sql.SKIPPED).fetchall())}

    def delivering(self) -> int:
        """Addresses that delivered anything."""
        (number,) = self._db.execute(sql.DELIVERING).fetchone()
        return int(number)

    def turned_away(self) -> tuple[int, int]:
        """Addresses that left and delivered nothing, and their connections that left."""
        addresses, connections = self._db.execute(sql.NEVER_DELIVERED).fetchone()
        return int(addresses), int(connections)

    def giving_up(self, min_times: int, limit: int) -> tuple[int, list[SenderRow]]:
        """Return how many addresses left `min_times` times and did nothing else but, perhaps, come once more,
        and the `limit` most frequent."""
        (number,) = self._db.execute(sql.COUNT_GIVING_UP, (min_times,)).fetchone()
        rows = self._db.execute(sql.FREQUENT_GIVING_UP, (min_times, limit)).fetchall()
        return int(number), [SenderRow._make(row) for row in rows]

    def left(self) -> Iterator[tuple[str, int]]:
        """Each address that left, and how often."""
        return iter(self._db.execute(sql.LEFT))

    def sender(self, address: str) -> SenderRow:
        """One that left."""
        return SenderRow._make(self._db.execute(sql.SENDER, (address,)).fetchone())

    def name_of(self, address: str) -> str:
        """The host name Exim logged last, "" for none."""
        row = self._db.execute(sql.NAME_OF, (address,)).fetchone()
        return str(row[0]) if row else ""

    def returned(self) -> Iterator[CellRow]:
        """The hours of all addresses that left and delivered, address by address."""
        return map(CellRow._make, self._db.execute(sql.RETURNED))

    def refusals(self, first: int, end: int) -> Iterator[RefusalRow]:
        """The groups of these hours, the most frequent first."""
        return map(RefusalRow._make, self._db.execute(sql.REFUSALS, (first, end)))

    def said_last(self, row: RefusalRow, end: int) -> tuple[str, str, str]:
        """Host name, sender and Exim's words of a group's last refusal before the hour `end`."""
        values = end, row.address, row.domain, row.cause
        found: tuple[str, str, str] = self._db.execute(sql.SAID_LAST, values).fetchone()
        return found

    def passed(self, row: RefusalRow, end: int) -> tuple[int, Optional[int]]:
        """How many messages of its domain came from that host after a group's first refusal, as near as the
        hours tell, and when the last one came."""
        values = end, row.address, row.domain, row.first
        found: tuple[int, Optional[int]] = self._db.execute(sql.PASSED, values).fetchone()
        return found
