"""Reads the testers' visits from the logs; what it remembers lets the next look read only what is new."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, Union

from mxverdict.collect.mainlog.line_scan import Scan, first_time, line_after, pattern, start_of
from mxverdict.collect.mainlog.lines import times_of
from mxverdict.collect.mainlog.log_cursor import READ_ERRORS, Position, opened, position, resume
from mxverdict.collect.mainlog.log_files import LogFile, files_of
from mxverdict.collect.mainlog.plausible import is_time, is_visit
from mxverdict.collect.mainlog.visits import Visits
from mxverdict.evidence.visit import Visit, VisitLog
from mxverdict.fs.atomic_write import atomic_write
from mxverdict.fs.read import read_regular
from mxverdict.host import Host
from mxverdict.i18n.message import Message
from mxverdict.testers import Tester

_SCHEMA = 1
_MOST_VISITS = 1000


@dataclass(frozen=True)
class VisitCache:
    """What an earlier look found: everything since `since` (Unix time). `cut`: a limit on the bytes kept it
    from going back as far as it was asked to."""

    testers: str
    since: float
    cut: bool
    main: Optional[Position]
    reject: Optional[Position]
    visits: tuple[Visit, ...]


@dataclass
class LogRead:
    """One log being read: how far, from when on, and what stood in the way."""

    position: Optional[Position] = None
    first: Optional[float] = None
    cut: bool = False
    remarks: tuple[str, ...] = ()


def read_visits(
    host: Host,
    testers: Iterable[Tester],
    since: float,
    *,
    most: Optional[int] = None,
    deadline: Optional[float] = None,
) -> VisitLog:
    """The visits of `testers` since `since` (Unix time) in the main log and the reject log with their
    rotations. Only what is new since the last call is read, unless that went back less far.

    `most` limits the bytes of each log that a first look reads, the youngest ones; `deadline` is a
    `time.monotonic()` value. The answer says from when on it is complete. Never raises for what the files do.
    """
    known = list(testers)
    told = json.dumps(sorted([t.name, *(a.network for a in t.addresses)] for t in known))
    wanted = pattern(network for tester in known for network in tester.networks)
    memory = _recall(host.mainlog_memory, told)
    if memory is not None and memory.since > since and not (memory.cut and most is not None):
        memory = None
    for before in (memory, None):
        visits = Visits(known, before.visits if before else ())
        main = _look(
            host.exim_mainlog, before.main if before else None, since, most, deadline, wanted, visits.feed
        )
        if main is not None:
            break
    assert main is not None
    at = before.reject if before else None
    feed = visits.feed_rejected
    reject = _look(host.exim_rejectlog, at, since, most, deadline, wanted, feed) or _look(
        host.exim_rejectlog, None, since, most, deadline, wanted, feed
    )
    assert reject is not None
    begins = before.since if before else max(since, main.first) if main.cut and main.first else since
    found = visits.visits()[-_MOST_VISITS:]
    if len(found) == _MOST_VISITS:
        begins = max(begins, found[0].came_at)
    if main.position is not None:
        cut = before.cut if before else main.cut
        _keep(host.mainlog_memory, VisitCache(told, begins, cut, main.position, reject.position, found))
    return VisitLog(
        since=None if main.position is None else max(begins, since),
        visits=tuple(visit for visit in found if visit.came_at >= since),
        remarks=main.remarks + reject.remarks,
    )


def _look(
    log: Path,
    at: Optional[Position],
    since: float,
    most: Optional[int],
    deadline: Optional[float],
    wanted: Any,
    feed: Callable[[bytes], None],
) -> Optional[LogRead]:
    """Read a log from the position on, or without one from `since`. None: the position is in no file."""
    look = LogRead()
    parts = _from_position(log, at) if at else _from_time(log, since, most, look)
    if parts is None:
        return None
    for file, offset in parts:
        try:
            with opened(file) as text:
                scan = Scan(text, wanted, times_of(file.written), offset, deadline, current=file.current)
                for line in scan:
                    feed(line)
                look.position = position(text, scan.offset)
        except READ_ERRORS as error:
            look.remarks += (Message("{name} could not be read: {error}", name=file.path.name, error=error),)
            continue
        if not scan.complete:
            look.remarks += (
                Message("{name} was not read to its end, for lack of time", name=file.path.name),
            )
            break
    return look


def _from_position(log: Path, at: Position) -> Optional[list[tuple[LogFile, int]]]:
    """The file the position is in, newest first, and all that were written after it."""
    later: list[tuple[LogFile, int]] = []
    for file in reversed(files_of(log)):
        try:
            with opened(file) as text:
                offset = resume(text, None if file.gzipped else file.size, at)
        except READ_ERRORS:
            offset = None
        if offset is not None:
            return [(file, offset), *later]
        later.insert(0, (file, 0))
    return None


def _from_time(log: Path, since: float, most: Optional[int], look: LogRead) -> list[tuple[LogFile, int]]:
    """Where to begin in each file that can hold lines since then, within the limit of bytes."""
    parts: list[tuple[LogFile, int]] = []
    left = most
    for file in reversed(files_of(log, since)):
        if left is not None and (left <= 0 or file.gzipped):
            look.cut = True
            break
        offset = 0
        try:
            if not file.gzipped:
                with opened(file) as text:
                    times = times_of(file.written)
                    offset = start_of(text, file.size, since, times)
                    if left is not None and file.size - offset > left:
                        offset = line_after(text, file.size - left)
                        look.cut, look.first = True, first_time(text, offset, times)
        except READ_ERRORS as error:
            look.remarks += (Message("{name} could not be read: {error}", name=file.path.name, error=error),)
            continue
        if left is not None:
            left -= file.size - offset
        parts.insert(0, (file, offset))
    return parts


def _recall(path: Path, testers: str) -> Optional[VisitCache]:
    """None when there is none that can be true, or it is of other testers."""
    try:
        data = json.loads(read_regular(path))
        if data["schema"] != _SCHEMA or data["testers"] != testers:
            return None
        main, reject = (data[key] and Position(*data[key]) for key in ("main", "reject"))
        visits = tuple(Visit(*row) for row in data["visits"][: _MOST_VISITS + 1])
        memory = VisitCache(testers, data["since"], data["cut"], main, reject, visits)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    places = [place for place in (main, reject) if place is not None]
    true = (
        is_time(memory.since)
        and type(memory.cut) is bool
        and len(visits) <= _MOST_VISITS
        and all(type(place) is Position and place.plausible for place in places)
        and all(map(is_visit, visits))
    )
    return memory if true else None


def _keep(path: Path, memory: VisitCache) -> None:
    """Without a place to keep it the next look reads all again."""
    data = {
        "schema": _SCHEMA,
        "testers": memory.testers,
        "since": memory.since,
        "cut": memory.cut,
        "main": memory.main and _row(memory.main),
        "reject": memory.reject and _row(memory.reject),
        "visits": [_row(visit) for visit in memory.visits],
    }
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        atomic_write(path, json.dumps(data).encode(), durable=False)


def _row(one: Union[Position, Visit]) -> list[Any]:
    """The fields in their order, as the class takes them."""
    return list(vars(one).values())
