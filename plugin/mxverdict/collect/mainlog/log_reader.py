"""Reads the lines that matter from the parts of a log."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from re import Pattern
from typing import Optional

from mxverdict.collect.mainlog.line_scan import Scan
from mxverdict.collect.mainlog.lines import times_of
from mxverdict.collect.mainlog.log_cursor import READ_ERRORS, LogPart, Position, opened, position
from mxverdict.i18n.message import Message


@dataclass(frozen=True)
class LogLine:
    """A line with the number of its file and its offset in that. `follows`: see `LogPart`."""

    raw: bytes
    inode: int
    offset: int
    follows: bool


class LogReader:
    """The lines of `parts` that hold a match of `wanted` and can be believed (see `Scan`).

    Afterwards `position` says up to where the last readable file was read (None: there was none), and
    `remarks` what could not be read, also for lack of time when `deadline` (of `time.monotonic`) came first.
    """

    def __init__(
        self, parts: Sequence[LogPart], wanted: Pattern[bytes], deadline: Optional[float] = None
    ) -> None:
        self._parts = parts
        self._wanted = wanted
        self._deadline = deadline
        self._scans: list[Scan] = []
        self.position: Optional[Position] = None
        self.remarks: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[LogLine]:
        """Raises nothing for what the files do."""
        for part in self._parts:
            file = part.file
            times = times_of(file.written)
            try:
                with opened(file) as text:
                    inode = os.fstat(text.fileno()).st_ino
                    scan = Scan(text, self._wanted, times, part.offset, self._deadline, current=file.current)
                    for offset, raw in scan:
                        yield LogLine(raw, inode, offset, part.follows)
                    self.position = position(text, scan.offset)
            except READ_ERRORS as error:
                name = file.path.name
                self.remarks += (Message("{name} could not be read: {error}", name=name, error=error),)
                continue
            self._scans.append(scan)
            if not scan.complete:
                self.remarks += (
                    Message("{name} was not read to its end, for lack of time", name=file.path.name),
                )
                return

    @property
    def last_time(self) -> Optional[float]:
        """When the last of all lines that were read was written (Unix time), as far as they tell."""
        times = (scan.last_time for scan in reversed(self._scans))
        return next((at for at in times if at is not None), None)
