"""Where reading a log stopped, found again through rotation, truncation and copytruncate."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Optional, cast

from mxverdict.collect.mainlog.log_files import LogFile
from mxverdict.fs.read import open_regular

HEAD = 256
"""Bytes at the beginning that tell one file from another: they hold its first line with its time."""
READ_ERRORS = (OSError, EOFError, zlib.error)
"""What reading a log raises, damaged gzip files included."""


@dataclass(frozen=True)
class Position:
    """All before `offset` of a file has been read. `head` is how it begins, as far as that was read."""

    device: int
    inode: int
    offset: int
    head: str

    @property
    def plausible(self) -> bool:
        """Whether `position` can have made it."""
        numbers = (self.device, self.inode, self.offset)
        return (
            all(type(number) is int and 0 <= number < 1 << 64 for number in numbers)
            and self.offset < 1 << 62
            and type(self.head) is str
            and len(self.head) <= HEAD
        )


@contextmanager
def opened(file: LogFile) -> Iterator[BinaryIO]:
    """The file's text, unpacked. Raises one of READ_ERRORS."""
    with os.fdopen(open_regular(file.path), "rb") as plain:
        if not file.gzipped:
            yield plain
            return
        import gzip

        with gzip.GzipFile(fileobj=plain) as unpacked:
            yield cast(BinaryIO, unpacked)


def position(file: BinaryIO, offset: int) -> Position:
    """The position `offset` of an open file."""
    status = os.fstat(file.fileno())
    return Position(status.st_dev, status.st_ino, offset, _head(file, min(HEAD, offset)))


def resume(file: BinaryIO, size: Optional[int], at: Position) -> Optional[int]:
    """The offset to go on from when `at` was taken in this file, or in one it is a copy of; None when not.
    `size` is None for a gzipped file."""
    if size is not None and size < at.offset:
        return None
    if not at.head:
        status = os.fstat(file.fileno())
        return 0 if (status.st_dev, status.st_ino) == (at.device, at.inode) else None
    return at.offset if _head(file, len(at.head)) == at.head else None


def _head(file: BinaryIO, length: int) -> str:
    file.seek(0)
    return file.read(length).decode("latin-1")
