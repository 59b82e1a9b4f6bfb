"""What is between the rows of a pasted report: levels, categories, what was asked, transcripts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Optional
from urllib.parse import unquote

from mxverdict import testers
from mxverdict.i18n.message import Message
from mxverdict.net.address import is_address
from mxverdict.pasted.levels import level_of
from mxverdict.pasted.masks import is_masked
from mxverdict.pasted.model import Subject
from mxverdict.pasted.normalize import MASKED, Token
from mxverdict.pasted.phrase_trie import is_host, kinds_of

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

_COMMAND = re.compile(r"([a-z-]{1,9})(?::|%3a)([^\s:%]{1,253}|[0-9a-f:.]{2,45})(?::\d{1,5})?", re.IGNORECASE)
_STATUS = ("Ok", "Warning", "Problem", "Error")
_MASKED_COMMAND = re.compile(r"[\"'(`*]{0,3}([a-z-]{1,9}):(\S{3,253}?)[\"')`,;]{0,3}", re.IGNORECASE)
_SUBJECT_LINE = 160
_SUBJECT_SIGN = re.compile(r":|===|report|result|ergebnis", re.IGNORECASE)
_SUBJECTS = (
    ("smtp", re.compile(r"=== (?:Trying|Connected to) (\S+?)(?::\d{1,5})?\.{0,3}")),
    ("smtp", re.compile(r".{0,60}-->> (\S+?):\d{1,5} .{0,80}")),
    ("smtp", re.compile(r"Testing with (\S+?):\d{1,5} .{0,80}")),
    ("smtp", re.compile(r"\"hostname\": \"(\S+?)\",?")),
    (
        "",
        re.compile(
            r"(?:(?:Domain|Host|Hostname|Server|Mail ?server|Host ?name|IP|IP[- ]?(?:address|Adresse))"
            r"(?: name)?|[Dd]omaine|Serveur|[Dd]ominio|Servidor) ?: (\S+)",
            re.IGNORECASE,
        ),
    ),
    (
        "",
        re.compile(
            r".{0,60}\b(?:report|results?|resultados?|Ergebnis(?:se)?) (?:for|of|für|de) (\S+?):?",
            re.IGNORECASE,
        ),
    ),
    ("", re.compile(r"(\S+):")),
)
_URL = re.compile(
    r"mxtoolbox\.com/[^\s?#]{0,80}\?(?:[^\s&#]{1,80}&){0,5}action=([^\s&#]{1,300})", re.IGNORECASE
)
_PAGE = re.compile(r"mxtoolbox\.com/(?:domain|emailhealth)/([^\s/?#]{1,253})", re.IGNORECASE)
_CELLS = re.compile(r"\t+| {2,}|\|")
_FAMILY = re.compile(
    r"(?:SMTP|DNS|SPF|DKIM|DMARC|BIMI|MTA-STS|TLSRPT|TLS-RPT|HTTPS?|TCP|MX)(?: [A-Z][\w/-]{0,30}){1,7}"
)
_NAME_END = re.compile(r" (?:Published|Check|Time|Value|Records?|Enabled|Validation|Lookups?|Policy|Found)$")
_JOINT = re.compile(r"\s*(?::|-|=|—)\s")
_MARKED = re.compile(
    r"(?:[\[(*]*(?:[❌⚠✗✘✖✕🔴🟡🟠🟥🟧🚫⛔]|:(?:x|warning|red_circle|no_entry):|\[ ?x ?\]"
    r"|(?:error|warning|critical|fail|failed|problem|fehler|warnung)\b(?=\s*[:\-|\])]|\s*$))"
    r"[\])*]*\s*[:\-]?\s*){1,3}",
    re.IGNORECASE,
)
_MAIL = re.compile(
    r"\b(?:(?:mail|mx\d{0,2})\.|(?:SMTP(?:_\w+)?|DNS|DNSSEC|SPF|DKIM|DMARC|BIMI|TLS|STARTTLS|MX|PTR|rDNS|DANE|"
    r"MTA-STS|TLS-RPT|HELO|EHLO|SOA|NS|reverse|banner|relay|black-?list(?:ed)?|block-?list(?:ed)?|"
    r"mail ?server|name ?servers?|hostname|port 25)\b)",
    re.IGNORECASE,
)
_REPORTED = re.compile(
    r"\b(?:say(?:s|ing)?|said|shows?|showing|reports?|reported|complain(?:s|ed|ing)?|alert(?:s|ed)?|monitor(?:s|ing)?|"
    r"probe(?:s|_success)?|trigger(?:ed)?|warns?|gett?(?:ing)?|got|gives?|tells?|results?|meldet|zeigt|sagt|affiche|"
    r"indique|dice|muestra|mxtoolbox|checktls|hardenize|nagios|icinga|zabbix|uptime|monit|blackbox|internet\.nl|"
    r"checkdmarc|testssl|swaks|intodns|dnsstuff|mail-?tester|glockapps|pingdom|statuscake|hetrix\w*|site24x7)\b",
    re.IGNORECASE,
)
_COMPLAINT = re.compile(
    r"\b(?:fail(?:s|ed|ure|ing)?|not|cannot|can't|\w+n't|unable|missing|mismatch(?:es)?|invalid|wrong|"
    r"time(?:d|s)?[- ]?outs?|down|errors?|refused|rejected|unreachable|probe_success 0|slow|"
    r"too (?:many|slow|long|few)|"
    r"no (?:\w+ ){0,2}(?:records?|support|tls|starttls|ptr|rdns|banner|greeting|answer|response)|"
    r"e(?:timedout|connrefused|hostunreach))\b",
    re.IGNORECASE,
)
_SHORT = re.compile(r"(?:\S+\s+){2,25}\S+$")
_WEB_SIGN = re.compile(r"remote |underlying|trust", re.IGNORECASE)
_WEB = re.compile(
    r"The remote server returned an error: \(\d{3}\)|Unable to connect to the remote server"
    r"|The underlying connection was closed:|The remote name could not be resolved: '"
    r"|Could not establish trust relationship for the SSL/TLS secure channel",
    re.IGNORECASE,
)
_JUDGED = re.compile(r"(?:OK|Warning|Error|Failed) - \S+(?: \S+){2,}|\d{1,6}(?:[.,]\d{1,6})? seconds - \S+")
_LISTED_LINE = re.compile(r"LISTED[\s|]+(\S.{0,120})")
_LIST_END = re.compile(
    r"\t| {2,}|\||\s[0-9a-f.:]{3,45} was listed|\s(?:Detail|(?:Information )?More Info(?:rmation)?)\b",
    re.IGNORECASE,
)
_DETAIL = re.compile(r"\S{1,253} reported \S+ \S+|[A-Za-z]+ is recommended to be\b")
_NUMBER = re.compile(r"\d{1,12}")
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
    masked: bool = False
    """Whether the host was made unreadable."""
    weak: bool = False
    """Whether the level may as well be the tick in a box of a list of tasks (`[x]`)."""


def level_at(tokens: Sequence[Token], place: int) -> Optional[Marker]:
    """Return a level at the start of a cell: `Status Warning`, `error`, `[x]`, `LISTED`, a tick or cross."""
    token = tokens[place]
    printed = token.raw == "Status" and place + 1 < len(tokens) and tokens[place + 1].bare in _STATUS
    if not token.first and not printed:
        return None
    if token.word == "status" and place + 1 < len(tokens) and tokens[place + 1].line == token.line:
        level = level_of(tokens[place + 1].word)
        return Marker(2, level=level) if level else None
    level = level_of(token.word)
    return Marker(1, level=level, certain=False, weak=token.word == "x") if level else None


def category_at(tokens: Sequence[Token], place: int) -> Optional[Marker]:
    """Return a marker such as `smtp  mail.shop.example`, as it starts a row of the domain health report."""
    token = tokens[place]
    if not token.first or token.word not in CATEGORIES or place + 1 == len(tokens):
        return None
    host = tokens[place + 1]
    masked = host.word == MASKED
    if host.line - token.line > 2 or not {"host", "address"}.intersection(kinds_of(host.word)):
        return None
    certain = token.last and host.last
    return Marker(2, category=token.word, host="" if masked else host.word, certain=certain, masked=masked)


def subject_at(tokens: Sequence[Token], place: int) -> Optional[Marker]:
    """Return what was asked: `smtp:203.0.113.10`, a link to MXToolbox, `Checking 203.0.113.10 against …`."""
    token = tokens[place]
    if token.word != "checking" and not any(sign in token.raw for sign in (":", "%", "mxtoolbox.com/")):
        return None
    subject = _link(token.raw) if "mxtoolbox.com/" in token.word else _masked_command(token.raw)
    if subject is None:
        subject = _command(token.word)
        if subject is not None and not (token.first or subject.command in _OWN_COMMANDS):
            subject = None
    if subject is not None:
        return Marker(1, subject=subject)
    if token.word == "checking" and place + 2 < len(tokens) and tokens[place + 2].word == "against":
        asked = tokens[place + 1].word
        if asked == MASKED or is_address(asked) or is_host(asked):
            return Marker(3, subject=Subject("blacklist", "" if asked == MASKED else asked))
    return None


def subject_of_line(line: str) -> Optional[Subject]:
    """Return what a line that is no row says the rows below it are about: `Domain: shop.example`,
    `shop.example:`, `=== Connected to 203.0.113.10.` and the like."""
    if len(line) > _SUBJECT_LINE or not _SUBJECT_SIGN.search(line):
        return None
    text = line.strip("> \t|*#")
    for command, form in _SUBJECTS:
        match = form.fullmatch(text)
        if match is not None:
            argument = match[1].lower().strip("\"'`*").rstrip(".")
            if is_masked(match[1]):
                return Subject(command, "")
            if (is_address(argument) or is_host(argument)) and argument not in _testers():
                return Subject(command, argument)
    return None


@cache
def _testers() -> frozenset[str]:
    """Return names of testers that look like hosts: `Internet.nl:` above a result says who tested."""
    known = testers.load().testers
    return frozenset(name for one in known for name in (one.name, *one.domains))


def _command(word: str) -> Optional[Subject]:
    match = _COMMAND.fullmatch(word)
    if match is None or match[1].lower() not in COMMANDS:
        return None
    argument = match[2].lower().rstrip(".")
    return Subject(match[1].lower(), argument) if is_address(argument) or is_host(argument) else None


def _masked_command(raw: str) -> Optional[Subject]:
    match = _MASKED_COMMAND.fullmatch(raw)
    if match is None or match[1].lower() not in COMMANDS or not is_masked(match[2]):
        return None
    return Subject(match[1].lower(), "")


def _link(raw: str) -> Optional[Subject]:
    match = _URL.search(raw)
    if match is not None:
        return _command(unquote(match[1]).strip("\"'<>()[].,;"))
    match = _PAGE.search(raw)
    domain = match[1].lower().strip("\"'<>()[].,;") if match else ""
    return Subject("", domain) if is_host(domain) else None


def reason_for_row(line: str) -> str:
    """Return what makes an unknown line look like a row of a report; "" when nothing does."""
    text = line.strip("> \t|*-#")
    if _WEB_SIGN.search(text) and _WEB.search(text):
        return about_the_web()
    cells = [cell for part in _CELLS.split(text) if (cell := part.strip("*`'\" "))]
    marked = bool(cells) and _MARKED.match(cells[0]) is not None
    if marked:
        first = _MARKED.sub("", cells[0], count=1).strip()
        cells = [cell for cell in (first, *cells[1:]) if cell]
    if not cells:
        return ""
    family = _FAMILY.match(cells[0])
    complete = family is not None and family.end() == len(cells[0])
    named = family is not None and _NAME_END.search(family[0]) and _JOINT.match(cells[0], family.end())
    if (complete and len(cells) > 1) or named or (marked and family is not None):
        return Message("it has the form of a row, but we do not know its name")
    if any(_JUDGED.match(cell) for cell in cells[:3]):
        return Message("it has the form of a result, but we do not know its words")
    said = " ".join(cells)
    reported = marked or (_REPORTED.search(said) and _COMPLAINT.search(said))
    if reported and _MAIL.search(said) and _SHORT.match(said):
        return Message("it looks like a complaint, but is none that we know")
    return ""


def about_the_web() -> Message:
    return Message("it is about a web page, not about mail, and is not judged")


def listed_by(line: str) -> str:
    """Return the name of the blocklist that a line says something is on; "" when it says no such thing."""
    match = _LISTED_LINE.match(line.strip("> \t|*-"))
    return _LIST_END.split(match[1], maxsplit=1)[0].strip(" .") if match else ""


def is_detail(line: str, rule: str) -> bool:
    """Whether a line below a row of that rule says more of it; a lone number only below a serial."""
    text = line.strip("> \t|")
    return _DETAIL.match(text) is not None or (
        rule == "dns.soa.serial" and _NUMBER.fullmatch(text) is not None
    )


def is_more(line: str) -> bool:
    return _MORE.fullmatch(line.strip("> \t|")) is not None


def without_more(text: str) -> str:
    """Return a row's words without the link after them."""
    return _MORE.sub("", text).strip(" \t|")
