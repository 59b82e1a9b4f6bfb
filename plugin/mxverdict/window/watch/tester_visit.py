"""Whether the tester came while its window was open, read from the part of Exim's main log that is new.

A session counts when it began after the window was in force and got past the greeting: it ended by QUIT, or
otherwise after a HELO or a MAIL command. One that left earlier does not, nor one that had begun before and
met the delay. Who came is the address of the connection; names, HELO and whatever else a visitor chooses
prove nothing, nor do lines that a customer of this server may have written (`mainlog/folder_names.py`). All
that depends on it is whether the window closes before its deadline.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Optional, Union

from mxverdict.collect.mainlog.line_scan import pattern
from mxverdict.collect.mainlog.lines import CONNECT, END, Line
from mxverdict.collect.mainlog.log_cursor import LogPart, Position, parts_after, parts_since
from mxverdict.collect.mainlog.log_reader import LogLine, LogReader
from mxverdict.collect.mainlog.visits import Visits
from mxverdict.evidence.visit import Visit
from mxverdict.fs.in_time import in_time
from mxverdict.fs.lock import if_free
from mxverdict.host import Host
from mxverdict.i18n.message import Message
from mxverdict.sanitize import escape_control
from mxverdict.window.model import Window

_MAX_SESSION = 900.0
"""Seconds after which a session whose end the log does not show is no longer waited for."""
_SLACK = 1.0
_READING = 8.0
"""Seconds after which the next call goes on with the rest of the log."""
_READ_TIMEOUT = 10.0
_STAT_TIMEOUT = 3.0
_LOCK = "log"
_MAX_REFUSAL = 120

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
    """A completed session: the visit, when it ended (Unix time) and, as a message, how."""

    visit: Visit
    ended: float
    how: str

    @property
    def message(self) -> str:
        """Who came when, the last refusal and the ending."""
        if self.visit.refused == "relay":
            message = Message(
                "the tester came from {address} at {began}, got through, was rightly refused relaying "
                "(“{refusal}”), and {how} at {ended}"
            )
        elif self.visit.refused not in ("", "tls"):
            message = Message(
                "the tester came from {address} at {began}, refused with “{refusal}”, and {how} at {ended}"
            )
        else:
            message = Message("the tester came from {address} at {began} and {how} at {ended}")
        return message.format(
            address=self.visit.address,
            began=_clock(self.visit.came_at),
            refusal=escape_control(self.visit.refusal, _MAX_REFUSAL),
            how=self.how,
            ended=_clock(self.ended),
        )


def log_position(host: Host) -> tuple[int, int]:
    """Return inode and length of the main log; zeros when there is none, or it does not tell in time."""
    try:
        status = in_time(_STAT_TIMEOUT, host.exim_mainlog.stat)
    except OSError:
        return 0, 0
    return status.st_ino, status.st_size


def find_session_in_time(host: Host, window: Window) -> tuple[Optional[TesterSession], Window]:
    """Return what `find_session` does; nothing new when that takes longer than a few seconds, as on a dead
    mount, or while another call hangs there, so that they do not pile up. Raises what `find_session` does."""

    def alone() -> tuple[Optional[TesterSession], Window]:
        with if_free(host, _LOCK) as free:
            return find_session(host, window) if free else (None, window)

    try:
        return in_time(_READ_TIMEOUT, alone)
    except TimeoutError:
        return None, window


def find_session(host: Host, window: Window) -> tuple[Optional[TesterSession], Window]:
    """Return the first completed session from one of the window's networks, and the window with the position
    to go on from: the beginning of the oldest session that still goes on, else the end of the log.

    A log that is missing or cannot be read leaves the window as it is.
    """
    networks = [ipaddress.ip_network(text) for text in window.networks]
    reader = LogReader(_parts(host.exim_mainlog, window), pattern(networks), time.monotonic() + _READING)
    visits = Visits((network, window.tester) for network in networks)
    begun: dict[tuple[str, int], tuple[float, LogLine]] = {}
    for read in reader:
        fed = visits.feed(read.raw)
        if fed is None:
            continue
        line, visit = fed
        key = visit.address, visit.port
        if line.kind == CONNECT:
            begun.pop(key, None)
            if read.follows or line.time >= window.opened_at - _SLACK:
                begun[key] = line.time, read
        elif line.kind == END and key in begun:
            del begun[key]
            if how := _ending(line):
                return TesterSession(visit, line.time, how), window
    if reader.position is None:
        return None, window
    last = reader.last_time or 0.0
    waiting = (read for began, read in begun.values() if last - began < _MAX_SESSION)
    at: Union[LogLine, Position] = next(waiting, reader.position)
    return None, dataclasses.replace(window, log_inode=at.inode, log_offset=at.offset)


def _parts(log: Path, window: Window) -> Sequence[LogPart]:
    """What was written after the window's position; where that is in no file any more (truncated, compressed)
    or damaged, what was written since the window opened: the times in the lines decide then."""
    at = Position(None, window.log_inode, window.log_offset)
    parts = parts_after(log, at, window.opened_at) if at.plausible else None
    return parts_since(log, window.opened_at)[0] if parts is None else parts


def _ending(line: Line) -> str:
    """How a session ended that got past the greeting; "" for one of which that is not sure."""
    if line.how == "quit":
        return Message("left with QUIT")
    if line.how == "disconnected":
        return Message("left without QUIT")
    greeted = bool(line.stage) or (line.peer is not None and bool(line.peer.helo))
    return _AFTER_HELO.get(line.how, "") if greeted else ""


def _clock(moment: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(moment))
