"""MXToolbox's session transcripts: where they are in a text, and what they prove.

Shape: transcripts of 2024 to 2026 (docs/facts/testers.md A.3 and D); they are also pasted without their first
line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Optional

from mxverdict.net.address import is_address
from mxverdict.pasted.masks import is_masked
from mxverdict.pasted.model import PastedSession, number

_CONNECTING = re.compile(r"[\s>|*]{0,20}Connecting to (\S{2,60})\s*$", re.IGNORECASE)
_END = re.compile(r"LookupServer(?:v\d)?\s{1,9}(?:\[\S{1,260}\]\s{1,9})?(\d{1,9})\s?ms", re.IGNORECASE)
_ASKED = re.compile(r"LookupServer(?:v\d)?\s{1,9}\[smtp:([0-9a-f.:]{2,45})\]", re.IGNORECASE)
_TIMED_OUT = re.compile(
    r"SendSMTPCommand: Timeout waiting for response after (\d{1,4}) seconds", re.IGNORECASE
)
_SPEECH = re.compile(
    r"[\s>|*]{0,20}(?:\d{3}(?:[ -]|$)|(?:EHLO|HELO|MAIL FROM|RCPT TO|QUIT|SendSMTPCommand|LookupServer)\b"
    r"|Failed To)"
)
_PROBE = re.compile(r"[\s>|*]{0,20}(?:EHLO|HELO) \S{0,60}mxtoolbox\.com\b", re.IGNORECASE)
_COMMAND = re.compile(r"[\s>|*]{0,20}(EHLO|HELO|MAIL FROM|RCPT TO|QUIT)\b", re.IGNORECASE)
_REPLY = re.compile(r"[\s>|*]{0,20}(\d{3})(?:[ -](.{0,500}))?$")
_LATENCY = re.compile(r"\[(\d{1,9}) ms\]")
_STARTTLS = re.compile(r"STARTTLS\b", re.IGNORECASE)
_LIMIT = 200


def sessions(lines: Sequence[str]) -> Iterator[tuple[range, PastedSession]]:
    """Yield the transcripts in a text, with the lines they take."""
    place = taken = 0
    while place < len(lines):
        match = _CONNECTING.match(lines[place])
        address = match[1] if match is not None else ""
        known = is_address(address) or is_masked(address)
        start = place
        if not known and _PROBE.match(lines[place]):
            start = _greeting_before(lines, place, taken)
        if not known and not _PROBE.match(lines[place]):
            place += 1
            continue
        end = _session_end(lines, place)
        yield range(start, end), _session(lines, start, end, address.lower() if is_address(address) else "")
        place = taken = end


def _greeting_before(lines: Sequence[str], place: int, taken: int) -> int:
    """Return where the greeting starts before the tester's first command."""
    start = place
    for line in range(place - 1, max(taken, place - 20) - 1, -1):
        said = _REPLY.match(lines[line])
        if said is not None and said[1] == "220":
            start = line
        elif lines[line].strip("> |"):
            break
    return start


def _session_end(lines: Sequence[str], start: int) -> int:
    window = range(start + 1, min(len(lines), start + _LIMIT))
    for place in window:
        if _END.search(lines[place]):
            return place + 1
        if _CONNECTING.match(lines[place]) or (place > start + 8 and _PROBE.match(lines[place])):
            break
    end = start + 1
    while end < len(lines) and (not lines[end].strip("> |") or _SPEECH.match(lines[end])):
        end += 1
    return end


def _session(lines: Sequence[str], start: int, end: int, address: str) -> PastedSession:
    stage = "CONNECT"
    replies: dict[str, str] = {}
    latency: dict[str, int] = {}
    starttls: Optional[bool] = None
    milliseconds: Optional[int] = None
    gave_up: Optional[float] = None
    for line in lines[start:end]:
        total, silence, asked = _END.search(line), _TIMED_OUT.search(line), _ASKED.search(line)
        milliseconds = int(total[1]) if total else milliseconds
        gave_up = number(silence[1]) if silence else gave_up
        address = asked[1].lower() if asked and is_address(asked[1]) and not address else address
        command, reply = _COMMAND.match(line), _REPLY.match(line)
        if command is not None:
            stage = command[1].upper()
        elif reply is not None:
            replies.setdefault(stage, line.strip("> |*"))
            if stage in ("EHLO", "HELO"):
                starttls = bool(starttls) or _STARTTLS.match((reply[2] or "").strip()) is not None
            if waited := _LATENCY.search(line):
                latency[stage] = int(waited[1])
    return PastedSession(
        address=address,
        milliseconds=milliseconds,
        gave_up=gave_up,
        banner=replies.get("CONNECT", ""),
        greeting_milliseconds=latency.get("CONNECT"),
        starttls=starttls,
        recipient=replies.get("RCPT TO", ""),
        line=start + 1,
    )
