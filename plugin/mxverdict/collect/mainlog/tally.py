"""Counts what a log says of senders, block by block.

Most lines never reach a regular expression: the few that matter are found by Exim's own words, which
`bytes.find` looks for, and only the commonest forms of two kinds are read here. All else is `lines.parse`'s
to tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple, Optional

from mxverdict.collect.mainlog.causes import cause_of
from mxverdict.collect.mainlog.lines import ARRIVAL, CONNECT, END, VERIFY, Line, parse, stamp_of

HOUR = 3600
AT_ONCE = 2.0
"""Seconds: who leaves before would have left without a delay too."""
_FURTHEST = 100
"""Bytes before Exim's own words: a time stamp, a process, a message id."""
_TEXT = 300
_NAME = 255

_CONNECTION = b" SMTP connection from "
_ARRIVED = b" <= "
_VERIFIED = b" sender verify "
_DISCONNECTED = b" unexpected disconnection while reading SMTP command from "
_STAMP = (
    rb"(?P<minute>\d{4}-\d\d-\d\d \d\d:\d\d):(?P<second>\d\d)(?:\.\d{1,6})?"
    rb"(?P<zone> [+-]\d{4})? (?:\[\d{1,10}\] )?"
)
_ADDRESS = rb"\[(?P<address>\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})\](?::\d{1,5})?"
_COMMON_CONNECTION = re.compile(
    _STAMP + rb"SMTP connection from " + _ADDRESS + rb" \(TCP/IP connection count = \d+\)", re.ASCII
)
_COMMON_ARRIVAL = re.compile(
    _STAMP + rb"[\w-]{16,23} <= (?P<sender>[^\s\"]+) H=(?P<name>[^\s()\[\]]+ )?(?:\([^\s()\[\]]*\) )?"
    + _ADDRESS + rb" P=(?P<protocol>\w+) ",
    re.ASCII,
)  # fmt: skip


class Cell:
    """One address in one hour; times are whole Unix seconds, 0 for none."""

    __slots__ = (
        "at_once", "connections", "delivered", "first_delivery", "first_left", "last_connection",
        "last_delivery", "last_left", "later", "left", "logged_in", "name",
    )  # fmt: skip

    def __init__(self) -> None:
        self.name = ""
        self.connections = self.left = self.at_once = self.later = self.delivered = self.logged_in = 0
        self.first_left = self.last_left = self.first_delivery = self.last_delivery = self.last_connection = 0


class Refusals:
    """Refusals of one relay host, sender domain and cause in one hour."""

    __slots__ = ("count", "deferred", "first", "last", "name", "sender", "text")

    def __init__(self) -> None:
        self.count = self.deferred = self.first = self.last = 0
        self.name = self.sender = self.text = ""


class Passed(NamedTuple):
    """Messages from a relay host and sender domain that were refused before."""

    times: int
    first: int
    last: int


class Tally:
    """What was counted since the last `clear`. `delay` is the wait before the banner (seconds). `refused` are
    the pairs of address and domain whose later messages are told apart; it grows with every refusal."""

    def __init__(self, delay: float, refused: Optional[set[tuple[str, str]]] = None) -> None:
        self.cells: dict[tuple[int, str], Cell] = {}
        self.refusals: dict[tuple[int, str, str, str], Refusals] = {}
        self.passed: dict[tuple[int, str, str], Passed] = {}
        self.first: Optional[float] = None
        self.last: Optional[float] = None
        self.remember(refused if refused is not None else set())
        self._limit = delay + 1
        self._minute: tuple[bytes, Optional[bytes]] = (b"", None)
        self._minute_at = 0

    def __len__(self) -> int:
        return len(self.cells) + len(self.refusals) + len(self.passed)

    def clear(self) -> None:
        self.cells.clear()
        self.refusals.clear()
        self.passed.clear()

    def remember(self, refused: set[tuple[str, str]]) -> None:
        """From now on tell the messages of these apart, and of no others."""
        self.refused = refused
        self._refused_addresses = {address for address, _ in refused}

    def consume(self, block: bytes) -> None:
        """Count the lines of a block, which begins and ends at the ends of lines."""
        self._span(block)
        for start, at, end in _lines_with(_CONNECTION, block):
            if at - start < _FURTHEST:
                self._connection(block, start, at, end)
        for start, _, end in _lines_with(_VERIFIED, block):
            line = parse(block[start:end])
            if line is not None and line.kind == VERIFY:
                self._refused(line)
        for start, at, end in _lines_with(_ARRIVED, block):
            if at - start < _FURTHEST:
                self._arrival(block, start, end)
        for start, at, end in _lines_with(_DISCONNECTED, block):
            if at - start < _FURTHEST:
                self._ended(parse(block[start:end]))

    def _span(self, block: bytes) -> None:
        """Keep the first and the last time stamp."""
        start, end = 0, len(block)
        if self.first is None:
            while self.first is None and start < end:
                stop = block.find(b"\n", start) + 1 or end
                self.first = stamp_of(block[start : min(stop, start + _FURTHEST)])
                start = stop
        last = None
        while last is None and end > 0:
            start = block.rfind(b"\n", 0, end - 1) + 1
            last = stamp_of(block[start : min(end, start + _FURTHEST)])
            end = start
        self.last = last if last is not None else self.last

    def _connection(self, block: bytes, start: int, at: int, end: int) -> None:
        common = _COMMON_CONNECTION.match(block, start, end)
        if common is not None and common.end() == end:
            seconds = self._at(common)
            if seconds is not None:
                self._connected(seconds, common["address"].decode())
        elif block.find(b" lost", at, end) >= 0:
            self._ended(parse(block[start:end]))
        elif block.find(b" (TCP/IP connection count = ", at, end) >= 0:
            line = parse(block[start:end])
            if line is not None and line.kind == CONNECT and line.peer is not None:
                self._connected(int(line.time), line.peer.address)

    def _connected(self, at: int, address: str) -> None:
        cell = self._cell(at, address)
        cell.connections += 1
        cell.last_connection = max(at, cell.last_connection)

    def _ended(self, line: Optional[Line]) -> None:
        if line is None or line.kind != END or line.peer is None or line.how not in ("lost", "disconnected"):
            return
        at = int(line.time)
        cell = self._cell(at, line.peer.address)
        if line.peer.name:
            cell.name = line.peer.name[:_NAME]
        seconds = line.seconds if line.seconds is not None else 0.0
        if line.how == "disconnected" or line.peer.helo or seconds >= self._limit:
            cell.later += 1
            return
        cell.left += 1
        cell.at_once += line.seconds is not None and seconds < AT_ONCE
        cell.first_left = min(at, cell.first_left or at)
        cell.last_left = max(at, cell.last_left)

    def _arrival(self, block: bytes, start: int, end: int) -> None:
        common = _COMMON_ARRIVAL.match(block, start, end)
        if common is not None:
            at = self._at(common)
            address = common["address"].decode()
            if at is not None:
                name = (common["name"] or b"").decode(errors="replace").strip()
                known = address in self._refused_addresses
                sender = common["sender"].decode(errors="replace") if known else ""
                self._arrived(at, address, name, sender, common["protocol"].endswith(b"a"))
            return
        line = parse(block[start:end])
        if line is not None and line.kind == ARRIVAL and line.peer is not None:
            protocol = line.text.partition(" ")[0]
            logged_in = protocol.endswith("a")
            self._arrived(int(line.time), line.peer.address, line.peer.name, line.sender, logged_in)

    def _arrived(self, at: int, address: str, name: str, sender: str, logged_in: bool) -> None:
        cell = self._cell(at, address)
        if name:
            cell.name = name[:_NAME]
        if logged_in:
            cell.logged_in += 1
            return
        cell.delivered += 1
        cell.first_delivery = min(at, cell.first_delivery or at)
        cell.last_delivery = max(at, cell.last_delivery)
        if sender and (address, domain := domain_of(sender)) in self.refused:
            key = (at // HOUR, address, domain)
            before = self.passed.get(key, Passed(0, at, at))
            self.passed[key] = Passed(before.times + 1, min(at, before.first), max(at, before.last))

    def _refused(self, line: Line) -> None:
        assert line.peer is not None
        at, address, domain = int(line.time), line.peer.address, domain_of(line.sender)
        key = (at // HOUR, address, domain, cause_of(line.how, line.text))
        group = self.refusals.get(key)
        if group is None:
            group = self.refusals[key] = Refusals()
            self.refused.add((address, domain))
            self._refused_addresses.add(address)
        group.count += 1
        group.deferred += line.how == "defer"
        group.first = min(at, group.first or at)
        if at >= group.last:
            group.last = at
            group.name, group.sender = line.peer.name[:_NAME], line.sender[:_TEXT]
            group.text = line.text[:_TEXT]

    def _cell(self, at: int, address: str) -> Cell:
        key = (at // HOUR, address)
        cell = self.cells.get(key)
        if cell is None:
            cell = self.cells[key] = Cell()
        return cell

    def _at(self, stamp: re.Match[bytes]) -> Optional[int]:
        minute = stamp["minute"], stamp["zone"]
        if minute != self._minute:
            at = stamp_of(stamp["minute"] + b":00" + (stamp["zone"] or b"") + b" ")
            if at is None:
                return None
            self._minute, self._minute_at = minute, int(at)
        return self._minute_at + int(stamp["second"])


def domain_of(sender: str) -> str:
    """The domain of an envelope sender, in lower case; "" for the empty sender or one without."""
    return sender.rpartition("@")[2].lower()[:_NAME] if "@" in sender else ""


def _lines_with(words: bytes, block: bytes) -> Iterator[tuple[int, int, int]]:
    """Start, place of the first `words`, and end (without line end) of each line that holds them."""
    at = block.find(words)
    while at >= 0:
        end = block.find(b"\n", at)
        if end < 0:
            end = len(block)
        yield block.rfind(b"\n", 0, at) + 1, at, end
        at = block.find(words, end)
