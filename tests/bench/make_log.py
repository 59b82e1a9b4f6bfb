"""Makes a main log of any size: `python -m tests.bench.make_log FILE MEGABYTES [SEED]`, by the seed.

The mix of a busy server: visitors that come and leave, deliveries, refusals, callouts that fail, and among
them a few hundred visits of a tester and some of those who put its address into HELO, envelope or subject.
Line formats: docs/facts/whm.md 10, and what Exim 4.96 wrote in the sandbox.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

TESTER_VISITS = 300
START = datetime(2026, 10, 1, 0, 0, 0)
_SECONDS = 24 * 3600 * 30
"""What the whole log spans."""
_TESTERS = ("18.209.86.113", "18.205.72.90", "52.55.244.91", "64.20.227.133", "64.20.227.7")
_RELAY = (
    "Rejected relay attempt: '{a}' From: 'supertool@mxtoolboxsmtpdiag.com' To: 'test@mxtoolboxsmtpdiag.com'"
)


def write_log(file: BinaryIO, size: int, seed: int = 1) -> None:
    """Write `size` bytes of log (to the next whole event) to `file`."""
    dice = random.Random(seed)
    events = _Events(dice)
    written, visits, hostile = 0, 0, 0
    while written < size:
        second = int(_SECONDS * written / size)
        block: list[str] = []
        for _ in range(500):
            block += events.ordinary(second)
        while visits < TESTER_VISITS * (written + 1) // size:
            visits += 1
            block += events.tester(second)
            if visits % 6 == 0:
                hostile += 1
                block += events.hostile(second, hostile)
        data = "\n".join([*block, ""]).encode("latin-1")
        file.write(data)
        written += len(data)


class _Events:
    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._number = 0
        self._hosts = [f"mail{n}.{w}.example" for n in range(40) for w in ("alpha", "beta", "gamma", "delta")]
        self._minutes: dict[int, str] = {}
        self._kinds: Sequence[Callable[[str], Iterator[str]]] = (
            [self._turned_away] * 5 + [self._delivery] * 4 + [self._refused] * 3 + [self._callout]
        )

    def ordinary(self, second: int) -> list[str]:
        return list(self._dice.choice(self._kinds)(self._at(second)))

    def tester(self, second: int) -> list[str]:
        return list(self._tester(second))

    def hostile(self, second: int, number: int) -> list[str]:
        return list(self._hostile(self._at(second), number))

    def _at(self, second: int) -> str:
        minute = self._minutes.get(second // 60)
        if minute is None:
            at = START + timedelta(minutes=second // 60)
            minute = self._minutes[second // 60] = at.strftime("%Y-%m-%d %H:%M:")
        return f"{minute}{second % 60:02}"

    def _address(self) -> str:
        bits = self._dice.getrandbits(31)
        return f"{bits >> 24 | 128}.{bits >> 16 & 255}.{bits >> 8 & 255}.{bits & 255}"

    def _port(self) -> int:
        return 1024 + self._dice.getrandbits(15)

    def _id(self) -> str:
        self._number += 1
        return f"1x{self._number % 10**4:04}-{self._number % 10**6:06}-0l"

    def _visitor(self) -> tuple[str, str]:
        peer = f"[{self._address()}]:{self._port()}"
        host = self._dice.choice(self._hosts)
        return peer, f"{host} ({host[4:]}) {peer}" if self._dice.random() < 0.7 else f"({host}) {peer}"

    def _turned_away(self, at: str) -> Iterator[str]:
        peer, full = self._visitor()
        yield f"{at} SMTP connection from {peer} (TCP/IP connection count = {self._dice.randint(1, 90)})"
        yield f"{at} no host name found for IP address {peer[1:].split(']')[0]}"
        yield f"{at} SMTP connection from {full} lost D={self._dice.randint(0, 20)}s"

    def _delivery(self, at: str) -> Iterator[str]:
        peer, full = self._visitor()
        one, host = self._id(), full.split()[0].strip("()")
        yield f"{at} SMTP connection from {peer} (TCP/IP connection count = {self._dice.randint(1, 90)})"
        yield (
            f"{at} {one} <= news@{host} H={full} P=esmtps X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no "
            f'S={self._dice.randint(900, 90000)} id={one}@x T="Bestellung {self._number}, best\xe4tigt" '
            f"from <news@{host}> for info@shop.example"
        )
        yield f"{at} cwd=/var/spool/exim 3 args: /usr/sbin/exim -Mc {one}"
        yield f'{at} {one} => info <info@shop.example> R=virtual_user T=dovecot_delivery C="250 2.0.0 Saved"'
        yield f"{at} {one} Completed"
        yield f"{at} SMTP connection from {full} closed by QUIT"

    def _refused(self, at: str) -> Iterator[str]:
        peer, full = self._visitor()
        yield f"{at} SMTP connection from {peer} (TCP/IP connection count = {self._dice.randint(1, 90)})"
        yield (
            f"{at} H={full} F=<a{self._number}@spam.example> rejected RCPT <sales@shop.example>: "
            "No such person at this address"
        )
        yield f"{at} unexpected disconnection while reading SMTP command from {full} D=41s"

    def _callout(self, at: str) -> Iterator[str]:
        peer, full = self._visitor()
        yield f"{at} SMTP connection from {peer} (TCP/IP connection count = {self._dice.randint(1, 90)})"
        yield (
            f"{at} H={full} sender verify defer for <bounce@slow.example>: could not connect to "
            "mx.slow.example [192.0.2.77]: Connection timed out"
        )
        yield (
            f"{at} H={full} F=<bounce@slow.example> temporarily rejected RCPT <info@shop.example>: "
            "Could not complete sender verify callout"
        )
        yield f"{at} SMTP connection from {full} closed by QUIT"

    def _tester(self, second: int) -> Iterator[str]:
        address, at = self._dice.choice(_TESTERS), self._at(second)
        peer = f"[{address}]:{self._port()}"
        name = f"keeper.mxtoolbox.com {peer}"
        full = f"keeper.mxtoolbox.com (k.mxtoolbox.com) {peer}"
        yield f"{at} SMTP connection from {peer} (TCP/IP connection count = 3)"
        kind = self._dice.randrange(6)
        later = self._at(second + 15)
        if kind == 0:
            yield f"{later} SMTP connection from {name} lost D=15s"
        elif kind == 1:
            said = '"Host is ratelimited (2.0/1h max:1.2)"'
            yield f'{at} H={name} temporarily rejected connection in "connect" ACL: {said}'
        elif kind == 2:
            yield f"{later} SMTP connection from {full} lost D=15s"
        else:
            yield (
                f"{later} H={full} F=<supertool@mxtoolboxsmtpdiag.com> rejected RCPT "
                "<test@mxtoolboxsmtpdiag.com>: " + _RELAY.format(a=address)
            )
            if kind == 3:
                yield f"{later} unexpected disconnection while reading SMTP command from {full} D=35s"
            elif kind == 4:
                yield f"{later} SMTP connection from {full} closed by QUIT"
            else:
                yield f"{later} SMTP connection from {full} D=2.041s closed by QUIT"

    def _hostile(self, at: str, number: int) -> Iterator[str]:
        fake = f"[{_TESTERS[number % 3]}]:{self._port()}"
        peer = f"[{self._address()}]:{self._port()}"
        liar = f"(x) {fake} closed by QUIT) {peer}"
        yield f"{at} SMTP connection from {peer} (TCP/IP connection count = 4)"
        if number % 3 == 0:
            yield f"{at} H={liar} F=<a@b.example> rejected RCPT <c@d.example>: No such person at this address"
        elif number % 3 == 1:
            yield f'{at} H=(h) {peer} F=<"q) {fake} F=<x>"@b.example> rejected RCPT <c@d.example>: No'
            subject = f"{at} SMTP connection from {fake} lost D=1s"
            yield f'{at} {self._id()} <= a@b.example H=(h) {peer} P=esmtp S=3 T="{subject}" for c'
        else:
            said = f'too many unrecognized commands (last was "x) {fake} lost D=9s")'
            yield f"{at} SMTP call from {liar} dropped: {said}"
        yield f"{at} SMTP connection from {liar} closed by QUIT"


def main() -> None:
    name, megabytes = sys.argv[1:3]
    with Path(name).open("wb") as file:
        write_log(file, int(megabytes) * 10**6, int(sys.argv[3]) if len(sys.argv) > 3 else 1)


if __name__ == "__main__":
    main()
