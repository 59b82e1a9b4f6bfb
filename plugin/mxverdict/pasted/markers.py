"""What is between the rows of a pasted report: levels, categories, what was asked, transcripts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Optional
from urllib.parse import unquote

from mxverdict.i18n.message import Message
from mxverdict.net.address import is_address
from mxverdict.pasted.model import PastedSession, Subject, number
from mxverdict.pasted.normalize import Token
from mxverdict.pasted.phrase_trie import is_host

CATEGORIES = frozenset(
    (
        "blacklist",
        "smtp",
        "dns",
        "mx",
        "spf",
        "dmarc",
        "dkim",
        "bimi",
        "mta-sts",
        "tlsrpt",
        "http",
        "https",
        "tcp",
        "web",
    )
)
COMMANDS = frozenset((*CATEGORIES, "a", "aaaa", "ptr", "txt", "soa", "cname", "whois", "ping", "trace", "ns"))
_OWN_COMMANDS = ("smtp", "blacklist", "dns")
"""Those that mean nothing else in a text; `mx:` and `a:` stand in SPF records too."""

LISTED = "listed"
_LEVELS = {
    **dict.fromkeys(("ok", "pass", "passed", "good", "✓", "✔", "√", "✅", "🟢", "☑"), "ok"),
    **dict.fromkeys(("warn", "warning", "⚠", "🟡", "🟠"), "warning"),
    **dict.fromkeys(("error", "fail", "failed", "problem", "x", "✗", "✘", "✖", "❌", "🔴", LISTED), "error"),
    **dict.fromkeys(("timeout", "unknown"), "unknown"),
}
_COMMAND = re.compile(r"([a-z-]{1,9})(?::|%3a)([^\s:%]{1,253}|[0-9a-f:.]{2,45})(?::\d{1,5})?", re.IGNORECASE)
_URL = re.compile(
    r"mxtoolbox\.com/[^\s?#]{0,80}\?(?:[^\s&#]{1,80}&){0,5}action=([^\s&#]{1,300})", re.IGNORECASE
)
_PAGE = re.compile(r"mxtoolbox\.com/(?:domain|emailhealth)/([^\s/?#]{1,253})", re.IGNORECASE)
_CONNECTING = re.compile(r"[\s>|*]{0,20}Connecting to ([0-9a-f.:]{2,45})\s*$", re.IGNORECASE)
_END = re.compile(r"LookupServer(?:v\d)?\s+(\d{1,9})\s?ms", re.IGNORECASE)
_TIMED_OUT = re.compile(
    r"SendSMTPCommand: Timeout waiting for response after (\d{1,4}) seconds", re.IGNORECASE
)
_SPEECH = re.compile(
    r"[\s>|*]{0,20}(?:\d{3}(?:[ -]|$)|(?:EHLO|HELO|MAIL FROM|RCPT TO|QUIT|SendSMTPCommand)\b|Failed To)"
)
_TRANSCRIPT_LIMIT = 200

_CELLS = re.compile(r"\t+| {2,}|\|")
_FAMILY = re.compile(
    r"(?:SMTP|DNS|SPF|DKIM|DMARC|BIMI|MTA-STS|TLSRPT|TLS-RPT|HTTPS?|TCP|MX)(?: [A-Z][\w/-]{0,30}){1,7}"
)
_JUDGED = re.compile(r"(?:OK|Warning|Error|Failed) - \S+(?: \S+){2,}|\d{1,6}(?:[.,]\d{1,6})? seconds - \S+")
_LISTED_LINE = re.compile(r"LISTED[\s|]+(\S.{0,120})")
_LISTING = re.compile(r"blacklisted by (\S.{0,120})", re.IGNORECASE)
_LIST_END = re.compile(
    r"\t| {2,}|\||\s[0-9a-f.:]{3,45} was listed|\s(?:Detail|(?:Information )?More Info(?:rmation)?)\b",
    re.IGNORECASE,
)
_DETAIL = re.compile(r"\S{1,253} reported \S+ \S+|\d{1,12}|[A-Za-z]+ is recommended to be\b")
_MORE = re.compile(r"(?:Information )?More Info(?:rmation)?", re.IGNORECASE)


@dataclass(frozen=True)
class Marker:
    """A level, a category with its host, or a subject, made of `length` tokens."""

    length: int
    level: str = ""
    category: str = ""
    host: str = ""
    subject: Optional[Subject] = None
    certain: bool = True
    """Whether it means a row by itself; otherwise only when a row's name or words follow."""


def level_at(tokens: Sequence[Token], place: int) -> Optional[Marker]:
    """Return a level at the start of a cell: `Status Warning`, `error`, `[x]`, `LISTED`, a tick or cross."""
    token = tokens[place]
    if not token.first:
        return None
    if token.word == "status" and place + 1 < len(tokens) and tokens[place + 1].line == token.line:
        level = _LEVELS.get(tokens[place + 1].word, "")
        return Marker(2, level=level) if level else None
    level = _LEVELS.get(token.word, "")
    return Marker(1, level=level, certain=False) if level else None


def is_level(word: str) -> bool:
    return word in _LEVELS


def category_at(tokens: Sequence[Token], place: int) -> Optional[Marker]:
    """Return a marker such as `smtp  mail.shop.example`, as it starts a row of the domain health report."""
    token = tokens[place]
    if not token.first or token.word not in CATEGORIES or place + 1 == len(tokens):
        return None
    host = tokens[place + 1]
    if host.line - token.line > 2 or not (is_host(host.word) or is_address(host.word)):
        return None
    return Marker(2, category=token.word, host=host.word, certain=token.last and host.last)


def subject_at(tokens: Sequence[Token], place: int) -> Optional[Marker]:
    """Return what was asked: `smtp:203.0.113.10`, a link to MXToolbox, `Checking 203.0.113.10 against …`."""
    token = tokens[place]
    subject = _link(token.raw) if "mxtoolbox.com/" in token.word else None
    if subject is None:
        subject = _command(token.word)
        if subject is not None and not (token.first or subject.command in _OWN_COMMANDS):
            subject = None
    if subject is not None:
        return Marker(1, subject=subject)
    if token.word == "checking" and place + 2 < len(tokens) and tokens[place + 2].word == "against":
        asked = tokens[place + 1].word
        if is_address(asked) or is_host(asked):
            return Marker(3, subject=Subject("blacklist", asked))
    return None


def _command(word: str) -> Optional[Subject]:
    match = _COMMAND.fullmatch(word)
    if match is None or match[1].lower() not in COMMANDS:
        return None
    argument = match[2].lower().rstrip(".")
    return Subject(match[1].lower(), argument) if is_address(argument) or is_host(argument) else None


def _link(raw: str) -> Optional[Subject]:
    match = _URL.search(raw)
    if match is not None:
        return _command(unquote(match[1]).strip("\"'<>()[].,;"))
    match = _PAGE.search(raw)
    domain = match[1].lower().strip("\"'<>()[].,;") if match else ""
    return Subject("", domain) if is_host(domain) else None


def sessions(lines: Sequence[str]) -> Iterator[tuple[range, PastedSession]]:
    """Yield the transcripts in a text, with the lines they take."""
    place = 0
    while place < len(lines):
        match = _CONNECTING.match(lines[place])
        if match is None or not is_address(match[1]):
            place += 1
            continue
        end = _session_end(lines, place)
        milliseconds, gave_up = None, None
        for line in lines[place:end]:
            total, silence = _END.search(line), _TIMED_OUT.search(line)
            milliseconds = int(total[1]) if total else milliseconds
            gave_up = number(silence[1]) if silence else gave_up
        yield range(place, end), PastedSession(match[1].lower(), milliseconds, gave_up)
        place = end


def _session_end(lines: Sequence[str], start: int) -> int:
    window = range(start + 1, min(len(lines), start + _TRANSCRIPT_LIMIT))
    for place in window:
        if _END.search(lines[place]):
            return place + 1
        if _CONNECTING.match(lines[place]):
            break
    end = start + 1
    while end < len(lines) and (not lines[end].strip("> |") or _SPEECH.match(lines[end])):
        end += 1
    return end


def reason_for_row(line: str) -> str:
    """Return what makes an unknown line look like a row of a report; "" when nothing does."""
    cells = [cell for part in _CELLS.split(line.strip("> \t|*-")) if (cell := part.strip())]
    if cells and _FAMILY.fullmatch(cells[0]) and len(cells) > 1:
        return Message("it has the form of a row, but we do not know its name")
    if any(_JUDGED.match(cell) for cell in cells[:3]):
        return Message("it has the form of a result, but we do not know its words")
    return ""


def listed_by(line: str) -> str:
    """Return the name of the blocklist that a line says something is on; "" when it says no such thing."""
    text = line.strip("> \t|*-")
    match = _LISTED_LINE.match(text) or _LISTING.match(text)
    return _LIST_END.split(match[1], maxsplit=1)[0].strip(" .") if match else ""


def is_detail(line: str) -> bool:
    return _DETAIL.match(line.strip("> \t|")) is not None


def is_more(line: str) -> bool:
    return _MORE.fullmatch(line.strip("> \t|")) is not None


def without_more(text: str) -> str:
    """Return a row's words without the link after them."""
    return _MORE.sub("", text).strip(" \t|")
