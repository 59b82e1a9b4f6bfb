"""Which delayed connections were open at one moment, from the lines around it: each holds one of Exim's
`smtp_accept_max` slots (docs/facts/whm.md 1.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Optional

from mxverdict.collect.mainlog.blocks import blocks
from mxverdict.collect.mainlog.folder_names import Unbelieved
from mxverdict.collect.mainlog.line_scan import STAMP_LENGTH, last_time, lines_with
from mxverdict.collect.mainlog.lines import CONNECT, END, Line, Times, parse, stamp_of, times_of
from mxverdict.collect.mainlog.log_cursor import READ_ERRORS, LogPart, opened, parts_since

MAX_CONNECTIONS = 2000
_BLOCK = 1 << 18
_AFTER = 5
"""Seconds that Exim may take to write the end of a connection."""
_WANTED = re.compile(rb"SMTP connection|unexpected disconnection while|SMTP command timeout|dropped")


class Held(NamedTuple):
    """The address of each delayed connection that was open; `certain` when the log goes on for long enough
    after the moment to show how they ended."""

    addresses: tuple[str, ...]
    certain: bool


class _Stay(NamedTuple):
    began: float
    ended: Optional[float]
    delayed: bool


def held_at(log: Path, at: float, delay: float) -> Optional[Held]:
    """Return which connections that began within two delays before `at` (Unix time, a whole second) were open
    then and were delayed: they lasted `delay` seconds at least, or left before Exim had greeted them. None
    when the lines of that time are gone or cannot be read.

    Two delays, for the delay at RCPT follows that before the banner. An exempt sender that stayed so long all
    the same counts too: the log does not say for whom the delay was on.
    """
    first, last = at - 2 * delay, at + delay + _AFTER
    stays: dict[tuple[str, int], list[_Stay]] = {}
    seen = certain = False
    for line in _lines(log, first, last):
        if line.time > last:
            certain = True
            break
        if line.peer is None:
            continue
        own = stays.setdefault((line.peer.address, line.peer.port), [])
        if line.kind == CONNECT and int(line.time) <= at:
            seen = True
            own.append(_Stay(line.time, None, True))
        elif line.kind == END:
            _end(own, line, delay)
    if not seen:
        return None
    held = [
        address
        for (address, _), own in stays.items()
        for stay in own
        if stay.delayed and (stay.ended is None or stay.ended >= at)
    ]
    return Held(tuple(held[:MAX_CONNECTIONS]), certain)


def _end(own: list[_Stay], line: Line, delay: float) -> None:
    """The oldest that is open: without ports in the log those of an address are not distinguished."""
    for index, stay in enumerate(own):
        if stay.ended is None:
            lasted = line.seconds if line.seconds is not None else line.time - stay.began
            left = line.how == "lost" and not line.stage and not (line.peer and line.peer.helo)
            own[index] = stay._replace(ended=line.time, delayed=left or lasted >= int(delay))
            return


def _lines(log: Path, first: float, last: float) -> Iterator[Line]:
    """The lines on connections from `first` on, and at least one after `last` where there is one."""
    for part in parts_since(log, first)[0]:
        with suppress(*READ_ERRORS):
            for line in _lines_of(part, first):
                yield line
                if line.time > last:
                    return


def _lines_of(part: LogPart, first: float) -> Iterator[Line]:
    times = times_of(part.file.written)
    with opened(part.file) as text:
        for block in blocks(text, part.offset, _BLOCK, part.file.current):
            if (last_time(block.text, block.begin, block.end, times) or 0.0) >= first:
                yield from _parsed(block.text, block.begin, block.end, times, first)


def _parsed(text: bytes, begin: int, end: int, times: Times, first: float) -> Iterator[Line]:
    unbelieved = Unbelieved(text, begin, end)
    for start, stop in lines_with(_WANTED, text, begin, end):
        if start in unbelieved:
            continue
        at = stamp_of(text[start : min(stop, start + STAMP_LENGTH)])
        if at is None or at not in times or at < first:
            continue
        line = parse(text[start:stop])
        if line is not None:
            yield line
