"""Reads the refusals in a pasted text: a mail server's reply, or a bounce that quotes one.

The forms are those of RFC 3464 (Diagnostic-Code) and of Postfix, Exim (bounces and log lines), Sendmail,
qmail, Exchange and Gmail, in English and German.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Optional

from mxverdict.pasted.model import PastedRefusal
from mxverdict.refusals import RefusalClass, classify
from mxverdict.refusals.normalize import TEXT_LIMIT, normalized_reply

REFUSALS_LIMIT = 50
_ATTEMPTS_LIMIT = 500
"""So many places that look like a refusal are looked at."""
_LINES_BEFORE = 25
"""So many lines before a refusal may say whose it is."""
_RECIPIENTS_LIMIT = 20
_BLANK_LINES = 3
_QUOTING = re.compile(r"^\s{0,3}(?!>>> (?:MAIL|RCPT|DATA|EHLO|HELO|\.))(?:>[ \t]?){1,20}", re.IGNORECASE)
_REPLY_LINES = 20
_CODES = r"[45]\d\d"
_REPLY = rf"(?P<code>{_CODES})(?P<rest>[ ,-](?=\s*\S).*|$)"
_AT_START = re.compile(rf"[>\s|*\"'#<(;:~-]{{0,20}}{_REPLY}")
_LEAD = (
    r"\b(?:said|returned|error|respon(?:se|ded)|reply|antwort(?:et)?|fehler|was|lautete?|smtp|zuruck|after|"
    r"talk to me|reason|detail|diagnostic|description|connection|rejected|hat|status|code|failed|message|"
    r"meldung|command)|\]"
)
_IN_LINE = re.compile(rf"(?:{_LEAD})[^\n]{{0,300}}?[:;'\"(#>\[]\s{{0,3}}[#'\"]?{_REPLY}", re.IGNORECASE)
_DIAGNOSTIC = re.compile(
    r"[>\s|*]{0,20}Diagnostic-Code:\s*(?:[\w-]{1,40}\s*;)?\s*(?P<text>.*)", re.IGNORECASE
)
_FIELD = re.compile(
    r"[>\s|*]{0,20}(Final-Recipient|Original-Recipient|Remote-MTA|Status):\s*(?:[\w-]{1,20}\s*;)?\s*(\S{1,255})",
    re.IGNORECASE,
)
_CODE_WITHIN = re.compile(rf"(?<![\d.]){_CODES}(?=[ ,-]|$)")
_STATUS_WITHIN = re.compile(r"(?<![\d.])([45])\.\d{1,3}\.\d{1,3}(?!\.?\d)")
_MAILBOX = re.compile(r"<?([^\s<>@\"',;:()\[\]]{1,64}@[a-z0-9._-]{1,255}[a-z0-9])>?", re.IGNORECASE)
_NAME = r"([a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,10})"
_HOST = re.compile(
    rf"\b(?:host:?|server|h=|from|remote server at|talking to|to)\s?{_NAME}\.?(?=[\s:\[(,;]|$)|"
    rf"^\s{{0,20}}{_NAME}(?=\s+(?:hat|gave|rejected)\b|:?$)",
    re.IGNORECASE,
)
_NOT_RECIPIENT = re.compile(
    r"mail from|\(reason:|^\s{0,20}(?:from|to|subject|sender|return-path|reply-to|message-id|date|x-[\w-]+):",
    re.IGNORECASE,
)
_STAGES = tuple(
    (re.compile(pattern, re.IGNORECASE), stage)
    for pattern, stage in (
        (r"initial connection|refused to talk to me|reply\s+to initial|at connect", "connect"),
        (r"(?:after|reply\s+to|>>>)\s{0,3}(?:pipelined )?(?:EHLO|HELO)\b", "ehlo"),
        (
            r"(?:after|reply\s+to|>>>)\s{0,3}(?:pipelined )?MAIL\b|does not like sender|sender was rejected",
            "mail",
        ),
        (r"(?:after|reply\s+to|>>>)\s{0,3}(?:pipelined )?RCPT\b|does not like recipient", "rcpt"),
        (r"end of data|(?:after|>>>) (?:pipelined )?(?:DATA|\.)|failed after i sent the message", "message"),
    )
)
_BOUNCE = re.compile(
    r"could(?: not|n't) be delivered|permanent error|wasn't delivered|undeliver|delivery (?:has )?failed|"
    r"delivery status notification|returned to sender|delivery to the following|failed permanently|"
    r"mailer-daemon|mail delivery|(?:wasn't|not) able to deliver|unzustellbar|nicht zugestellt|konnte nicht",
    re.IGNORECASE,
)
_ALONE = re.compile(
    r"[>\s|*]{0,20}[<\"]?[^\s<>@\"',;:()\[\]]{1,64}@[a-z0-9._-]{1,255}[>\"]?:?\s*$", re.IGNORECASE
)
_BECAUSE = re.compile(
    r"(?:deliver|zugestellt|reach|blocked|blockiert)[^\n]{0,300}?\b(?:because|weil|da)\b(.{5,300})",
    re.IGNORECASE,
)
_FOREIGN = re.compile(
    r"\s{0,20}(?:-{2,}|X-|Received:|Subject:|From:|To:|Date:|Message-ID:|Content-|Reporting-MTA:)",
    re.IGNORECASE,
)
"""Where what a bounce says of a recipient has ended."""


def read(lines: Sequence[str], is_report: bool = False) -> tuple[PastedRefusal, ...]:
    """Return the refusals in `lines` (from `normalize.lines_of`), each once, at most REFUSALS_LIMIT.

    In a tester's report (`is_report`) the replies of its transcripts are no refusals of mail: only what has
    the form of a bounce is read there.
    """
    found: list[PastedRefusal] = []
    plain: list[str] = []
    for one in _Reader([_QUOTING.sub("", line) for line in lines], is_report).refusals():
        _add(found, plain, one)
        if len(found) >= REFUSALS_LIMIT:
            break
    explained = {recipient for one in found if one.code for recipient in one.recipients}
    return tuple(one for one in found if one.code or not explained.intersection(one.recipients))


def _add(found: list[PastedRefusal], known: list[str], one: PastedRefusal) -> None:
    """Add a refusal to `found`, and its plain text to `known`. A bounce has the same twice, once for people
    and once for programs: the longer form stays."""
    plain = normalized_reply(one.text).text.strip()
    for place, other in enumerate(found):
        if other.code == one.code and (plain in known[place] or known[place] in plain):
            longer = one if len(plain) > len(known[place]) else other
            known[place] = max(plain, known[place], key=len)
            found[place] = replace(
                longer,
                line=other.line,
                host=other.host or one.host,
                stage=other.stage or one.stage,
                recipients=tuple(dict.fromkeys((*other.recipients, *one.recipients)))[:_RECIPIENTS_LIMIT],
            )
            return
    found.append(one)
    known.append(plain)


@dataclass(frozen=True)
class _Context:
    """What the lines before a refusal say of it."""

    recipient: str = ""
    host: str = ""
    stage: str = ""


_Found = tuple[Optional[PastedRefusal], int]
"""A refusal (None: a field without one) and the line after it."""


class _Reader:
    def __init__(self, lines: Sequence[str], is_report: bool) -> None:
        self._lines = lines
        self._is_report = is_report
        filled = [line for line in lines if line.strip()]
        self._short = len(filled) <= 5
        self._bounce = not is_report and any(_BOUNCE.search(line) for line in lines[:200])
        self._context = _Context()
        self._status = ""
        self._noted = 0
        self._attempts = 0

    def refusals(self) -> Iterator[PastedRefusal]:
        place = 0
        while place < len(self._lines) and self._attempts < _ATTEMPTS_LIMIT:
            line = self._lines[place]
            if not line.strip():
                place += 1
                continue
            found = self._diagnostic(place) or self._quoted(place) or self._without_code(place)
            if found is None:
                place += 1
                continue
            refusal, place = found
            self._noted = place
            if refusal is not None:
                yield refusal

    def _note_before(self, place: int) -> None:
        """Note the lines since the last refusal."""
        for line in self._lines[max(self._noted, place - _LINES_BEFORE) : place]:
            self._note(line)
        self._noted = place
        self._attempts += 1

    def _note(self, line: str) -> None:
        """Keep what a line says of the refusal that may follow."""
        field = _FIELD.match(line)
        if field is not None:
            name, value = field[1].lower(), field[2].strip("<>,;")
            if name == "status":
                self._status = value
            elif name == "remote-mta":
                self._context = replace(self._context, host=value.lower())
            else:
                self._context = replace(self._context, recipient=value)
            return
        mailbox = None if _NOT_RECIPIENT.search(line) else _MAILBOX.search(line)
        host = _HOST.search(line)
        stage = _stage(line)
        self._context = _Context(
            mailbox[1] if mailbox else self._context.recipient,
            (host[1] or host[2]).lower() if host else self._context.host,
            stage or ("" if mailbox else self._context.stage),
        )

    def _diagnostic(self, place: int) -> Optional[_Found]:
        match = _DIAGNOSTIC.match(self._lines[place])
        if match is None:
            return None
        self._note_before(place)
        parts, after = [match["text"]], place + 1
        while (
            after < len(self._lines) and self._lines[after][:1] in (" ", "\t") and self._lines[after].strip()
        ):
            parts.append(self._lines[after].strip())
            after += 1
        self._fields_after(after)
        text = "\n".join(parts)
        code = _CODE_WITHIN.search(text)
        if code is not None:
            lead, rest = text[: code.start()], text[code.end() :]
            return self._made(int(code[0]), rest, place, lead), after
        status = _STATUS_WITHIN.search(text) or _STATUS_WITHIN.search(self._status)
        if status is None or not text.strip():
            return (None, after)
        return self._made(450 if status[1] == "4" else 550, text, place, ""), after

    def _fields_after(self, place: int) -> None:
        for line in self._lines[place : place + 6]:
            if not line.strip():
                break
            if _FIELD.match(line):
                self._note(line)

    def _quoted(self, place: int) -> Optional[_Found]:
        line = self._lines[place]
        if _CODE_WITHIN.search(line) is None:
            return None
        start = _AT_START.match(line)
        match = start or _IN_LINE.search(line)
        if match is None or (start is not None and self._is_report):
            return None
        code, rest = int(match["code"]), match["rest"]
        if self._is_report and not _BOUNCE_LEAD.search(line):
            return None
        parts, after = [rest.lstrip(" ,-")], place + 1
        while after < len(self._lines) and len(parts) < _REPLY_LINES:
            more = self._continued(after, code, rest.startswith("-"), wrapped=start is None)
            if more is None:
                break
            parts.append(more[0])
            rest, after = more[1], after + 1
        lead = line[: match.start("code")]
        text = "\n".join(parts)
        self._attempts += 1
        if not self._is_one(code, text, lead):
            return None
        quoted = "\n".join(self._lines[place:after])
        self._note_before(place)
        self._note(lead)
        made = self._made(code, _without_tail(text), place, lead, _stage(quoted))
        return made, after

    def _continued(self, place: int, code: int, more: bool, *, wrapped: bool) -> Optional[tuple[str, str]]:
        """The text of the next line of a reply, and how that line went on; None when it is no part of it."""
        line = self._lines[place]
        if not line.strip() or _DIAGNOSTIC.match(line) or _FIELD.match(line):
            return None
        match = _AT_START.match(line)
        if match is not None and int(match["code"]) == code:
            return (match["rest"].lstrip(" -"), match["rest"]) if more or wrapped else None
        if match is not None or _ALONE.match(line):
            return None
        if more:
            return line.strip(), "-"
        return (line.strip(), " ") if line[:1] in (" ", "\t") and self._lines[place - 1].strip() else None

    def _is_one(self, code: int, text: str, lead: str) -> bool:
        """Whether it is a reply, and not a number that begins a line."""
        if not re.search(r"[A-Za-z]{2}", text):
            return self._short or self._bounce
        if (
            self._bounce
            or self._short
            or _STATUS_WITHIN.search(text[:60])
            or re.search(_LEAD, lead, re.IGNORECASE)
        ):
            return True
        return classify(code, text).kind is not RefusalClass.UNKNOWN

    def _without_code(self, place: int) -> Optional[_Found]:
        """What a bounce says of a recipient without a reply code: words of Exim's, qmail's or GMX's own below
        the address, or the reason in one sentence."""
        if not self._bounce:
            return None
        because = _BECAUSE.search(self._lines[place])
        if because is not None:
            return self._without_reply(place, because[1], place + 1)
        if not _ALONE.match(self._lines[place]):
            return None
        after, parts, blank = place + 1, list[str](), 0
        while after < len(self._lines) and len(parts) < _REPLY_LINES and blank < _BLANK_LINES:
            line = self._lines[after]
            if _AT_START.match(line) or _IN_LINE.search(line) or _ALONE.match(line) or _FOREIGN.match(line):
                break
            blank += not line.strip()
            if not line.strip() and (found := self._without_reply(place, "\n".join(parts), after)):
                return found
            parts += [line.strip()] * bool(line.strip())
            after += 1
        return self._without_reply(place, "\n".join(parts), after)

    def _without_reply(self, place: int, text: str, after: int) -> Optional[_Found]:
        self._attempts += 1
        if classify(550, text).kind is RefusalClass.UNKNOWN:
            return None
        self._note_before(place)
        self._note(self._lines[place])
        return self._made(0, text, place, ""), after

    def _made(self, code: int, text: str, place: int, lead: str, stage: str = "") -> PastedRefusal:
        context = self._context
        return PastedRefusal(
            code=code,
            text=_in_one_line(text),
            stage=stage or _stage(lead) or context.stage,
            host=context.host,
            recipients=(context.recipient,) if context.recipient else (),
            line=place + 1,
        )


_REPEATED = re.compile(r"\n\s{0,20}[245]\.\d{1,3}\.\d{1,3}(?=\s)")
"""The status code at the start of each further line."""
_BOUNCE_LEAD = re.compile(r"\bsaid:|error from remote mail|remote host said|remote server", re.IGNORECASE)
_TAIL = re.compile(r"\(in\s+reply\s+to\s.{2,60}", re.IGNORECASE | re.DOTALL)


def _without_tail(text: str) -> str:
    return _TAIL.sub("", text).rstrip(" '\"")


def _stage(text: str) -> str:
    return next((stage for pattern, stage in _STAGES if pattern.search(text)), "")


def _in_one_line(text: str) -> str:
    """Return a reply's text in one line, its status code once."""
    if _STATUS_WITHIN.search(text.partition("\n")[0]):
        text = _REPEATED.sub("", text)
    return " ".join(text.split())[:TEXT_LIMIT].strip(" '\"#")
