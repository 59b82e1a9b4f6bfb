"""A made log of senders, with the truth about each line: a slow count of the truth is what the product's own
count is compared with. Same seed, same log."""

from __future__ import annotations

import random
import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple, Optional

_HOSTILE_HELOS = (
    "x) [192.0.2.1]:25 lost D=1s",
    "x) [192.0.2.1]:25 P=esmtp (y",
    "x) [192.0.2.1]:25 sender verify fail for <a@b.example>: Unrouteable address (y",
    "x] [192.0.2.1] (TCP/IP connection count = 1)",
    " <= a@b.example H=[192.0.2.1]:5 P=esmtp ",
    "[192.0.2.1]",
    "\xe9\x00\x7f",
    "2026-11-20 10:00:00 SMTP connection from [192.0.2.1]:4 lost D=1s",
)

_HOSTILE_SUBJECTS = (
    "a) [192.0.2.1]:25 P=esmtp S=1 ",
    "sender verify fail for <",
    " <= a@b H=[192.0.2.1] P=smtp S=1",
)


class Event(NamedTuple):
    """What a line says: `connect`, `left`, `later`, `arrival`, `login` or `refused`, of whom, when."""

    kind: str
    at: int
    address: str
    name: str = ""
    seconds: float = 0.0
    sender: str = ""
    defer: bool = False


class Line(NamedTuple):
    """A line without its end, and what must be counted of it; `maybe`: counted or given up, for the visitor
    made it ambiguous."""

    text: bytes
    event: Optional[Event]
    maybe: bool = False


class Maker:
    """Makes lines of a busy server from `start` (Unix time) on, in one of the forms 0 to 4."""

    def __init__(
        self, seed: int, start: int, style: int = 0, hostile: float = 0.05, logins: bool = True
    ) -> None:
        self._dice = random.Random(seed)
        self._now = start
        self._style = style
        self._hostile = hostile
        self._logins = logins
        self._addresses = [self._address(n) for n in range(120)]
        self._number = 0

    def lines(self, number: int) -> Iterator[Line]:
        """So many visits."""
        for _ in range(number):
            self._now += self._dice.randrange(0, 60)
            yield from self._visit()

    def _address(self, number: int) -> str:
        return f"2001:db8::{number + 1:x}" if number % 9 == 0 else f"198.51.100.{number}"

    def _visit(self) -> Iterator[Line]:
        dice = self._dice
        address = dice.choice(self._addresses)
        number = self._addresses.index(address)
        name = f"host{number}.example.net" if number % 3 else ""
        helo = dice.choice(("", f"(helo{number}.example) "))
        hostile = dice.random() < self._hostile
        if number % 8 == 0:
            helo = ""
        elif hostile:
            helo = f"({dice.choice(_HOSTILE_HELOS)}) "
        port = f":{dice.randrange(1024, 65536)}" if self._style != 4 else ""
        shown = f"::ffff:{address}" if self._style == 3 and "." in address else address
        peer = f"[{shown}]{port}"
        full = f"{name} {helo}{peer}" if name else f"{helo}{peer}"
        yield self._line(f"SMTP connection from {peer} (TCP/IP connection count = 3)", "connect", address)
        self._now += dice.randrange(0, 30)
        kind = dice.randrange(5) if number % 4 else 0
        sender = f"a{dice.randrange(3)}@d{dice.randrange(3)}.example"
        if kind == 0:
            seconds = dice.choice((0, 1, 5, 15, 20) if number % 8 == 0 else (0, 1, 5, 15, 20, 21, 40))
            left = not helo and seconds < 21
            said = f"SMTP connection from {full} lost D={seconds}s"
            yield self._line(said, "left" if left else "later", address, name, seconds, maybe=hostile)
        elif kind == 1:
            said = f"unexpected disconnection while reading SMTP command from {full} D=35s"
            yield self._line(said, "later", address, name, maybe=hostile)
        elif kind == 2:
            how, text = dice.choice(
                (("fail", "Unrouteable address"), ("defer", "host lookup did not complete"))
            )
            said = f"H={full} sender verify {how} for <{sender}>: {text}"
            yield self._line(
                said, "refused", address, name, sender=sender, defer=how == "defer", maybe=hostile
            )
        else:
            self._number += 1
            login = self._logins and kind == 4 and number % 20 == 1
            subject = dice.choice(_HOSTILE_SUBJECTS if hostile else ("Hi", "lost D=1s", "x <= y"))
            protocol = "esmtpsa A=plain:u" if login else "esmtps"
            said = f'1wX{self._number:03}-0001ab-0c <= {sender} H={full} P={protocol} T="{subject}" for b@c'
            yield self._line(
                said, "login" if login else "arrival", address, name, sender=sender, maybe=hostile
            )

    def _line(
        self, said: str, kind: str, address: str, name: str = "", seconds: float = 0.0, *, sender: str = "",
        defer: bool = False, maybe: bool = False,
    ) -> Line:  # fmt: skip
        at = datetime.fromtimestamp(self._now, timezone.utc)
        stamp = {
            1: f"{at:%Y-%m-%d %H:%M:%S}.{self._now % 1000:03}",
            2: f"{at + timedelta(hours=2):%Y-%m-%d %H:%M:%S} +0200 [{self._now % 30000}]",
        }.get(self._style, f"{at:%Y-%m-%d %H:%M:%S}")
        event = Event(kind, self._now, address, name, seconds, sender, defer)
        return Line(f"{stamp} {said}".encode("latin-1"), event, maybe)


def counted(events: Sequence[Event], exempt: Sequence[str] = ()) -> dict[str, Any]:
    """The figures of `evidence.traffic.Traffic` that the events add up to, and the refused groups as
    {(address, domain): (count, deferred, first, last)}."""
    by_address: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_address[event.address].append(event)
    sums: dict[str, Any] = defaultdict(int)
    waits = []
    for address, own in by_address.items():
        number = {
            kind: sum(e.kind == kind for e in own)
            for kind in ("connect", "left", "later", "arrival", "login")
        }
        if address in exempt:
            sums["exempt_connections"] += number["connect"]
            continue
        if number["login"]:
            sums["user_connections"] += number["connect"]
            continue
        sums["connections"] += number["connect"]
        sums["left"] += number["left"]
        sums["left_at_once"] += sum(e.kind == "left" and e.seconds < 2 for e in own)
        sums["left_later"] += number["later"]
        sums["delivered"] += number["arrival"]
        sums["delivering"] += number["arrival"] > 0
        if not number["left"]:
            continue
        first = min(e.at for e in own if e.kind == "left")
        after = [e.at - first for e in own if e.kind == "arrival" and e.at >= first]
        if after:
            sums["kept_waiting"] += 1
            waits.append(min(after))
        elif number["arrival"]:
            sums["delivered_before"] += 1
        else:
            sums["turned_away"] += 1
            sums["turned_away_connections"] += number["left"]
            if number["left"] >= 3 and number["left"] == number["connect"]:
                sums["giving_up_total"] += 1
    groups: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in events:
        if event.kind == "refused" and event.address not in exempt:
            groups[event.address, event.sender.partition("@")[2]].append(event)
    sums["refused_total"] = sum(map(len, groups.values()))
    return {
        **sums,
        "waited_longest": float(max(waits)) if waits else None,
        "waited_median": float(statistics.median(waits)) if waits else None,
        "groups": {
            key: (len(own), sum(e.defer for e in own), min(e.at for e in own), max(e.at for e in own))
            for key, own in groups.items()
        },
    }
