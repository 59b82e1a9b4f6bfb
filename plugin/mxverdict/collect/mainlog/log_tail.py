"""The part of a log that is new since the last look, through rotation, truncation and copies of it."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Optional, cast

from mxverdict.collect.mainlog.blocks import at_rest
from mxverdict.collect.mainlog.folder_names import REACH, settled
from mxverdict.collect.mainlog.lines import Times, times_of
from mxverdict.collect.mainlog.log_files import LogFile, files_of
from mxverdict.fs.read import open_regular

_MOST = 32 * 1024 * 1024


@dataclass(frozen=True)
class LogChunk:
    """Whole lines of one file, those of `text` from `first` to `last`, which begin at `offset` of the file;
    around them what `folder_names` needs. `inode` is 0 for a gzipped file, `times` when its lines can have
    been written.

    `follows` says that they surely were written after the last look; of other pieces the times in the lines
    decide.
    """

    inode: int
    offset: int
    text: bytes
    first: int
    last: int
    times: Times
    follows: bool

    @property
    def end(self) -> int:
        return self.offset + self.last - self.first


def unread(log: Path, inode: int, offset: int, since: float) -> list[LogChunk]:
    """What was written after `offset` of the file `inode`, oldest first. Empty when that cannot be told. Of
    more than 32 MiB in one file the last are read.

    A rotated log is read to its end in its new place, then the new one, if there is one yet, from its
    beginning. Where the old one is gone (truncated after a copy was made, compressed), the youngest rotation
    written since `since` (Unix time) takes its place.
    """
    if not (type(inode) is int and type(offset) is int and inode >= 0 and offset >= 0):
        inode = offset = 0  # a damaged journal: the times in the lines decide
    fresh: Optional[LogChunk] = None
    try:
        with os.fdopen(open_regular(log), "rb") as file:
            status = os.fstat(file.fileno())
            if status.st_ino == inode and _fits(file, offset, status.st_size):
                return [LogChunk(inode, *_lines(file, offset, status.st_size, True), follows=True)]
            follows = inode not in (0, status.st_ino)
            fresh = LogChunk(status.st_ino, *_lines(file, 0, status.st_size, True), follows=follows)
    except OSError:
        pass
    rotated = [file for file in files_of(log, since) if not file.current]
    before = _moved(rotated, inode, offset)
    if before is None and fresh is not None and rotated:
        before = _copy(rotated[-1], offset)
    return [piece for piece in (before, fresh) if piece is not None]


def _moved(rotated: Sequence[LogFile], inode: int, offset: int) -> Optional[LogChunk]:
    """The rest of the file itself, in its new place."""
    for one in reversed(rotated):
        try:
            with os.fdopen(open_regular(one.path), "rb") as file:
                status = os.fstat(file.fileno())
                if status.st_ino == inode and _fits(file, offset, status.st_size):
                    return LogChunk(inode, *_lines(file, offset, status.st_size), follows=True)
        except OSError:
            continue
    return None


def _copy(file: LogFile, offset: int) -> Optional[LogChunk]:
    try:
        with _plain(file.path) as content:
            size = content.seek(0, os.SEEK_END) if not file.gzipped else offset + _MOST
            if not _fits(content, offset, size):
                return None
            inode = 0 if file.gzipped else os.fstat(content.fileno()).st_ino
            return LogChunk(inode, *_lines(content, offset, size), follows=False)
    except (OSError, EOFError, zlib.error):
        return None


def _plain(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return cast(BinaryIO, gzip.open(path, "rb"))
    return os.fdopen(open_regular(path), "rb")


def _fits(file: BinaryIO, offset: int, size: int) -> bool:
    """Whether a line begins there: after another log took the place it most likely does not."""
    if offset > size:
        return False
    if offset == 0:
        return True
    file.seek(offset - 1)
    return file.read(1) == b"\n"


def _lines(
    file: BinaryIO, offset: int, size: int, current: bool = False
) -> tuple[int, bytes, int, int, Times]:
    """The whole lines from there on as a `LogChunk` has them, and where the first one begins. Of the log that
    Exim writes to, those that cannot be told yet are left for later."""
    start = max(offset, size - _MOST)
    before = min(start, REACH)
    file.seek(start - before)
    text = file.read(before + _MOST)
    first = text.find(b"\n", before) + 1 if start > offset else before
    last = max(first, text.rfind(b"\n") + 1)
    if current:
        last = settled(text, first, last, at_rest(file))
    return start - before + first, text, first, last, times_of(os.fstat(file.fileno()).st_mtime)
