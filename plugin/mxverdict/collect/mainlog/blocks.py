"""Reads a log in blocks of complete lines, each with its surroundings."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from mxverdict.collect.mainlog.folder_names import REACH, certain_end
from mxverdict.collect.mainlog.lines import MAX_LINE

_REST = 1.0
"""Seconds after its last change for which something may still be written to a log."""


class Block(NamedTuple):
    """The lines of `text` from `begin` to `end`, and around them what `folder_names` needs. `offset` is the
    place in the file that follows them. Of an endless line only the beginning is there."""

    text: bytes
    begin: int
    end: int
    offset: int
    gaps: Sequence[tuple[int, int]]
    """Where a line of `text` begins that is endless, and how many bytes of it are left out."""

    def offset_of(self, line: int) -> int:
        """Return the place in the file of a line that begins there in `text`."""
        return self.offset - (self.end - line) - sum(lost for place, lost in self.gaps if place >= line)


def blocks(file: BinaryIO, offset: int, size: int, current: bool) -> Iterator[Block]:
    """Read on from `offset`, the beginning of a line, `size` bytes at a time.

    Of the `current` log the last lines are left for later while it is uncertain what they are. Raises
    OSError, EOFError and zlib.error as the file does.
    """
    begin = min(offset, REACH)
    file.seek(offset - begin)
    text = file.read(begin)
    begin = len(text)
    gaps: list[tuple[int, int]] = []
    while True:
        chunk = file.read(size)
        text += chunk
        complete = text.rfind(b"\n") + 1
        if chunk:
            end = text.rfind(b"\n", 0, max(0, complete - REACH)) + 1
        else:
            end = certain_end(text, begin, complete, at_rest(file)) if current else complete
        if end > begin:
            passed: list[tuple[int, int]] = []
            while gaps and gaps[0][0] < end:
                passed.append(gaps.pop(0))
            offset += end - begin + sum(lost for _, lost in passed)
            yield Block(text, begin, end, offset, passed)
            begin = end
        if not chunk:
            return
        drop = max(0, begin - REACH)
        kept = complete + MAX_LINE
        if len(text) > kept:
            gaps.append((complete, len(text) - kept))
        gaps = [(place - drop, lost) for place, lost in gaps]
        text = text[drop:kept]
        begin -= drop


def at_rest(file: BinaryIO) -> bool:
    """Whether nothing has been written to an open log for a moment."""
    return abs(time.time() - os.fstat(file.fileno()).st_mtime) > _REST
