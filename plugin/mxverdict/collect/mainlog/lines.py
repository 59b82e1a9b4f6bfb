"""What one line of Exim's main log says.

Everything in a line but Exim's own words comes from the visitor: HELO, envelope, subject. Exim writes them
as they are, brackets and spaces included (measured with 4.96), so the peer is only what is at its fixed
place, and a line in which two places qualify has no peer. Formats: Exim specification chapter 53, the calls
of `log_write` in Exim 4.94 to 4.100 (2026-11) and measurements with 4.96, 4.98 and 4.100.
"""

from __future__ import annotations

import calendar
import ipaddress
import re
import time
from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import NamedTuple, Optional

CONNECT, END, ARRIVAL, REJECTED, VERIFY, TLS, OTHER = (
    "connect", "end", "arrival", "rejected", "verify", "tls", "other",
)  # fmt: skip

MAX_LINE = 16 * 1024
"""Bytes of a line that are looked at; Exim writes no longer ones (its log buffer has 8 KiB)."""
FURTHEST_ZONE = 14 * 3600
"""Seconds between UTC and the zones furthest from it."""
MAX_STAY = 366 * 86_400.0
_OLDEST = 366 * 86_400.0
"""Seconds that a line can be older than the last change of its file."""
NEWEST = 86_400.0
"""Seconds that a line can be ahead of the clock, which may have been set back."""
_MAX_PLACES = 8
"""Places for a peer after which a line has none: only a visitor writes so many, and each costs time."""


class Times(NamedTuple):
    """When the lines of a file can have been written, from `first` to `last` (Unix times)."""

    first: float
    last: float

    def __contains__(self, at: object) -> bool:
        return isinstance(at, (int, float)) and self.first <= at <= self.last


def times_of(written: float) -> Times:
    """Those of a file that was last written then: a year before that, and no later than in a day. Whatever
    else a line has as its time, Exim did not write it (or with a clock that was far off)."""
    return Times(written - _OLDEST, time.time() + NEWEST)


class Peer(NamedTuple):
    """The visitor: `name` as DNS has it and `helo` as it said ("" when absent), canonical `address`
    (IPv4-mapped ones as IPv4), `port` (0 when Exim does not log it)."""

    name: str
    helo: str
    address: str
    port: int


class Line(NamedTuple):
    """One line. `time` is Unix time, `zone` the seconds east of UTC it was written in, `pid` 0 and `id` ""
    when absent.

    `kind` and `how`:
    - connect: a connection was taken;
    - end: `quit`, `lost` (left before MAIL, or as `stage` says: `STARTTLS` when TLS had failed, `DATA` within
      a message), `disconnected` (left after MAIL), `drop` (by an ACL), `dropped` (too many errors), `timeout`
      (`stage` is `DATA` for one within a message), `refused` (too many connections), `early` (talked before
      the greeting), `unsynchronized` (sent its next command before the reply), `other`;
    - arrival: a message was taken, `id` is its id, `sender` the envelope's;
    - rejected: `temporary` or `permanent`, at `stage` (`connect`, `EHLO`, `MAIL`, `RCPT`, `DATA` …);
    - verify: `fail` or `defer` of `sender`;
    - tls: TLS did not come about;
    - other: anything else, and whatever cannot be attributed for certain.

    `seconds` is how long the visit took (`D=`). `text` is what Exim says after all this.
    """

    time: float
    zone: int
    pid: int
    id: str
    kind: str
    how: str = ""
    peer: Optional[Peer] = None
    seconds: Optional[float] = None
    stage: str = ""
    sender: str = ""
    recipient: str = ""
    text: str = ""


_STAMP = re.compile(
    rb"(\d{4}-\d\d-\d\d \d\d:\d\d):(\d\d)(\.\d{1,6})?(?: ([+-]\d{4}))? "
    rb"(?:\[(\d{1,10})\] )?(?:(\w{6}-\w{6}-\w\w|\w{6}-\w{11}-\w{4}) )?",
    re.ASCII,
)
_NAME = re.compile(rb"[^\s(\[]\S* ")
_ADDRESS = re.compile(rb"\[([0-9A-Fa-f:.]{2,45})\](?::(\d{1,5}))?(?![^ :])")
_AFTER_HELO = re.compile(rb"\) \[([0-9A-Fa-f:.]{2,45})\](?::(\d{1,5}))?(?![^ :])")
_INTERFACE = rb"I=\[[0-9A-Fa-f:.]+\](?::\d+)?"
_EXTRAS = rb"(?: (?:" + _INTERFACE + rb"|Ci=\S+|U=\S+))*"
_MORE_EXTRAS = (
    rb"(?: (?:" + _INTERFACE + rb"|L\*?|Ci=\S+|U=\S+|X=\S+|CV=\S+|DN=\"[^\"]*\""
    rb"|SNI=(?:\"[^\"]*\"|[^\s\"]\S*)|A=\S+|PRX=\S+|PFS|TFO\*?|(?:SPF|DMARC)(?:=\S+)?))*"
)
_D = rb"(?: D=(?P<%s>[0-9.wdhms]+))?"


class _Tail:
    """A pattern of what follows a peer; compiled when first used, for few lines matter."""

    def __init__(self, pattern: bytes) -> None:
        self.pattern = pattern

    @cached_property
    def match(self) -> Callable[[bytes, int], Optional[re.Match[bytes]]]:
        return re.compile(self.pattern, re.ASCII | re.DOTALL).match


_CONNECTED = _Tail(_EXTRAS + rb" \(TCP/IP connection count = \d+\)$")
_CLOSED = _Tail(
    _EXTRAS + _D % b"before" + rb"(?: TFO)? (?P<how>closed by (?:QUIT|DROP in ACL|EOF)|closed"
    rb"|lost(?: while reading message data)?)(?P<text>[^\[\]]*?)" + _D % b"after" + rb"$"
)  # fmt: skip
_DISCONNECTED = _Tail(_EXTRAS + rb"(?P<text>(?: \(error: [^\[\]]*?\))?)" + _D % b"after" + rb"$")
_TIMED_OUT = _Tail(_EXTRAS + rb"(?: F=(?P<text><.*>))?" + _D % b"after" + rb"$")
_DROPPED = _Tail(_EXTRAS + rb" dropped: (?P<text>.*)$")
_REFUSED = _Tail(_EXTRAS + rb"(?: refused: |: | (?=\())(?P<text>.*)$")
_EARLY = _Tail(_EXTRAS + rb" (?P<text>(?:next )?input=.*)$")
_TLS_ERROR = _Tail(_EXTRAS + rb"(?: (?P<text>.*))?$")
_BAD_HELO = _Tail(_MORE_EXTRAS + rb": (?P<text>.*)$")
_ADDRESS_PATH = rb"<(?P<%s>(?:\"(?:\\.|[^\"\\])*\"|[^\">])*)>"
_SENDER_VERIFY = _Tail(
    _MORE_EXTRAS
    + rb" sender verify (?P<how>fail|defer) for "
    + _ADDRESS_PATH % b"sender"
    + rb":? ?(?P<text>.*)$"
)
_REJECTED = _Tail(
    _MORE_EXTRAS + rb"(?: F=" + _ADDRESS_PATH % b"sender"
    + rb"(?: A=\S+)?(?: (?:SPF|DMARC)(?:=\S+)?)*)? (?P<temporary>temporarily )?rejected "
    rb"(?P<stage>connection in \"connect\" ACL|(?:after |before |during )?[A-Z]{4,8}(?: or [A-Z]{4,8})?)"
    rb"(?: " + _ADDRESS_PATH % b"recipient" + rb")?(?P<rest>[: ].*)?$"
)  # fmt: skip
_DROPPED_BY_ACL = _Tail(_MORE_EXTRAS + rb" dropped by ['\"]connect['\"] ACL(?:: (?P<text>.*))?$")
_OTHER_H = _Tail(
    rb" (?:I=\[|Ci=|U=|X=|CV=|DN=|SNI=|A=|F=<|SPF|DMARC|Warning: |incomplete transaction \(|dropped by "
    rb"|(?:temporarily )?rejected |sender verify )"
)
"""What follows a peer in any line that begins with `H=`, so that no HELO name passes for the peer of a line
that says nothing else."""
_ARRIVED = _Tail(_MORE_EXTRAS + rb" P=(?P<text>\S+ .*)$")
_OTHER_ARRIVAL = _Tail(rb" (?:I=\[|Ci=|U=|P=|TFO)")
_SENDER = re.compile(rb"<= ((?:\"(?:\\.|[^\"\\])*\"|[^\s\"])+)(?: R=\S+)?(?: DS)? H=")
_DURATION = re.compile(rb"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?", re.ASCII)

_ENDS = {
    b"closed by QUIT": ("quit", ""),
    b"closed by DROP in ACL": ("drop", ""),
    b"closed by EOF": ("lost", "STARTTLS"),
    b"closed": ("other", ""),
    b"lost": ("lost", ""),
    b"lost while reading message data": ("lost", "DATA"),
}
"""How a connection ended, and at which stage. Exim says `by EOF` only after TLS has failed."""
_BEGINNING = _Tail(
    rb"(unexpected disconnection while reading SMTP command|SMTP command timeout on(?: TLS)? connection"
    rb"|SMTP data timeout \(message abandoned\) on connection|SMTP c(?:onnection|all)|Connection"
    rb"|(?:temporarily )?refused connection|TLS error on connection|rejected (?:EHLO|HELO|MAIL))"
    rb"(?: Ci=\S+)? from (?:TFO\*? )?"
)
_BY_BEGINNING: dict[bytes, tuple[_Tail, str, str, str]] = {
    b"unexpected disconnection while reading SMTP command": (_DISCONNECTED, END, "disconnected", ""),
    b"SMTP command timeout on connection": (_TIMED_OUT, END, "timeout", ""),
    b"SMTP command timeout on TLS connection": (_TIMED_OUT, END, "timeout", ""),
    b"SMTP data timeout (message abandoned) on connection": (_TIMED_OUT, END, "timeout", "DATA"),
    b"SMTP call": (_DROPPED, END, "dropped", ""),
    b"Connection": (_REFUSED, END, "refused", ""),
    b"refused connection": (_REFUSED, END, "refused", ""),
    b"temporarily refused connection": (_REFUSED, END, "refused", ""),
    b"TLS error on connection": (_TLS_ERROR, TLS, "", ""),
    b"rejected EHLO": (_BAD_HELO, REJECTED, "permanent", "EHLO"),
    b"rejected HELO": (_BAD_HELO, REJECTED, "permanent", "EHLO"),
    b"rejected MAIL": (_BAD_HELO, REJECTED, "permanent", "MAIL"),
}
_EARLY_BEGINNING = re.compile(rb"SMTP protocol synchronization error \([^()]*\): rejected connection from H=")
_UNSYNCHRONIZED_BEGINNING = re.compile(
    rb"SMTP protocol synchronization error \(next input sent too soon: [^()]*\): rejected \""
)
_COMMAND_END = b'" H='


def parse(raw: bytes) -> Optional[Line]:
    """What a line says; None when it does not begin with Exim's time stamp (headers in the reject log, the
    rest of a cut line). Whether its time can be true is for `Times` to tell."""
    raw = raw[:MAX_LINE]
    stamp = _STAMP.match(raw)
    if stamp is None:
        return None
    started = _minute(stamp[1], stamp[4])
    if started is None:
        return None
    at = started[0] + int(stamp[2]) + float(stamp[3] or 0)
    base = Line(at, started[1], int(stamp[5] or 0), (stamp[6] or b"").decode(), OTHER)
    return _classified(base, raw[stamp.end() :].rstrip(b"\r\n"))


def stamp_of(raw: bytes) -> Optional[float]:
    """The Unix time at the beginning of a line; None without one."""
    stamp = _STAMP.match(raw)
    started = stamp and _minute(stamp[1], stamp[4])
    return started[0] + int(stamp[2]) + float(stamp[3] or 0) if stamp and started else None


def _classified(base: Line, rest: bytes) -> Line:
    if base.id and rest.startswith(b"<= "):
        line = _arrival(base, rest)
    elif rest.startswith(b"H="):
        line = _refusal(base, rest[2:])
    elif rest.startswith(b" DSH="):  # so Exim writes it with +dnssec
        line = _refusal(base, rest[5:])
    elif rest.startswith(b"SMTP protocol synchronization error ("):
        line = _too_soon(base, rest)
    elif rest.startswith((b"U=", b"F=<", b"sender verify ")):  # no host, as over a pipe (exim -bs)
        said = _first((_SENDER_VERIFY, _REJECTED), b" " + rest, 0)
        line = said and _refused(base, None, said)
    else:
        line = _by_beginning(base, rest)
    return line or base._replace(text=_text(rest))


def _by_beginning(base: Line, rest: bytes) -> Optional[Line]:
    beginning = _BEGINNING.match(rest, 0)
    if beginning is None:
        return None
    if beginning[1] == b"SMTP connection":
        return _connection(base, rest[beginning.end() :])
    tail, kind, how, stage = _BY_BEGINNING[beginning[1]]
    found = _peer(rest[beginning.end() :], tail)
    if found is None:
        return None
    peer, said = found
    groups = said.groupdict()
    return base._replace(
        kind=kind,
        how=how,
        peer=peer,
        seconds=_seconds(groups.get("after")),
        stage=stage,
        text=_text(groups.get("text")).strip(),
    )


def _too_soon(base: Line, rest: bytes) -> Optional[Line]:
    how, beginning = "early", _EARLY_BEGINNING.match(rest)
    at = beginning.end() if beginning else 0
    if beginning is None and _UNSYNCHRONIZED_BEGINNING.match(rest) and rest.count(_COMMAND_END) == 1:
        how, at = "unsynchronized", rest.index(_COMMAND_END) + len(_COMMAND_END)
    found = _peer(rest[at:], _EARLY) if at else None
    return found and base._replace(kind=END, how=how, peer=found[0], text=_text(found[1]["text"]))


def _connection(base: Line, rest: bytes) -> Optional[Line]:
    found = _peer(rest, _CONNECTED, _CLOSED)
    if found is None:
        return None
    peer, said = found
    if said.re.pattern == _CONNECTED.pattern:
        return base._replace(kind=CONNECT, peer=peer)
    how, stage = _ENDS[said["how"]]
    return base._replace(
        kind=END,
        how=how,
        peer=peer,
        seconds=_seconds(said["before"] or said["after"]),
        stage=stage,
        text=_text(said["text"].strip()),
    )


def _refusal(base: Line, rest: bytes) -> Optional[Line]:
    found = _peer(rest, _SENDER_VERIFY, _REJECTED, _DROPPED_BY_ACL, _OTHER_H)
    if found is None or found[1].re.pattern == _OTHER_H.pattern:
        return None
    peer, said = found
    if said.re.pattern == _DROPPED_BY_ACL.pattern:
        text = _text(said["text"])
        return base._replace(kind=REJECTED, how="permanent", peer=peer, stage="connect", text=text)
    return _refused(base, peer, said)


def _refused(base: Line, peer: Optional[Peer], said: re.Match[bytes]) -> Line:
    sender = _text(said["sender"])
    if said.re.pattern == _SENDER_VERIFY.pattern:
        return base._replace(
            kind=VERIFY, how=_text(said["how"]), peer=peer, sender=sender, text=_text(said["text"])
        )
    stage = _text(said["stage"])
    return base._replace(
        kind=REJECTED,
        how="temporary" if said["temporary"] else "permanent",
        peer=peer,
        stage="connect" if stage.startswith("connection") else stage.split()[-1],
        sender=sender,
        recipient=_text(said["recipient"]),
        text=_text((said["rest"] or b"").lstrip(b": ")),
    )


def _arrival(base: Line, rest: bytes) -> Optional[Line]:
    sender = _SENDER.match(rest)
    found = _peer(rest[sender.end() :], _ARRIVED, _OTHER_ARRIVAL) if sender else None
    if sender is None or found is None or found[1].re.pattern == _OTHER_ARRIVAL.pattern:
        return None
    address = "" if sender[1] == b"<>" else _text(sender[1])
    return base._replace(kind=ARRIVAL, peer=found[0], sender=address, text=_text(found[1]["text"]))


def _peer(rest: bytes, *tails: _Tail) -> Optional[tuple[Peer, re.Match[bytes]]]:
    """The visitor at the beginning of `rest`, and the match of the tail that follows it.

    Forms: `[address]:port`, `(helo) [address]:port`, `name [address]:port`, `name (helo) [address]:port`.
    None when there is none, or when more than one place could be the end of the HELO name, or too many look
    like it.
    """
    name = _NAME.match(rest)
    start = name.end() if name else 0
    plain = _ADDRESS.match(rest, start)
    if plain is not None:
        said = _first(tails, rest, plain.end())
        return _made(name, b"", plain, said) if said else None
    if rest[start : start + 1] != b"(":
        return None
    found: list[tuple[re.Match[bytes], re.Match[bytes]]] = []
    for number, place in enumerate(_AFTER_HELO.finditer(rest, start + 1)):
        if number == _MAX_PLACES:
            return None
        said = _first(tails, rest, place.end())
        if said is not None:
            found.append((place, said))
    if len(found) != 1:
        return None
    place, said = found[0]
    return _made(name, rest[start + 1 : place.start()], place, said)


def _first(tails: tuple[_Tail, ...], rest: bytes, at: int) -> Optional[re.Match[bytes]]:
    return next((said for tail in tails if (said := tail.match(rest, at)) is not None), None)


def _made(
    name: Optional[re.Match[bytes]], helo: bytes, place: re.Match[bytes], said: re.Match[bytes]
) -> Optional[tuple[Peer, re.Match[bytes]]]:
    address = _address(place[1])
    port = int(place[2] or 0)
    if not address or port > 65535:
        return None
    return Peer(_text(name[0].strip() if name else b""), _text(helo), address, port), said


@lru_cache(maxsize=8192)
def _address(text: bytes) -> str:
    try:
        address = ipaddress.ip_address(text.decode())
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


@lru_cache(maxsize=4096)
def _minute(minute: bytes, zone: Optional[bytes]) -> Optional[tuple[float, int]]:
    """Unix time of a minute and its offset from UTC in seconds; the server's own zone without one."""
    try:
        parsed = time.strptime(minute.decode(), "%Y-%m-%d %H:%M")
        if zone is None:
            at = time.mktime(parsed)
            return at, time.localtime(at).tm_gmtoff
        offset = (int(zone[1:3]) * 60 + int(zone[3:5])) * (-60 if zone[:1] == b"-" else 60)
        if abs(offset) > FURTHEST_ZONE:
            return None
        return float(calendar.timegm(parsed) - offset), offset
    except (ValueError, OverflowError):
        return None


def _seconds(text: Optional[bytes]) -> Optional[float]:
    parts = _DURATION.fullmatch(text) if text else None
    if parts is None:
        return None
    stay = sum(float(value or 0) * unit for value, unit in zip(parts.groups(), (604800, 86400, 3600, 60, 1)))
    return stay if stay <= MAX_STAY else None


def _text(data: Optional[bytes]) -> str:
    return data.decode(errors="replace") if data else ""
