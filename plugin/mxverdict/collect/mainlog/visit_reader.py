"""Reads the testers' visits from the logs; what it remembers lets the next call read only what is new."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, Union

from mxverdict.collect.mainlog.line_scan import pattern
from mxverdict.collect.mainlog.log_cursor import Position, first_time_of, parts_after, parts_since
from mxverdict.collect.mainlog.log_reader import LogReader
from mxverdict.collect.mainlog.plausible import is_time, is_visit
from mxverdict.collect.mainlog.visits import Visits
from mxverdict.evidence.visit import Visit, VisitLog
from mxverdict.fs.atomic_write import atomic_write
from mxverdict.fs.read import read_regular
from mxverdict.host import Host
from mxverdict.testers import Tester

_SCHEMA = 1
_MAX_VISITS = 1000


@dataclass(frozen=True)
class VisitCache:
    """What an earlier call found: everything since `since` (Unix time). `cut`: a limit on the bytes kept it
    from going back as far as it was asked to."""

    testers: str
    since: float
    cut: bool
    main: Optional[Position]
    reject: Optional[Position]
    visits: tuple[Visit, ...]


@dataclass(frozen=True)
class LogRead:
    """How far a log was read, whether a limit on the bytes left out its beginning and from when on it was
    read then (Unix time), and what could not be read."""

    position: Optional[Position]
    first: Optional[float]
    cut: bool
    remarks: tuple[str, ...]


def read_visits(
    host: Host,
    testers: Iterable[Tester],
    since: float,
    *,
    max_bytes: Optional[int] = None,
    deadline: Optional[float] = None,
) -> VisitLog:
    """Return the visits of `testers` since `since` (Unix time) in the main log and the reject log with their
    rotations. Only what is new since the last call is read, unless that went back less far.

    `max_bytes` limits what a first call reads of each log to the youngest part; `deadline` is a
    `time.monotonic()` value. The answer says from when on it is complete. Never raises for what the files do.
    """
    known = list(testers)
    names = json.dumps(sorted([t.name, *(a.network for a in t.addresses)] for t in known))
    networks = [(network, tester.name) for tester in known for network in tester.networks]
    wanted = pattern(network for network, _ in networks)
    cache = _recall(host.mainlog_memory, names)
    if cache is not None and cache.since > since and not (cache.cut and max_bytes is not None):
        cache = None

    def read(log: Path, at: Optional[Position], feed: Callable[[bytes], object]) -> Optional[LogRead]:
        """Return None when the position is in no file."""
        parts, cut = (parts_after(log, at), False) if at else parts_since(log, since, max_bytes)
        if parts is None:
            return None
        first = first_time_of(parts[0]) if cut and parts else None
        reader = LogReader(parts, wanted, deadline)
        for line in reader:
            feed(line.raw)
        return LogRead(reader.position, first, cut, reader.remarks)

    for before in (cache, None):
        visits = Visits(networks, before.visits if before else ())
        main = read(host.exim_mainlog, before.main if before else None, visits.feed)
        if main is not None:
            break
    assert main is not None
    at = before.reject if before else None
    reject = read(host.exim_rejectlog, at, visits.feed_rejected) or read(
        host.exim_rejectlog, None, visits.feed_rejected
    )
    assert reject is not None
    begins = before.since if before else max(since, main.first or since)
    found = visits.visits()[-_MAX_VISITS:]
    if len(found) == _MAX_VISITS:
        begins = max(begins, found[0].came_at)
    if main.position is not None:
        cut = before.cut if before else main.cut
        _keep(host.mainlog_memory, VisitCache(names, begins, cut, main.position, reject.position, found))
    return VisitLog(
        since=None if main.position is None else max(begins, since),
        visits=tuple(visit for visit in found if visit.came_at >= since),
        remarks=main.remarks + reject.remarks,
    )


def _recall(path: Path, testers: str) -> Optional[VisitCache]:
    """None when there is none that can be true, or it is of other testers."""
    try:
        data = json.loads(read_regular(path))
        if data["schema"] != _SCHEMA or data["testers"] != testers:
            return None
        main, reject = (data[key] and Position(*data[key]) for key in ("main", "reject"))
        visits = tuple(Visit(*row) for row in data["visits"][: _MAX_VISITS + 1])
        memory = VisitCache(testers, data["since"], data["cut"], main, reject, visits)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    places = [place for place in (main, reject) if place is not None]
    true = (
        is_time(memory.since)
        and type(memory.cut) is bool
        and len(visits) <= _MAX_VISITS
        and all(type(place) is Position and place.plausible for place in places)
        and all(map(is_visit, visits))
    )
    return memory if true else None


def _keep(path: Path, memory: VisitCache) -> None:
    """Store what was found. A place that cannot be written only makes the next call read all again."""
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
