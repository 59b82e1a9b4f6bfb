"""Where reading a log stopped, found again through rotation, truncation and copytruncate."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Optional, cast

from mxverdict.collect.mainlog.line_scan import first_time, line_after, start_of
from mxverdict.collect.mainlog.lines import times_of
from mxverdict.collect.mainlog.log_files import LogFile, files_of
from mxverdict.fs.read import open_regular

HEAD = 256
"""Bytes at the beginning that tell one file from another: they hold its first line with its time."""
READ_ERRORS = (OSError, EOFError, zlib.error)
"""What reading a log raises, damaged gzip files included."""


@dataclass(frozen=True)
class Position:
    """All before `offset` of a file has been read. `head` is how it begins, as far as that was read.

    What keeps no head and no device has "" and None for them: the number of the file identifies it then.
    """

    device: Optional[int]
    inode: int
    offset: int
    head: str = ""

    @property
    def plausible(self) -> bool:
        """Whether `position` can have made it."""
        numbers = (self.inode, self.offset, *(() if self.device is None else (self.device,)))
        return (
            all(type(number) is int and 0 <= number < 1 << 64 for number in numbers)
            and self.offset < 1 << 62
            and type(self.head) is str
            and len(self.head) <= HEAD
        )


@dataclass(frozen=True)
class LogPart:
    """What is to be read of one file: all from `offset` on, the beginning of a line. `follows`: it was
    surely written after the position that reading goes on from."""

    file: LogFile
    offset: int
    follows: bool


@contextmanager
def opened(file: LogFile) -> Iterator[BinaryIO]:
    """Open a file and unpack its text. Raises one of READ_ERRORS."""
    with os.fdopen(open_regular(file.path), "rb") as plain:
        if not file.gzipped:
            yield plain
            return
        with gzip.GzipFile(fileobj=plain) as unpacked:
            yield cast(BinaryIO, unpacked)


def position(file: BinaryIO, offset: int) -> Position:
    """Return the position `offset` of an open file."""
    status = os.fstat(file.fileno())
    return Position(status.st_dev, status.st_ino, offset, _head(file, min(HEAD, offset)))


def parts_after(log: Path, at: Position, since: float = 0.0) -> Optional[list[LogPart]]:
    """Return what was written after a position, the oldest first: the rest of its file, wherever that is now,
    or of a copy, and all newer files. None when it is in none of those written since `since` (Unix time)."""
    newer: list[LogPart] = []
    for file in reversed(files_of(log, since)):
        if _holds(file, at):
            return [LogPart(file, at.offset, True), *newer]
        newer.insert(0, LogPart(file, 0, True))
    return None


def parts_since(log: Path, since: float, max_bytes: Optional[int] = None) -> tuple[list[LogPart], bool]:
    """Return what can have been written since `since` (Unix time), the oldest first, and whether `max_bytes`
    left something out: then it is the youngest part.

    A file that cannot be opened is read from its beginning, which raises the error again.
    """
    parts: list[LogPart] = []
    left = max_bytes
    for file in reversed(files_of(log, since)):
        if left is not None and (left <= 0 or file.gzipped):
            return parts, True
        offset = 0
        if not file.gzipped:
            with suppress(*READ_ERRORS), opened(file) as text:
                offset = start_of(text, file.size, since, times_of(file.written))
                if left is not None and file.size - offset > left:
                    return [LogPart(file, line_after(text, file.size - left), False), *parts], True
        if left is not None:
            left -= file.size - offset
        parts.insert(0, LogPart(file, offset, False))
    return parts, False


def first_time_of(part: LogPart) -> Optional[float]:
    """Return when the first line was written (Unix time); None when none says so or it cannot be read."""
    with suppress(*READ_ERRORS), opened(part.file) as text:
        return first_time(text, part.offset, times_of(part.file.written))
    return None


def _holds(file: LogFile, at: Position) -> bool:
    """Whether the position was taken in this file, or in one that it is a copy of."""
    if not file.gzipped and file.size < at.offset:
        return False
    try:
        with opened(file) as text:
            if at.head:
                return _head(text, len(at.head)) == at.head
            status = os.fstat(text.fileno())
            return (
                status.st_ino == at.inode
                and at.device in (None, status.st_dev)
                and _begins_line(text, at.offset)
            )
    except READ_ERRORS:
        return False


def _begins_line(file: BinaryIO, offset: int) -> bool:
    """Whether a line begins there: after another log took the place it most likely does not."""
    if offset == 0:
        return True
    file.seek(offset - 1)
    return file.read(1) == b"\n"


def _head(file: BinaryIO, length: int) -> str:
    file.seek(0)
    return file.read(length).decode("latin-1")
