"""Reads the audit trail from any place in it, mostly from its end: however long it is, a look costs the
same. Written by `mxverdict.audit.log`; its rotated files count as one with the last, the oldest first."""

from __future__ import annotations

import json
import os
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from types import MappingProxyType
from typing import Any, BinaryIO, NamedTuple, Optional

from mxverdict.audit.earlier_lines import details_of, outcome_of
from mxverdict.audit.log import Outcome
from mxverdict.audit.rotation import CARRIED, rotated
from mxverdict.fs.read import open_regular
from mxverdict.host import Host
from mxverdict.i18n.message import from_json

_BLOCK = 64 * 1024
_MAX_BYTES = 8 * 1024 * 1024
"""What one look reads."""
_MAX_LINE = 256 * 1024


class Entry(NamedTuple):
    """One line. `time` is Unix time; `start` and `end` are the bytes between which it is in the file.
    `details` are what `mxverdict.audit.log.record` was given, unchecked."""

    time: float
    user: str
    origin: str
    action: str
    window: Optional[int]
    kind: str
    addresses: tuple[str, ...]
    reason: str
    result: str
    start: int
    end: int
    outcome: Outcome = Outcome.DONE
    details: Mapping[str, Any] = MappingProxyType({})

    def detail(self, name: str) -> str:
        """Return the text of that name among the details, "" where there is none."""
        value = self.details.get(name)
        return value if isinstance(value, str) else ""

    @property
    def cause(self) -> str:
        """Why a request was refused."""
        with suppress(ValueError):
            return from_json(self.details["cause"]) if "cause" in self.details else self.result
        return self.result

    @property
    def counts(self) -> dict[str, int]:
        """How many findings of each verdict a check had."""
        counts = self.details.get("counts")
        found = counts.items() if isinstance(counts, dict) else ()
        return {name: count for name, count in found if isinstance(count, int)}

    @property
    def changes(self) -> list[tuple[str, object, object]]:
        """The settings that were changed: name, value before and after."""
        changes = self.details.get("changes")
        rows = changes if isinstance(changes, list) else []
        return [(str(row[0]), row[1], row[2]) for row in rows if isinstance(row, list) and len(row) == 3]


class AuditFilter(NamedTuple):
    """What is looked for: entries for which `test` is true. Lines without any of `marks` are passed over
    unread; no mark means every line is read."""

    test: Callable[[Entry], bool] = lambda _entry: True
    marks: tuple[bytes, ...] = ()

    def passes(self, line: bytes) -> bool:
        return not self.marks or any(mark in line for mark in self.marks)


def field_pattern(name: str, value: str) -> bytes:
    """Return what is in every line whose field `name` has that value."""
    return f"{json.dumps(name)}: {json.dumps(value)}".encode()


class _Trail:
    """All files of the trail as one; what is read is at a place in the whole."""

    def __init__(self, host: Host) -> None:
        """Raises OSError, FileNotFoundError when there is no trail."""
        self._files: list[BinaryIO] = []
        self._starts: list[int] = []
        self.size = 0
        try:
            for path in (*rotated(host), host.audit):
                file = os.fdopen(open_regular(path), "rb")
                self._files.append(file)
                if len(self._files) > 1 and os.path.samestat(*map(_status, self._files[-2:])):
                    self._files.pop().close()  # a rotation that was cut short
                    continue
                self._starts.append(self.size)
                self.size += file.seek(0, 2)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> _Trail:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        for file in self._files:
            file.close()

    def is_copy(self, line: bytes, start: int) -> bool:
        """Whether an older file holds the line that begins at `start` too."""
        return CARRIED in line and self._number(start) > 0

    def read(self, place: int, size: int) -> bytes:
        parts = []
        for number in range(self._number(place), len(self._files)):
            part = self._read(number, max(0, place - self._starts[number]), size)
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def readline(self, place: int, limit: int) -> bytes:
        number = self._number(place)
        self._files[number].seek(place - self._starts[number])
        return self._files[number].readline(limit)

    def _read(self, number: int, place: int, size: int) -> bytes:
        self._files[number].seek(place)
        return self._files[number].read(size)

    def _number(self, place: int) -> int:
        return bisect_right(self._starts, place) - 1


def _status(file: BinaryIO) -> os.stat_result:
    return os.fstat(file.fileno())


class AuditPage(NamedTuple):
    """`entries` are the newest first. `older` and `newer` are the places to go on from, None where the file
    ends; `damaged` lines among those read were left out; `stopped` says that a look ended early, having read
    its share."""

    entries: tuple[Entry, ...] = ()
    older: Optional[int] = None
    newer: Optional[int] = None
    damaged: int = 0
    stopped: bool = False


def read_before(host: Host, wanted: AuditFilter, place: Optional[int] = None, count: int = 50) -> AuditPage:
    """The last `count` entries that stand before `place`, by default before the end of the file.

    Raises OSError when the file is there and cannot be read.
    """
    try:
        with _Trail(host) as file:
            size = file.size
            end = size if place is None else _boundary(file, place, size)
            return _back(file, wanted, end, size, count)
    except FileNotFoundError:
        return AuditPage()


def read_after(host: Host, wanted: AuditFilter, place: int, count: int = 50) -> AuditPage:
    """The first `count` entries from `place` on, which are fewer than `count` only at the end of the file or
    where the look stopped. Raises OSError as `before` does."""
    try:
        with _Trail(host) as file:
            size = file.size
            return _forth(file, wanted, _boundary(file, place, size), size, count)
    except FileNotFoundError:
        return AuditPage()


def _back(file: _Trail, wanted: AuditFilter, end: int, size: int, count: int) -> AuditPage:
    found: list[Entry] = []
    damaged = 0
    place = end
    for start, line in _lines_backwards(file, end):
        place = start
        if not wanted.passes(line) or file.is_copy(line, start):
            continue
        entry = _entry(line, start)
        if entry is None:
            damaged += bool(line.strip())
        elif wanted.test(entry):
            if len(found) == count:
                return AuditPage(tuple(found), found[-1].start, _next(end, size), damaged)
            found.append(entry)
    stopped = place > 0
    older = place if stopped and place < end else None
    return AuditPage(tuple(found), older, _next(end, size), damaged, stopped)


def _forth(file: _Trail, wanted: AuditFilter, start: int, size: int, count: int) -> AuditPage:
    found: list[Entry] = []
    damaged = 0
    place = start
    while place < min(size, start + _MAX_BYTES):
        line = file.readline(place, _MAX_LINE)
        if not line:
            break
        passes = wanted.passes(line) and not file.is_copy(line, place)
        entry = _entry(line, place) if passes else None
        if entry is None:
            damaged += bool(line.strip()) and passes
        elif wanted.test(entry):
            if len(found) == count:
                return _forwards(found, start, found[-1].end, damaged, stopped=False)
            found.append(entry)
        place += len(line)
    return _forwards(found, start, _next(place, size), damaged, stopped=place < size)


def _forwards(
    found: list[Entry], start: int, newer: Optional[int], damaged: int, *, stopped: bool
) -> AuditPage:
    return AuditPage(tuple(reversed(found)), start or None, newer, damaged, stopped)


def _next(place: int, size: int) -> Optional[int]:
    return place if place < size else None


def _boundary(file: _Trail, place: int, size: int) -> int:
    """`place` if a line begins there; the end of the file for any other, which no page of ours links to."""
    if not 0 < place < size:
        return 0 if place == 0 else size
    return place if file.read(place - 1, 1) == b"\n" else size


def _lines_backwards(file: _Trail, end: int) -> Iterator[tuple[int, bytes]]:
    """The lines before `end` with the places they begin at, the last first, as far as one look goes."""
    place, rest = end, b""
    while place > max(0, end - _MAX_BYTES):
        size = min(_BLOCK, place)
        place -= size
        lines = (file.read(place, size) + rest).split(b"\n")
        starts = [place]
        for line in lines[:-1]:
            starts.append(starts[-1] + len(line) + 1)
        first = 0 if place == 0 else 1
        yield from reversed(list(zip(starts, lines))[first:])
        rest = lines[0][:_MAX_LINE]


def _entry(line: bytes, start: int) -> Optional[Entry]:
    with suppress(ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        data = json.loads(line)
        window = data["window"]
        texts = [data[name] for name in ("user", "origin", "action", "kind", "reason", "result")]
        addresses = tuple(data["addresses"])
        if all(isinstance(text, str) for text in (*texts, *addresses)) and isinstance(
            window, (int, type(None))
        ):
            user, origin, action, kind, reason, result = texts
            time = datetime.fromisoformat(data["time"]).timestamp()
            end = start + len(line.rstrip(b"\n")) + 1
            if "outcome" in data:
                outcome, details = Outcome(data["outcome"]), data.get("details", {})
                result = from_json(data["message"]) if "message" in data else result
            else:
                outcome, details = outcome_of(action, result), details_of(action, result)
            if not isinstance(details, dict):
                return None
            return Entry(
                time,
                user,
                origin,
                action,
                window,
                kind,
                addresses,
                reason,
                result,
                start,
                end,
                outcome,
                details,
            )
    return None
