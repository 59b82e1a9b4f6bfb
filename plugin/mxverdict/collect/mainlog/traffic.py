"""Who sent, who left during the delay and who was refused, from all the log that a stretch of time needs.

What was counted is kept with the position (`traffic_store.py`): a later call reads the new bytes alone. A
stretch that begins before what is kept is counted from the files, in a temporary store.
"""

from __future__ import annotations

import ipaddress
import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Optional

from mxverdict.collect.mainlog.blocks import blocks
from mxverdict.collect.mainlog.ip_set import IpSet
from mxverdict.collect.mainlog.lines import NEWEST, times_of
from mxverdict.collect.mainlog.log_cursor import (
    READ_ERRORS,
    LogPart,
    opened,
    parts_after,
    parts_since,
    position,
)
from mxverdict.collect.mainlog.log_files import files_of
from mxverdict.collect.mainlog.plausible import is_traffic
from mxverdict.collect.mainlog.slots import held_at
from mxverdict.collect.mainlog.traffic_counter import HOUR, TrafficCounter
from mxverdict.collect.mainlog.traffic_query import summed
from mxverdict.collect.mainlog.traffic_store import MAX_CELLS, MAX_REFUSALS, StoreBusy, TrafficStore
from mxverdict.collect.mainlog.what_if import Ranges
from mxverdict.evidence.traffic import Traffic
from mxverdict.host import Host
from mxverdict.i18n.message import Message, message_of
from mxverdict.net.address import Network
from mxverdict.sanitize import visible

KEPT = 8 * 86_400
"""Seconds that the store goes back."""
DELAY = 20.0
"""Seconds before the banner (docs/facts/whm.md 1.1)."""
_BLOCK = 1 << 20
_FLUSH = 20_000
_LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1"))
_DAMAGE = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RecursionError)
"""What working with impossible values raises."""
_MAX_TEXT = 200


def read_traffic(
    host: Host,
    since: float,
    until: float,
    *,
    exempt: Sequence[Network] = (),
    delay: float = DELAY,
    deadline: Optional[float] = None,
    lists: Mapping[str, Sequence[Network]] = MappingProxyType({}),
) -> Traffic:
    """What the main log and its rotations tell of the time from `since` to `until` (Unix times).

    `exempt`: networks that do not count, as the testers' and the server's own; loopback
    never counts. `delay`: seconds before the banner. `deadline` (of `time.monotonic`): stop reading then;
    `complete` is False afterwards, and the next call goes on from there. `lists`: networks that could be
    exempt from the delay, by what would exempt them. Raises nothing for what a log or a damaged state file
    holds: `remarks` says what was amiss.
    """
    remarks: list[str] = []
    now = time.time()
    skipped = IpSet((*exempt, *_LOOPBACK))
    ranges = {name: Ranges(networks) for name, networks in lists.items()}
    if since >= now - KEPT + HOUR:
        for _ in range(2):
            try:
                return _counted(
                    host,
                    store_path(host),
                    now - KEPT,
                    since,
                    until,
                    skipped,
                    delay,
                    deadline,
                    ranges,
                    remarks,
                )
            except StoreBusy as error:
                remarks.append(Message("what was counted before cannot be used: {error}", error=error))
                break
            except (sqlite3.Error, *_DAMAGE) as error:
                remarks.append(
                    Message(
                        "what was counted before was damaged ({error}); everything was counted again",
                        error=_reason(error),
                    )
                )
                with suppress(OSError):
                    _remove(store_path(host))
            except OSError as error:
                remarks.append(
                    Message("what was counted before cannot be used: {error}", error=error.strerror)
                )
                break
    try:
        return _counted(host, None, since, since, until, skipped, delay, deadline, ranges, remarks)
    except (sqlite3.Error, OSError) as error:
        remarks.append(Message("the log could not be counted: {error}", error=error))
        return Traffic(since, until, None, None, False, delay, remarks=tuple(remarks))


def store_path(host: Host) -> Path:
    return host.state / "traffic.sqlite"


def _counted(
    host: Host,
    path: Optional[Path],
    kept_from: float,
    since: float,
    until: float,
    exempt: IpSet,
    delay: float,
    deadline: Optional[float],
    ranges: Mapping[str, Ranges],
    remarks: list[str],
) -> Traffic:
    with closing(TrafficStore(path)) as store:
        store.begin()
        reader = _Reader(store, host.exim_mainlog, kept_from, delay, deadline)
        reader.catch_up()
        store.commit()
        notes = (*remarks, *reader.remarks)
        held = _held(store, host.exim_mainlog, since, until, delay)
        found = summed(store, since, until, exempt, delay, reader.complete, notes, held, ranges)
    if path is not None and not is_traffic(found):
        raise ValueError(Message("what it holds cannot be true"))
    return found


def _held(
    store: TrafficStore, log: Path, since: float, until: float, delay: float
) -> Optional[Sequence[str]]:
    """The addresses of the delayed connections at the busiest moment, looked up once for each."""
    busiest = store.busiest(int(since // HOUR), int(-(-until // HOUR)))
    if busiest is None:
        return None
    if busiest.held is not None and busiest.held_by == delay:
        known = json.loads(busiest.held)
        return [one for one in known if isinstance(one, str)] if isinstance(known, list) else None
    found = held_at(log, busiest.at, delay)
    if found is not None and found.certain:
        store.begin()
        store.set_held(busiest.at, found.addresses, delay)
        store.commit()
    return None if found is None else found.addresses


class _Reader:
    def __init__(
        self, store: TrafficStore, log: Path, kept_from: float, delay: float, deadline: Optional[float]
    ) -> None:
        self._store = store
        self._log = log
        self._kept_from = kept_from
        self._deadline = deadline
        self._counter = TrafficCounter(delay, store.refused())
        self._read = self._added = 0
        self.complete = True
        self.remarks: list[str] = []

    def catch_up(self) -> None:
        """Count what the store has not seen yet, the oldest first."""
        for part in self._parts():
            if not self._count(part):
                break
        self._finish()
        if self._read > _BLOCK or self._store.note("pruned") != str(int(time.time() // HOUR)):
            self._prune()

    def _parts(self) -> Sequence[LogPart]:
        at = self._store.position
        if at is None:
            return parts_since(self._log, self._kept_from)[0]
        parts = parts_after(self._log, at, self._kept_from)
        if parts is not None:
            return parts
        last_read = self._store.time("read_at") or 0.0
        return [
            LogPart(file, 0, False)
            for file in files_of(self._log, self._kept_from)
            if file.current or file.written > last_read
        ]

    def _count(self, part: LogPart) -> bool:
        """Return whether reading may go on."""
        file, offset = part.file, part.offset
        try:
            with opened(file) as text:
                self._counter.begin(times_of(file.written))
                for block in blocks(text, offset, _BLOCK, file.current):
                    self._counter.consume(block.text, block.begin, block.end)
                    self._read += block.end - block.begin
                    offset = block.offset
                    if len(self._counter) > _FLUSH:
                        self._flush()
                    if self._deadline is not None and time.monotonic() > self._deadline:
                        self.complete = False
                        break
                self._store.position = position(text, offset)
        except READ_ERRORS as error:
            self.remarks.append(
                Message(
                    "{name} could not be read to its end: {error}",
                    name=file.path.name,
                    error=_reason(error),
                )
            )
        return self.complete

    def _flush(self) -> None:
        self._added += len(self._counter)
        self._store.add(self._counter)
        if self._added > MAX_CELLS or len(self._counter.refused) > 2 * MAX_REFUSALS:
            self._added = 0
            self._prune()
            self._counter.remember(self._store.refused())

    def _finish(self) -> None:
        self._store.add(self._counter)
        first, last = self._store.time("first"), self._counter.last
        if first is None and self._counter.first is not None:
            self._store.set_note("first", str(self._counter.first))
        if last is not None:
            self._store.set_note("last", str(last))
        self._store.set_note("read_at", str(time.time()))

    def _prune(self) -> None:
        self._store.prune(int(self._kept_from // HOUR), int((time.time() + NEWEST) // HOUR))
        self._store.set_note("pruned", str(int(time.time() // HOUR)))


def _reason(error: Exception) -> str:
    message = message_of(error)
    return message if isinstance(message, Message) else visible(message, _MAX_TEXT)


def _remove(path: Path) -> None:
    for file in (path, path.with_name(f"{path.name}-journal")):
        file.unlink(missing_ok=True)
