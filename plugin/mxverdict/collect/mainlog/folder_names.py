"""Which lines of a main log may be part of a folder's name, and are not believed.

With `+arguments` Exim logs `cwd=FOLDER N args: …` for each of its processes, and writes the folder's name as
it is (exim.c in 4.94 to 4.100; measured with 4.96). A name may hold line ends, so whoever has a shell on the
server can make a folder whose name looks like lines of Exim's. Arguments and whatever else a local user
chooses have their line ends escaped. What bounds a name:

- the record is at most 8,192 bytes long (LOG_BUFFER_SIZE in config.h; what is longer is not written at all);
- no part of a path is longer than 255 bytes (NAME_MAX of Linux's own file systems) or empty;
- it ends at ` N args:`, which the name may hold too: the last place that can be Exim's counts.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

REACH = 8192
"""Bytes of the longest record."""
_MAX_PART = 255
_CWD = b" cwd="
_STAMP = re.compile(
    rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?(?: [+-]\d{4})?(?: \[\d{1,10}\])?"
    rb"(?: \w{6}-\w{6}-\w\w| \w{6}-\w{11}-\w{4})?",
    re.ASCII,
)
_MAX_STAMP = 100
_MAX_MARK = 20
_ARGUMENTS = re.compile(rb" \d{1,10} args:", re.ASCII)
_SURE = re.compile(rb" \(failed\)|(?:/|/root|/var/spool/exim) \d{1,10} args:", re.ASCII)
"""What no customer can have made: the folders above these belong to root."""


class Range(NamedTuple):
    """Lines that begin after `start` and before `end` are not believed. `open`: the text ends before it is
    known how far the name goes. `complete`: its first line looks complete."""

    start: int
    end: int
    open: bool
    complete: bool


class Unbelieved:
    """The lines of `text` that begin from `begin` to before `end` and may be part of a folder's name.

    `text` begins at the beginning of a line. For an answer that is sure it must hold REACH bytes before
    `begin` and after `end`, or all that there is.
    """

    def __init__(self, text: bytes, begin: int, end: int) -> None:
        self.ranges: list[Range] = []
        self._ends: list[int] = []
        for found in _ranges(text, max(0, begin - REACH), end):
            if self._ends and found.end <= self._ends[-1]:
                continue  # within what is not believed anyway
            if 0 < text.find(b"\n", found.start) + 1 >= found.end:
                continue  # one line
            self.ranges.append(found)
            self._ends.append(found.end)

    def __contains__(self, line: int) -> bool:
        """Whether the line that begins there is not believed."""
        number = bisect_right(self._ends, line)
        return number < len(self.ranges) and self.ranges[number].start < line


def certain_end(text: bytes, begin: int, end: int, at_rest: bool) -> int:
    """Return up to where it is certain already what the lines from `begin` to `end` are, the last ones of a
    log that grows.

    `at_rest`: nothing is being written to it, so that a record which looks complete is.
    """
    for found in _ranges(text[:end], max(0, begin, end - REACH), end):
        if found.open and not (at_rest and found.complete):
            return found.start
    return end


def _ranges(text: bytes, begin: int, end: int) -> Iterator[Range]:
    """One for each `cwd=` line whose name could go on in the next line, in the order of the text."""
    limit, marks = 0, [0]
    name = begin
    while (at := text.find(_CWD, name, end)) >= 0:
        name = at + len(_CWD)
        if _SURE.match(text, name):
            continue
        line = text.rfind(b"\n", max(0, at - _MAX_STAMP), at) + 1
        if _STAMP.fullmatch(text, line, at):
            if name > limit:  # what bounds a name lies at the same place for all that begin before it
                limit = _limit(text, name)
                end_of_marks = min(limit + _MAX_MARK, len(text))
                marks = [found.start() for found in _ARGUMENTS.finditer(text, name, end_of_marks)]
            last = min(limit, line + REACH)
            number = bisect_right(marks, last)
            stop = line + REACH
            if number and marks[number - 1] >= name:
                stop = (text.find(b"\n", marks[number - 1]) + 1) or len(text)
            own = text.find(b"\n", name)
            complete = _ARGUMENTS.search(text, name, len(text) if own < 0 else own) is not None
            yield Range(line, stop, last >= len(text), complete)


def _limit(text: bytes, at: int) -> int:
    """The last place where a name that goes on there can end: at most the end of the text."""
    while True:
        slash = text.find(b"/", at, at + _MAX_PART + 1)
        if slash < 0:
            return min(at + _MAX_PART, len(text))
        if text.startswith(b"/", slash + 1):
            return slash
        at = slash + 1
