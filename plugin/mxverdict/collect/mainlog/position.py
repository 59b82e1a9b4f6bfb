"""Where reading a log stopped, found again through rotation, truncation and copytruncate."""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Optional, cast

from mxverdict.collect.mainlog.files import LogFile

HEAD = 1024
"""Bytes at the beginning that tell one file from another: they hold its first line with its time."""
READ_ERRORS = (OSError, EOFError, zlib.error)
"""What reading a log raises, damaged gzip files included."""


@dataclass(frozen=True)
class Position:
    """All before `offset` of a file has been read. `head` is the digest of its first `length` bytes."""

    device: int
    inode: int
    offset: int
    length: int
    head: str


@contextmanager
def opened(file: LogFile) -> Iterator[BinaryIO]:
    """The file's text, unpacked. Raises one of READ_ERRORS."""
    if file.gzipped:
        with gzip.open(file.path, "rb") as unpacked:
            yield cast(BinaryIO, unpacked)
    else:
        with file.path.open("rb") as plain:
            yield plain


def position(file: BinaryIO, offset: int) -> Position:
    """The position `offset` of an open file."""
    status = os.fstat(file.fileno())
    length = min(HEAD, offset)
    return Position(status.st_dev, status.st_ino, offset, length, _head(file, length))


def resume(file: BinaryIO, size: Optional[int], at: Position) -> Optional[int]:
    """The offset to go on from when `at` was taken in this file, or in one it is a copy of; None when not.
    `size` is None for a gzipped file."""
    if size is not None and size < at.offset:
        return None
    if at.length == 0:
        status = os.fstat(file.fileno())
        return 0 if (status.st_dev, status.st_ino) == (at.device, at.inode) else None
    return at.offset if _head(file, at.length) == at.head else None


def _head(file: BinaryIO, length: int) -> str:
    file.seek(0)
    return hashlib.sha256(file.read(length)).hexdigest()
