"""Counts what a log says of senders, block by block.

Most lines never reach a regular expression: the few that matter are found by Exim's own words, which
`bytes.find` looks for, and only the commonest forms of two kinds are read here. All else is `lines.parse`'s
to tell.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import NamedTuple, Optional

from mxverdict.collect.mainlog.folder_names import Unbelieved
from mxverdict.collect.mainlog.line_scan import last_time, times_in
from mxverdict.collect.mainlog.lines import (
    ARRIVAL,
    CONNECT,
    END,
    MAX_LINE,
    VERIFY,
    Line,
    Times,
    parse,
    stamp_of,
    times_of,
)
from mxverdict.collect.mainlog.verify_failures import cause_of

HOUR = 3600
AT_ONCE = 2.0
"""Seconds: who leaves before would have left without a delay too."""
_FURTHEST = 100
"""Bytes before Exim's own words: a time stamp, a process, a message id."""
_TEXT = 300
_NAME = 255

_CONNECTION = b" SMTP connection "
_ARRIVED = b" <= "
_VERIFIED = b" sender verify "
_REFUSED_CONNECTION = b" refused: too many connections"
_OF_ADDRESS = b" from that IP address"
_DISCONNECTED = b" unexpected disconnection while reading SMTP command from "
_STAMP = (
    rb"(?P<minute>\d{4}-\d\d-\d\d \d\d:\d\d):(?P<second>\d\d)(?:\.\d{1,6})?"
    rb"(?P<zone> [+-]\d{4})? (?:\[\d{1,10}\] )?"
)
_MINUTE, _SECOND, _ZONE = 1, 2, 3
"""By their numbers groups are found quicker than by their names."""
_ADDRESS = rb"\[(?P<address>\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})\](?::\d{1,5})?"
_EXTRAS = rb"(?: I=\[[0-9A-Fa-f:.]{2,45}\](?::\d{1,5})?)?(?: Ci=\w+)?"
_COMMON_CONNECTION = re.compile(
    _STAMP
    + rb"SMTP connection from "
    + _ADDRESS
    + _EXTRAS
    + rb" \(TCP/IP connection count = (?P<count>\d{1,9})\)",
    re.ASCII,
)
_VISITOR = rb"(?P<name>[^\s()\[\]]+ )?(?P<helo>\([^\s()\[\]]*\) )?" + _ADDRESS
_COMMON_END = re.compile(
    _STAMP + rb"(?:SMTP connection(?: Ci=\w+)?|unexpected disconnection while reading SMTP command) from "
    + _VISITOR + _EXTRAS + rb"(?P<lost> lost)?(?: \(error: [^()\[\]]*\))? D=(?P<seconds>\d+)(?:\.\d+)?s",
    re.ASCII,
)  # fmt: skip
_COMMON_ARRIVAL = re.compile(
    _STAMP + rb"[\w-]{16,23} <= (?P<sender>[^\s\"]+)(?: DS)? H=" + _VISITOR + _EXTRAS
    + rb" P=(?P<protocol>\w+) ",
    re.ASCII,
)  # fmt: skip
_COMMON_REFUSAL = re.compile(
    _STAMP
    + rb"H="
    + _VISITOR
    + _EXTRAS
    + rb" sender verify (?P<how>fail|defer) for <(?P<sender>[^\s\"<>]*)>: ?(?P<text>.*)",
    re.ASCII,
)
_CLOSING = ord(")")
_OTHER_PLACE = b") ["
"""Where a second address looks like a visitor's, `lines.parse` has to decide which one Exim wrote."""


class AddressHour:
    """One address in one hour; times are whole Unix seconds, 0 for none. `first_after` is its first message
    after it first left."""

    __slots__ = (
        "at_once", "connections", "delivered", "first_after", "first_delivery", "first_left",
        "last_connection", "last_left", "later", "left", "logged_in", "name",
    )  # fmt: skip

    def __init__(self) -> None:
        self.name = ""
        self.connections = self.left = self.at_once = self.later = self.delivered = self.logged_in = 0
        self.first_left = self.last_left = self.first_delivery = self.first_after = self.last_connection = 0


class HourSlots:
    """Of one hour: the most connections that Exim had at once, and when; connections that it refused because
    all its slots were taken, and those because one address had too many."""

    __slots__ = ("at", "connections", "last_refused", "refused", "refused_of_address")

    def __init__(self) -> None:
        self.connections = self.at = self.refused = self.last_refused = self.refused_of_address = 0


class RefusalCount:
    """Refusals of one relay host, sender domain and cause in one hour."""

    __slots__ = ("count", "deferred", "first", "last", "name", "sender", "text")

    def __init__(self) -> None:
        self.count = self.deferred = self.first = self.last = 0
        self.name = self.sender = self.text = ""


class DeliveryCount(NamedTuple):
    """Messages from a relay host and sender domain that were refused before."""

    times: int
    first: int
    last: int


class TrafficCounter:
    """What was counted since the last `clear`. `delay` is the wait before the banner (seconds). `refused` are
    the pairs of address and domain whose later messages are counted too, with the time of the first refusal;
    every refusal adds to them. `times` are those of the file that is being counted."""

    def __init__(self, delay: float, refused: Optional[dict[tuple[str, str], int]] = None) -> None:
        self.cells: dict[tuple[int, str], AddressHour] = {}
        self.refusals: dict[tuple[int, str, str, str], RefusalCount] = {}
        self.passed: dict[tuple[int, str, str], DeliveryCount] = {}
        self.slots: dict[int, HourSlots] = {}
        self._hour = HourSlots()
        self.first: Optional[float] = None
        self.last: Optional[float] = None
        self.remember(refused if refused is not None else {})
        self._limit = delay + 1
        self._times = times_of(time.time())
        self._minute: tuple[bytes, Optional[bytes]] = (b"", None)
        self._minute_at = 0

    def __len__(self) -> int:
        return len(self.cells) + len(self.refusals) + len(self.passed)

    def clear(self) -> None:
        self.cells.clear()
        self.refusals.clear()
        self.passed.clear()
        self.slots.clear()
        self._minute = (b"", None)

    def remember(self, refused: dict[tuple[str, str], int]) -> None:
        """From now on tell the messages of these apart, and of no others."""
        self.refused = refused
        self._refused_addresses = {address for address, _ in refused}

    def begin(self, times: Times) -> None:
        """Count another file from now on, whose lines have such times."""
        self._times = times
        self._minute = (b"", None)

    def consume(self, block: bytes, begin: int = 0, end: Optional[int] = None) -> None:
        """Count the lines of a block from `begin` to `end`, both at the ends of lines. Around them
        must be what `Unbelieved` wants."""
        end = len(block) if end is None else end
        found = Unbelieved(block, begin, end)
        unbelieved = found if found.ranges else ()
        if self.first is None:
            self.first = next(times_in(block, begin, end, self._times), None)
        last = last_time(block, begin, end, self._times)
        self.last = last if last is not None else self.last
        for start, at, stop in _lines_with(_CONNECTION, block, begin, end):
            if at - start < _FURTHEST and start not in unbelieved:
                self._connection(block, start, at, stop)
        for start, _, stop in _lines_with(_VERIFIED, block, begin, end):
            if start not in unbelieved:
                self._refusal(block, start, stop)
        for start, at, stop in _lines_with(_REFUSED_CONNECTION, block, begin, end):
            if at - start < _FURTHEST and start not in unbelieved:
                self._refused_connection(block, start, stop)
        for start, at, stop in _lines_with(_ARRIVED, block, begin, end):
            if at - start < _FURTHEST and start not in unbelieved:
                self._arrival(block, start, stop)
        for start, at, stop in _lines_with(_DISCONNECTED, block, begin, end):
            if at - start < _FURTHEST and start not in unbelieved:
                self._end(block, start, stop)

    def _connection(self, block: bytes, start: int, at: int, end: int) -> None:
        common = _COMMON_CONNECTION.match(block, start, end) if block[end - 1] == _CLOSING else None
        if common is not None and common.end() == end:
            seconds = self._at(common)
            if seconds is not None:
                self._connected(seconds, common["address"].decode(), _number(common["count"]), self._hour)
        elif block.find(b" lost", at, end) >= 0 or block.endswith(b" closed by EOF", at, end):
            self._end(block, start, end)
        elif block.find(b" (TCP/IP connection count = ", at, end) >= 0:
            line = self._parsed(block[start:end])
            if line is not None and line.kind == CONNECT and line.peer is not None:
                count = int(block[block.rfind(b" ", start, end) : end - 1])
                self._connected(int(line.time), line.peer.address, count, self._slots(int(line.time) // HOUR))

    def _connected(self, at: int, address: str, count: int, hour: HourSlots) -> None:
        key = (at // HOUR, address)
        cell = self.cells.get(key)
        if cell is None:
            cell = self.cells[key] = AddressHour()
        cell.connections += 1
        cell.last_connection = max(cell.last_connection, at)
        if count > hour.connections:
            hour.connections, hour.at = count, at

    def _refused_connection(self, block: bytes, start: int, end: int) -> None:
        line = self._parsed(block[start:end])
        if line is None or line.kind != END or line.how != "refused":
            return
        hour = self._slots(int(line.time) // HOUR)
        if block.endswith(_REFUSED_CONNECTION, start, end):
            hour.refused += 1
            hour.last_refused = max(hour.last_refused, int(line.time))
        elif block.endswith(_REFUSED_CONNECTION + _OF_ADDRESS, start, end):
            hour.refused_of_address += 1

    def _slots(self, hour: int) -> HourSlots:
        found = self.slots.get(hour)
        if found is None:
            found = self.slots[hour] = HourSlots()
        return found

    def _end(self, block: bytes, start: int, end: int) -> None:
        common = _COMMON_END.match(block, start, end)
        if common is not None and common.end() == end:
            at = self._at(common)
            if at is not None:
                later = common["lost"] is None or common["helo"] is not None
                lasted = float(_number(common["seconds"]))
                self._ended(at, common["address"].decode(), _name(common), lasted, later)
            return
        line = self._parsed(block[start:end])
        if line is not None and line.kind == END and line.how in ("lost", "disconnected") and line.peer:
            later = line.how == "disconnected" or bool(line.peer.helo) or bool(line.stage)
            self._ended(int(line.time), line.peer.address, line.peer.name, line.seconds, later)

    def _ended(self, at: int, address: str, name: str, seconds: Optional[float], later: bool) -> None:
        cell = self._cell(at, address)
        if name:
            cell.name = name[:_NAME]
        if later or (seconds is not None and seconds >= self._limit):
            cell.later += 1
            return
        cell.left += 1
        cell.at_once += seconds is not None and seconds < AT_ONCE
        if at < cell.first_left or not cell.first_left:
            cell.first_left = at
        cell.last_left = max(at, cell.last_left)

    def _arrival(self, block: bytes, start: int, end: int) -> None:
        common = _COMMON_ARRIVAL.match(block, start, end)
        if common is not None and block.find(_OTHER_PLACE, common.end("address"), end) < 0:
            at = self._at(common)
            if at is not None:
                address = common["address"].decode()
                known = address in self._refused_addresses
                sender = common["sender"].decode(errors="replace") if known else ""
                self._arrived(at, address, _name(common), sender, common["protocol"].endswith(b"a"))
            return
        line = self._parsed(block[start:end])
        if line is not None and line.kind == ARRIVAL and line.peer is not None:
            logged_in = line.text.partition(" ")[0].endswith("a")
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
        if 0 < cell.first_left <= at and not cell.first_after:
            cell.first_after = at
        domain = domain_of(sender)
        if at > self.refused.get((address, domain), at):
            key = (at // HOUR, address, domain)
            before = self.passed.get(key, DeliveryCount(0, at, at))
            self.passed[key] = DeliveryCount(before.times + 1, min(at, before.first), max(at, before.last))

    def _refusal(self, block: bytes, start: int, end: int) -> None:
        common = _COMMON_REFUSAL.match(block, start, end)
        if common is not None and block.find(_OTHER_PLACE, common.end("address"), end) < 0:
            at = self._at(common)
            if at is not None:
                texts = (common[group].decode(errors="replace") for group in ("how", "sender", "text"))
                self._refused(at, common["address"].decode(), _name(common), *texts)
            return
        line = self._parsed(block[start:end])
        if line is not None and line.kind == VERIFY and line.peer is not None:
            self._refused(int(line.time), line.peer.address, line.peer.name, line.how, line.sender, line.text)

    def _refused(self, at: int, address: str, name: str, how: str, sender: str, text: str) -> None:
        domain = domain_of(sender)
        key = (at // HOUR, address, domain, cause_of(how, text))
        group = self.refusals.get(key)
        if group is None:
            group = self.refusals[key] = RefusalCount()
            self.refused.setdefault((address, domain), at)
            self._refused_addresses.add(address)
        group.count += 1
        group.deferred += how == "defer"
        group.first = min(at, group.first or at)
        if at >= group.last:
            group.last = at
            group.name, group.sender, group.text = name[:_NAME], sender[:_TEXT], text[:_TEXT]

    def _cell(self, at: int, address: str) -> AddressHour:
        key = (at // HOUR, address)
        cell = self.cells.get(key)
        if cell is None:
            cell = self.cells[key] = AddressHour()
        return cell

    def _parsed(self, raw: bytes) -> Optional[Line]:
        line = parse(raw)
        return line if line is not None and line.time in self._times else None

    def _at(self, stamp: re.Match[bytes]) -> Optional[int]:
        minute = stamp[_MINUTE], stamp[_ZONE]
        if minute != self._minute:
            at = stamp_of(minute[0] + b":00" + (minute[1] or b"") + b" ")
            if at is None or at not in self._times:
                return None
            self._minute, self._minute_at = minute, int(at)
            self._hour = self._slots(int(at) // HOUR)
        return self._minute_at + _number(stamp[_SECOND])


_NUMBERS = {text % n: n for n in range(1000) for text in (b"%d", b"%02d")}
"""What most lines have: `int` takes three times as long."""


def _number(digits: bytes) -> int:
    return _NUMBERS.get(digits) or int(digits)


def domain_of(sender: str) -> str:
    """The domain of an envelope sender, in lower case; "" for the empty sender or one without."""
    return sender.rpartition("@")[2].lower()[:_NAME] if "@" in sender else ""


def _name(common: re.Match[bytes]) -> str:
    name: Optional[bytes] = common["name"]
    return name.decode(errors="replace").strip() if name else ""


def _lines_with(marker: bytes, block: bytes, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Start, place of the first `marker`, and end (without line end) of each line from `begin` to `end` that
    holds them, but for lines longer than Exim writes."""
    at = block.find(marker, begin, end)
    while at >= 0:
        stop = block.find(b"\n", at, end)
        if stop < 0:
            stop = end
        start = block.rfind(b"\n", 0, at) + 1
        if stop - start <= MAX_LINE:
            yield start, at, stop
        at = block.find(marker, stop, end)
