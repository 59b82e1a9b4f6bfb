"""Whether the tester came while its window was open, read from the part of Exim's main log that is new.

A session counts when it began after the window was in force and got past the greeting: it ended by QUIT, or
otherwise after a HELO or a MAIL command. One that left earlier does not, nor one that had begun before and
met the delay. Who came is the address of the connection; names, HELO and whatever else a visitor chooses
prove nothing, nor do lines that a customer of this server may have written (`mainlog/folder_names.py`). All
that hangs on it is whether the window closes before its deadline.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import time
from collections.abc import Iterator, Sequence
from typing import Optional

from mxverdict.collect.mainlog.line_scan import believed, last_time, pattern
from mxverdict.collect.mainlog.lines import CONNECT, END, REJECTED, Line, parse
from mxverdict.collect.mainlog.log_tail import LogChunk, unread
from mxverdict.collect.mainlog.texts import REFUSED, meaning
from mxverdict.fs.in_time import in_time
from mxverdict.fs.lock import if_free
from mxverdict.host import Host
from mxverdict.i18n.message import Message
from mxverdict.net.networks import Network
from mxverdict.sanitize import escape_control
from mxverdict.window.model import Window

_LONGEST = 900.0
"""Seconds after which a session whose end the log does not show is no longer waited for."""
_SLACK = 1.0
_LOOK_WAIT = 10.0
_STAT_WAIT = 3.0
_LOCK = "log"
_WORDS = 120

_AFTER_HELO = {
    "lost": Message("left without QUIT"),
    "timeout": Message("said nothing more until it timed out"),
    "drop": Message("was disconnected by this server"),
    "dropped": Message("was disconnected by this server after too many errors"),
    "unsynchronized": Message("was disconnected by this server"),
}
"""Endings that count when the visitor had said HELO: then it had got the greeting."""


@dataclasses.dataclass(frozen=True)
class TesterSession:
    """A completed session. Unix times; `how` it ended and `got` (the last refusal it met) in words."""

    address: str
    began: float
    ended: float
    how: str
    got: str = ""

    @property
    def message(self) -> str:
        if meaning(REFUSED, self.got) == "relay":
            told = Message(
                "the tester came from {address} at {began}, got through, was rightly refused relaying "
                "(“{got}”), and {how} at {ended}"
            )
        elif self.got:
            told = Message(
                "the tester came from {address} at {began}, refused with “{got}”, and {how} at {ended}"
            )
        else:
            told = Message("the tester came from {address} at {began} and {how} at {ended}")
        return told.format(
            address=self.address,
            began=_clock(self.began),
            got=self.got,
            how=self.how,
            ended=_clock(self.ended),
        )


@dataclasses.dataclass
class _Session:
    began: float
    piece: LogChunk
    offset: int
    got: str = ""


def log_position(host: Host) -> tuple[int, int]:
    """Inode and length of the main log; zeros when there is none, or it does not tell in time."""
    try:
        status = in_time(_STAT_WAIT, host.exim_mainlog.stat)
    except OSError:
        return 0, 0
    return status.st_ino, status.st_size


def look_in_time(host: Host, window: Window) -> tuple[Optional[TesterSession], Window]:
    """What `look` answers; nothing new when that takes longer than a few seconds, as on a dead mount, or
    while another look hangs there, so that they do not pile up. Raises what `look` raises."""

    def alone() -> tuple[Optional[TesterSession], Window]:
        with if_free(host, _LOCK) as free:
            return look(host, window) if free else (None, window)

    try:
        return in_time(_LOOK_WAIT, alone)
    except TimeoutError:
        return None, window


def look(host: Host, window: Window) -> tuple[Optional[TesterSession], Window]:
    """The first completed visit from one of the window's networks, and the window with the position to go on
    from: the beginning of the oldest session that still goes on, else the end of the log.

    A log that is missing or cannot be read leaves the window as it is.
    """
    pieces = unread(host.exim_mainlog, window.log_inode, window.log_offset, window.opened_at)
    networks = [ipaddress.ip_network(text) for text in window.networks]
    wanted = pattern(networks)
    sessions: dict[tuple[str, int], _Session] = {}
    for piece in pieces:
        for offset, line in _lines(piece, wanted):
            if line.peer is None or not _within(line.peer.address, networks):
                continue
            key = (line.peer.address, line.peer.port)
            if line.kind == CONNECT:
                if piece.follows or line.time >= window.opened_at - _SLACK:
                    sessions[key] = _Session(line.time, piece, offset)
            elif line.kind == REJECTED and key in sessions:
                sessions[key].got = escape_control(line.text, _WORDS)
            elif line.kind == END and key in sessions:
                session = sessions.pop(key)
                how = _ending(line)
                if how:
                    return TesterSession(
                        line.peer.address, session.began, line.time, how, session.got
                    ), window
    if not pieces:
        return None, window
    last = _last_time(pieces)
    going_on = [one for one in sessions.values() if last - one.began < _LONGEST]
    inode, offset = _go_on(pieces, going_on)
    return None, dataclasses.replace(window, log_inode=inode, log_offset=offset)


def _lines(piece: LogChunk, wanted: re.Pattern[bytes]) -> Iterator[tuple[int, Line]]:
    for start, end in believed(wanted, piece.times, piece.text, piece.first, piece.last):
        line = parse(piece.text[start:end])
        if line is not None:
            yield piece.offset + start - piece.first, line


def _last_time(pieces: Sequence[LogChunk]) -> float:
    """When the last line of them was written."""
    for piece in reversed(pieces):
        at = last_time(piece.text, piece.first, piece.last, piece.times)
        if at is not None:
            return at
    return 0.0


def _ending(line: Line) -> str:
    """How a session ended that got past the greeting; "" for one of which that is not sure."""
    if line.how == "quit":
        return Message("left with QUIT")
    if line.how == "disconnected":
        return Message("left without QUIT")
    greeted = bool(line.stage) or (line.peer is not None and bool(line.peer.helo))
    return _AFTER_HELO.get(line.how, "") if greeted else ""


def _go_on(pieces: Sequence[LogChunk], going_on: Sequence[_Session]) -> tuple[int, int]:
    for piece in pieces:
        offsets = [session.offset for session in going_on if session.piece is piece]
        if offsets and piece.inode:
            return piece.inode, min(offsets)
    return pieces[-1].inode, pieces[-1].end


def _within(text: str, networks: Sequence[Network]) -> bool:
    address = ipaddress.ip_address(text)
    return any(address in network for network in networks)


def _clock(moment: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(moment))
