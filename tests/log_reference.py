"""The testers' visits in a main log by another, slow way: every reading of every line is tried.

It shares no code with the product and is what its fast scan is compared with (tests/bench/log.py).
"""

from __future__ import annotations

import ipaddress
import re
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from typing import NamedTuple, Optional

_WORDS = ("I=", "Ci=", "U=")
_WORDS_OF_H = (*_WORDS, "X=", "CV=", "SNI=", "DN=", "A=", "PRX=", "L", "L*", "PFS", "TFO", "TFO*")
_WORDS_OF_SENDER = ("A=", "SPF", "SPF=", "DMARC", "DMARC=")


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
    """What one line says. `kind`: connect, arrival, quit, left, timeout, dropped, rejected (at connect),
    refused, and "" for what tells nothing of a visit."""

    at: float
    address: str
    port: int
    helo: str
    kind: str
    seconds: Optional[float]


def visits(
    log: Iterable[bytes], networks: Iterable[str], first: float = 0.0, last: float = float("inf")
) -> list[Seen]:
    """The visits from `networks` (CIDR), by time and address. A time without a zone is taken as UTC. Lines
    dated before `first` or after `last` (Unix times) were not written by Exim."""
    wanted = [ipaddress.ip_network(text) for text in networks]
    by_peer: dict[tuple[str, int], list[Reading]] = {}
    for line in believed(log):
        told = reading(line[:-1]) if line.endswith(b"\n") else None
        if told is None or not first <= told.at <= last:
            continue
        if any(ipaddress.ip_address(told.address) in network for network in wanted):
            by_peer.setdefault((told.address, told.port), []).append(told)
    found = [seen for readings in by_peer.values() for seen in _grouped(readings)]
    return sorted(found, key=lambda seen: (seen.came_at, seen.address, seen.port))


def believed(log: Iterable[bytes]) -> Iterator[bytes]:
    """The lines that cannot be part of a folder's name in a `cwd=` line before them: at every ` N args:`
    within a record's longest length it is tried whether what stands before can be a path."""
    ahead: deque[bytes] = deque()
    size = 0
    source = iter(log)
    doubted = 0
    while True:
        while size < 2 * _RECORD and (line := next(source, None)) is not None:
            ahead.append(line)
            size += len(line)
        if not ahead:
            return
        line = ahead.popleft()
        size -= len(line)
        if doubted <= 0:
            yield line
        doubted -= len(line)
        found = _FOLDER.match(line)
        if found is not None and not _OF_ROOT.match(line, found.end()):
            text = line + b"".join(ahead)
            doubted = max(doubted, _record_end(text, found.end()) - len(line))


def _record_end(text: bytes, name: int) -> int:
    ends = [
        found.start()
        for found in _ARGUMENTS.finditer(text, name, _RECORD + 20)
        if found.start() <= _RECORD and _is_path(text[name : found.start()])
    ]
    return (text.find(b"\n", ends[-1]) + 1 or len(text)) if ends else _RECORD


def _is_path(name: bytes) -> bool:
    first, *parts = name.split(b"/")
    return len(first) <= 255 and all(0 < len(part) <= 255 for part in parts)


_RECORD = 8192
_FOLDER = re.compile(
    rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?(?: [+-]\d{4})?(?: \[\d+\])?(?: [\w]+-[\w]+-[\w]+)? cwd="
)
_ARGUMENTS = re.compile(rb" \d{1,10} args:")
_OF_ROOT = re.compile(rb"(?:/|/root|/var/spool/exim) \d+ args:| \(failed\)")


def reading(line: bytes) -> Optional[Reading]:
    """What a line without its line end can only mean; None when it says nothing of a visit, or two things."""
    readings = list(_readings(line.decode("latin-1")))
    return readings[0] if len(readings) == 1 and readings[0].kind else None


def _grouped(readings: list[Reading]) -> Iterator[Seen]:
    groups: list[list[Reading]] = []
    for reading in readings:
        if reading.kind == "connect" or not groups:
            groups.append([])
        groups[-1].append(reading)
    for group in groups:
        first = group[0]
        ends = [r for r in group if r.kind in ("quit", "left", "timeout", "dropped", "rejected")]
        end = ends[0] if ends else None
        last = ends[-1] if end is not None and end.kind == "rejected" else end
        came = first.at - (first.seconds or 0.0)
        seconds = None if last is None else last.seconds if last.seconds is not None else last.at - came
        helo = next((r.helo for r in reversed(group) if r.helo), "")
        refused = any(r.kind in ("refused", "rejected") for r in group)
        yield Seen(first.address, first.port, came, helo, seconds, end.kind if end else "unknown", refused)


def _readings(line: str) -> Iterator[Reading]:
    """All that a line can be read as; a line that can be read in two ways says nothing for certain."""
    stamped = _stamp(line)
    if stamped is None:
        return
    at, rest = stamped
    number, _, after = rest.partition(" ")
    identified = [len(part) for part in number.split("-")] in ([6, 6, 2], [6, 11, 4])
    if identified:
        rest = after
    if identified and rest.startswith("<= "):
        for start in _positions(" H=", rest):
            if _is_sender(rest[3:start]):
                yield from _places(at, "<=", rest[start + 3 :])
    elif rest.startswith(("H=", " DSH=")):
        yield from _places(at, "H=", rest.partition("H=")[2])
    elif rest.startswith("SMTP protocol synchronization error ("):
        yield from _out_of_turn(at, rest)
    else:
        for opening in _OPENINGS:
            if rest.startswith(f"{opening} "):
                body = rest[len(opening) + 1 :]
                if body.startswith("Ci="):
                    body = body.partition(" ")[2]
                if body.startswith("from "):
                    body = body[5:]
                    for mark in ("TFO ", "TFO* "):
                        body = body[len(mark) :] if body.startswith(mark) else body
                    yield from _places(at, opening, body)


_OPENINGS = (
    "SMTP connection",
    "unexpected disconnection while reading SMTP command",
    "SMTP command timeout on connection",
    "SMTP command timeout on TLS connection",
    "SMTP data timeout (message abandoned) on connection",
    "SMTP call",
    "Connection",
    "refused connection",
    "temporarily refused connection",
    "TLS error on connection",
    "rejected EHLO",
    "rejected HELO",
    "rejected MAIL",
)


def _out_of_turn(at: float, rest: str) -> Iterator[Reading]:
    """Input before the greeting, or the next command before the reply to the one that is quoted."""
    reason, _, said = rest.partition("): ")
    if reason.endswith("input sent without waiting for greeting") and said.startswith("rejected connection "):
        yield from _places(at, "early", said.partition("H=")[2])
    elif "next input sent too soon" in reason and said.startswith('rejected "'):
        for start in _positions('" H=', said):
            yield from _places(at, "early", said[start + 4 :]) or [Reading(at, "", 0, "", "", None)]


def _positions(words: str, text: str) -> Iterator[int]:
    start = text.find(words)
    while start >= 0:
        yield start
        start = text.find(words, start + 1)


def _is_sender(text: str) -> bool:
    """Whether that can stand between `<=` and `H=`: an envelope sender, what it answers, DNSSEC."""
    quoted, end = False, len(text)
    for index, sign in enumerate(text):
        quoted ^= sign == '"' and not (quoted and text[index - 1] == "\\")
        if sign == " " and not quoted:
            end = index
            break
    words = text[end + 1 :].split(" ") if end < len(text) else []
    if words and words[0].startswith("R="):
        words = words[1:]
    return bool(text[:end]) and not quoted and words in ([], ["DS"])


def _places(at: float, opening: str, body: str) -> list[Reading]:
    found = []
    for start, sign in enumerate(body):
        if sign == "[":
            told = _one(at, opening, body[:start], body[start + 1 :])
            if told is not None:
                found.append(told)
    return found


def _one(at: float, opening: str, head: str, tail: str) -> Optional[Reading]:
    address, bracket, tail = tail.partition("]")
    helo = _helo(head)
    if not bracket or helo is None:
        return None
    port = 0
    if tail.startswith(":"):
        digits = tail[1:].partition(" ")[0].partition(":")[0]
        if not digits.isdecimal() or int(digits) > 65535:
            return None
        port, tail = int(digits), tail[1 + len(digits) :]
    if tail and not tail.startswith((" ", ":")):
        return None
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    told = _kind(opening, tail)
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
        if word.startswith(('DN="', 'SNI="')) and tail.count('"') > 1:
            end = tail.index('"', tail.index('"') + 1) + 1
            word, space, more = tail[1:end], *tail[end:].partition(" ")[1:]
        is_word = any(word.startswith(one) if one.endswith("=") else word == one for one in words)
        if not tail.startswith(" ") or not is_word:
            return tail
        tail = space + more


def _kind(opening: str, tail: str) -> Optional[tuple[str, Optional[float]]]:
    """What a line says by what follows the peer; None when Exim would not go on so."""
    if opening == "H=":
        return _refusal(tail)
    said = _less_words(tail, _WORDS)
    if opening == "<=":
        taken = _less_words(tail, (*_WORDS, "TFO", "TFO*")).startswith(" P=")
        goes_on = tail.startswith((" I=[", " Ci=", " U=", " TFO"))
        return ("arrival" if taken else "", None) if taken or goes_on else None
    if opening == "early":
        return ("dropped", None) if said.startswith((" input=", " next input=")) else None
    if opening == "SMTP call":
        return ("dropped", None) if said.startswith(" dropped: ") else None
    if opening in ("Connection", "refused connection", "temporarily refused connection"):
        return ("rejected", None) if said.startswith((" refused: ", ": ", " (")) else None
    if opening.startswith("TLS"):
        return "refused", None
    if opening.startswith("rejected "):
        return ("refused", None) if said.startswith(": ") else None
    if opening.startswith("SMTP data timeout"):
        address, _, last = said.rpartition(" D=")
        if not address or not _is_duration(last):
            address, last = said, ""
        if address and not (address.startswith(" F=<") and address.endswith(">")):
            return None
        return "timeout", _duration(last) if last else None
    if "[" in said or "]" in said:
        return None
    words = said.split(" ")
    seconds = [_duration(word[2:]) for word in words if word.startswith("D=")]
    others = " ".join(word for word in words if not word.startswith("D=")).strip()
    stayed = seconds[0] if seconds else None
    if opening.startswith("unexpected"):
        return ("left", stayed) if not others or others.startswith("(error: ") else None
    if opening.startswith("SMTP command timeout"):
        return ("timeout", stayed) if not others else None
    if others.startswith("(TCP/IP connection count = ") and others.endswith(")"):
        return "connect", None
    others = others[4:] if others.startswith("TFO ") else others
    for words_of_exim, kind in (
        ("closed by QUIT", "quit"),
        ("closed by EOF", "left"),
        ("closed", "dropped"),
        ("lost", "left"),
    ):
        if others.startswith(words_of_exim):
            return kind, stayed
    return None


def _refusal(tail: str) -> Optional[tuple[str, Optional[float]]]:
    said = _less_words(tail, (*_WORDS_OF_H, *_WORDS_OF_SENDER))
    if said.startswith((" sender verify fail for <", " sender verify defer for <")):
        return "refused", None
    if said.startswith((" dropped by 'connect' ACL", ' dropped by "connect" ACL')):
        return "rejected", None
    if said.startswith(" F=<"):
        quoted = False
        for index, sign in enumerate(said[4:], 4):
            quoted ^= sign == '"' and said[index - 1] != "\\"
            if sign == ">" and not quoted:
                said = _less_words(said[index + 1 :], _WORDS_OF_SENDER)
                break
    said = said.replace(" temporarily rejected ", " rejected ", 1) if said.startswith(" temp") else said
    if said.startswith(' rejected connection in "connect" ACL'):
        return "rejected", None
    stage = said[10:].split(" ")[0].rstrip(":")
    known = stage in (
        "RCPT", "MAIL", "DATA", "EHLO", "HELO", "after", "during", "AUTH", "VRFY", "STARTTLS"
    )  # fmt: skip
    if said.startswith(" rejected ") and known:
        return "refused", None
    word = tail[1:].partition(" ")[0]
    marks = ("I=[", "Ci=", "U=", "X=", "CV=", "DN=", "SNI=", "A=", "F=<", "SPF", "DMARC", "Warning:")
    goes_on = (" incomplete transaction (", " dropped by ", " rejected ", " temporarily rejected ")
    return ("", None) if word.startswith(marks) or tail.startswith((*goes_on, " sender verify ")) else None


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
        if shift > timedelta(hours=14):
            return None
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


def _is_duration(text: str) -> bool:
    return bool(text) and set(text) <= set("0123456789.wdhms")
