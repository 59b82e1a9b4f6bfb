"""The testers' visits in a main log by another, slow way: every reading of every line is tried.

It shares no code with the product and is what its fast scan is compared with (tests/bench/log.py).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from typing import NamedTuple, Optional

_WORDS = ("I=", "Ci=", "U=")
_WORDS_OF_H = (*_WORDS, "X=", "CV=", "A=", "SNI=", "DN=", "PRX=", "L", "L*", "PFS", "TFO", "TFO*")


class Seen(NamedTuple):
    """One visit; `seconds` is Exim's own figure or the time between its lines."""

    address: str
    port: int
    came_at: float
    helo: str
    seconds: Optional[float]
    ended: str
    refused: bool


class Reading(NamedTuple):
    """What one line says. `kind`: connect, quit, left, timeout, dropped, rejected (at connect), refused."""

    at: float
    address: str
    port: int
    helo: str
    kind: str
    seconds: Optional[float]


def visits(log: Iterable[bytes], networks: Iterable[str]) -> list[Seen]:
    """The visits from `networks` (CIDR), by time and address. A time without a zone is taken as UTC."""
    wanted = [ipaddress.ip_network(text) for text in networks]
    by_peer: dict[tuple[str, int], list[Reading]] = {}
    for line in log:
        told = reading(line[:-1]) if line.endswith(b"\n") else None
        if told is not None and any(ipaddress.ip_address(told.address) in network for network in wanted):
            by_peer.setdefault((told.address, told.port), []).append(told)
    found = [seen for readings in by_peer.values() for seen in _grouped(readings)]
    return sorted(found, key=lambda seen: (seen.came_at, seen.address, seen.port))


def reading(line: bytes) -> Optional[Reading]:
    """What a line without its line end can only mean; None when it says nothing of a visit, or two things."""
    readings = list(_readings(line.decode("latin-1")))
    return readings[0] if len(readings) == 1 else None


def _grouped(readings: list[Reading]) -> Iterator[Seen]:
    groups: list[list[Reading]] = []
    for reading in readings:
        if reading.kind == "connect" or not groups:
            groups.append([])
        groups[-1].append(reading)
    for group in groups:
        first = group[0]
        end = next((r for r in group if r.kind in ("quit", "left", "timeout", "dropped", "rejected")), None)
        came = first.at - (first.seconds or 0.0)
        seconds = None if end is None else end.seconds if end.seconds is not None else end.at - came
        helo = next((r.helo for r in reversed(group) if r.helo), "")
        refused = any(r.kind in ("refused", "rejected") for r in group)
        yield Seen(first.address, first.port, came, helo, seconds, end.kind if end else "unknown", refused)


def _readings(line: str) -> Iterator[Reading]:
    """All that a line can be read as; a line that can be read in two ways says nothing for certain."""
    stamped = _stamp(line)
    if stamped is None:
        return
    at, rest = stamped
    for opening in _OPENINGS:
        if not rest.startswith(opening):
            continue
        body = rest[len(opening) :]
        for start, sign in enumerate(body):
            if sign == "[":
                told = _one(at, opening, body[:start], body[start + 1 :])
                if told is not None:
                    yield told
        return


_OPENINGS = (
    "SMTP connection from ",
    "unexpected disconnection while reading SMTP command from ",
    "SMTP command timeout on connection from ",
    "SMTP call from ",
    "H=",
)


def _one(at: float, opening: str, head: str, tail: str) -> Optional[Reading]:
    address, bracket, tail = tail.partition("]")
    helo = _helo(head)
    if not bracket or helo is None:
        return None
    port = 0
    if tail.startswith(":"):
        digits = tail[1:].split(" ")[0]
        if not digits.isdecimal() or int(digits) > 65535:
            return None
        port, tail = int(digits), tail[1 + len(digits) :]
    if tail and not tail.startswith(" "):
        return None
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    told = _kind(opening, _less_words(tail, _WORDS_OF_H if opening == "H=" else _WORDS))
    if told is None:
        return None
    return Reading(at, str(parsed), port, helo, *told)


def _helo(head: str) -> Optional[str]:
    """The HELO name in what stands before an address; None when nothing of Exim's looks so."""
    if not head:
        return ""
    first, space, more = head.partition(" ")
    if not first:
        return None
    if first[0] not in "([":
        if not space:
            return None
        head = more
        if not head:
            return ""
    if head.startswith("(") and head.endswith(") ") and len(head) >= 3:
        return head[1:-2]
    return None


def _less_words(tail: str, words: tuple[str, ...]) -> str:
    while True:
        word, space, more = tail[1:].partition(" ")
        is_word = any(word.startswith(one) if one.endswith("=") else word == one for one in words)
        if not tail.startswith(" ") or not is_word:
            return tail
        tail = space + more


def _kind(opening: str, tail: str) -> Optional[tuple[str, Optional[float]]]:
    if opening == "H=":
        return _refusal(tail)
    if opening == "SMTP call from ":
        return ("dropped", None) if tail.startswith(" dropped: ") else None
    if "[" in tail or "]" in tail:
        return None
    words = tail.split(" ")
    seconds = [_duration(word[2:]) for word in words if word.startswith("D=")]
    others = " ".join(word for word in words if not word.startswith("D=")).strip()
    stayed = seconds[0] if seconds else None
    if opening.startswith("unexpected"):
        return ("left", stayed) if not others or others.startswith("(error: ") else None
    if opening.startswith("SMTP command timeout"):
        return ("timeout", stayed) if not others else None
    if others.startswith("(TCP/IP connection count = ") and others.endswith(")"):
        return "connect", None
    for words_of_exim, kind in (
        ("closed by QUIT", "quit"),
        ("closed by DROP in ACL", "dropped"),
        ("lost", "left"),
    ):
        if others.startswith(words_of_exim):
            return kind, stayed
    return None


def _refusal(tail: str) -> Optional[tuple[str, Optional[float]]]:
    if tail.startswith((" sender verify fail for <", " sender verify defer for <")):
        return "refused", None
    if tail.startswith(" F=<"):
        quoted = False
        for index, sign in enumerate(tail[4:], 4):
            quoted ^= sign == '"' and tail[index - 1] != "\\"
            if sign == ">" and not quoted:
                tail = tail[index + 1 :]
                break
        else:
            return None
    tail = tail.replace(" temporarily rejected ", " rejected ", 1) if tail.startswith(" temp") else tail
    if tail.startswith(' rejected connection in "connect" ACL'):
        return "rejected", None
    stage = tail[10:].split(" ")[0].rstrip(":")
    known = stage in ("RCPT", "MAIL", "DATA", "EHLO", "HELO", "after", "AUTH", "VRFY", "STARTTLS")
    return ("refused", None) if tail.startswith(" rejected ") and known else None


def _stamp(line: str) -> Optional[tuple[float, str]]:
    try:
        at = datetime.strptime(line[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    rest = line[19:]
    if rest.startswith("."):
        digits = rest[1:].split(" ")[0]
        if not (digits.isdecimal() and digits.isascii()):
            return None
        at += timedelta(seconds=float(f"0.{digits}"))
        rest = rest[1 + len(digits) :]
    if rest[1:2] in ("+", "-") and rest[2:6].isdecimal():
        shift = timedelta(hours=int(rest[2:4]), minutes=int(rest[4:6]))
        at += shift if rest[1] == "-" else -shift
        rest = rest[6:]
    if rest.startswith(" [") and rest[2:].split("] ")[0].isdecimal():
        rest = " " + rest.partition("] ")[2]
    return (at.timestamp(), rest[1:]) if rest.startswith(" ") else None


def _duration(text: str) -> float:
    total, digits = 0.0, ""
    for sign in text:
        if sign in "wdhms":
            total += float(digits or 0) * {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}[sign]
            digits = ""
        elif sign in "0123456789.":
            digits += sign
    return total
