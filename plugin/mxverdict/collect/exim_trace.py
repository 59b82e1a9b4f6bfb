"""Parse the trace that a simulated session (`exim -bh`) prints: which statement delays, which list exempts.

Pure, fed stage by stage. The shape of the trace differs between versions of Exim (recorded from
seven of them, 4.94.2 to 4.100.1, in tests/tables/exim_traces):

- up to 4.96 a host list prints one answer, after those of the lists nested in it;
- 4.97 prints a question before each answer and every element of the list;
- 4.98 draws nested lists with U+254E and U+2591 and names them (`start sublist`);
- 4.99 names the ACL before the verb of a statement.

In all of them the last answer of a `hosts` condition is that of the whole list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Optional

_DRAWN = "> \u254e\u2591"
"""What Exim draws before a line: its prompt, indentation and the frame of nested lists."""
_ACL = re.compile(r'using ACL "?([^"]*)"?')
_STATEMENT = re.compile(r'processing (?:inline )?(?:ACL )?(?:([^"]+) )?"(\w+)"(?: \((.*)\))?')
_CONDITION = re.compile(r"check (!?)(\w+) = (.*)")
_DELAY = re.compile(r"delay modifier requests (\d+)-second delay")
_DELAY_OUTCOME = re.compile(r"delay (?:skipped|cancelled) ")
_ANSWER = re.compile(r'host in "(.*)"\? (yes|no)(?: \((.*)\))?')
_DEFERRED = re.compile(r'host in ".*"\? list match deferred')
_CACHED = re.compile(r"cached yes match for (\+\S+)")
_SUCCEEDED = re.compile(r"\w+: condition test succeeded in (?:inline )?ACL")
_ENDED = re.compile(r"\w+: condition test (?:succeeded|failed|deferred|yielded)|end of (?:inline )?ACL")
_LOOKUP_FILE = re.compile(r"[\w,=-]+;(/.*)")
_LINE_NUMBER = re.compile(r"(\d+)\s*$")
_SESSION_END = re.compile(
    r"unexpected disconnection |SMTP command timeout "
    r"|SMTP connection (?:Ci=\S+ )?from .* (?:lost|closed (?:by|after))\b"
)


@dataclass(frozen=True)
class StageTrace:
    """What the trace says about one stage. `delay` is in seconds.

    `statements` are its statements (raw), `in_stanza` whether one of them is a delay stanza. `unexplained`
    are lines that leave open which statement delays or which list exempts (raw); `unreadable` is the line
    that leaves open how long the delay is, or "".
    """

    delay: int
    delayed_by: tuple[str, ...]
    exempted_by: tuple[str, ...]
    log: tuple[str, ...]
    statements: tuple[str, ...]
    in_stanza: bool
    unexplained: tuple[str, ...]
    unreadable: str


@dataclass
class _Hosts:
    """A `hosts` condition that is being tested."""

    negated: bool
    line: str
    answer: Optional[re.Match[str]] = None
    nested: str = ""
    """The last nested list that matched."""


@dataclass
class TraceParser:
    """The trace of one session, in order. `delay_lines` are the line ranges of the delay stanzas in
    exim.conf: a list that exempts from one of them exempts from the delay."""

    delay_lines: Sequence[range] = ()
    _acl: str = ""
    _where: str = ""
    _hosts: Optional[_Hosts] = None
    _delays: int = 0
    _files: dict[str, str] = field(default_factory=dict)
    """Files of named lists: Exim looks a list up once in a session and names it alone afterwards."""

    def stage(self, lines: Iterable[str]) -> StageTrace:
        """Return what the lines of one stage tell."""
        self._delay = 0
        self._delayed_by: list[str] = []
        self._exempted_by: list[str] = []
        self._log: list[str] = []
        self._statements: list[str] = []
        self._stanza_seen = False
        self._unexplained: list[str] = []
        self._unreadable = ""
        for line in lines:
            if line.startswith("LOG:"):
                self._log += _log_line(line)
            else:
                self._line(line, line.lstrip(_DRAWN))
        self._end_hosts()
        return StageTrace(
            self._delay,
            tuple(self._delayed_by),
            tuple(dict.fromkeys(self._exempted_by)),
            tuple(self._log),
            tuple(self._statements),
            self._stanza_seen,
            tuple(self._unexplained),
            self._unreadable,
        )

    def _line(self, line: str, text: str) -> None:
        if self._hosts is not None and self._answers(text):
            return
        if match := _ACL.fullmatch(text):
            self._end_hosts()
            self._acl = match[1]
        elif text.startswith("processing "):
            self._begin_statement(line, text)
        elif match := _CONDITION.match(text):
            self._end_hosts()
            if match[2] == "hosts":
                self._hosts = _Hosts(bool(match[1]), line)
        elif text.startswith("delay "):
            self._end_hosts()
            self._count_delay(line, text)
        elif _ENDED.match(text):
            self._end_hosts()
            if _SUCCEEDED.match(text) and self._in_stanza() and not self._delays:
                self._unreadable = self._unreadable or line

    def _begin_statement(self, line: str, text: str) -> None:
        self._end_hosts()
        self._statements.append(line)
        self._delays = 0
        match = _STATEMENT.fullmatch(text)
        self._where = (match[3] or "") if match else ""
        if match is None:
            self._unexplained.append(line)
            return
        self._acl = match[1] or self._acl
        self._stanza_seen = self._stanza_seen or self._in_stanza()

    def _count_delay(self, line: str, text: str) -> None:
        if match := _DELAY.fullmatch(text):
            self._delays += 1
            self._delay += int(match[1])
            if not int(match[1]):
                return
            if self._where:
                self._delayed_by.append(f"ACL {self._acl}, {self._where}")
            else:
                self._unexplained.append(line)
        elif not _DELAY_OUTCOME.match(text):
            self._unreadable = self._unreadable or line

    def _answers(self, text: str) -> bool:
        """Whether the line is an answer within the `hosts` condition. The last one is the condition's."""
        assert self._hosts is not None
        if match := _CACHED.match(text):
            self._hosts.nested = self._files.get(match[1], "")
            return True
        if match := _ANSWER.fullmatch(text):
            previous = self._hosts.answer
            if previous is not None and previous[2] == "yes":
                self._hosts.nested = _file(previous[1]) or self._hosts.nested
            self._hosts.answer = match
            return True
        if _DEFERRED.match(text):
            self._hosts.answer = None
            return True
        return False

    def _end_hosts(self) -> None:
        hosts, self._hosts = self._hosts, None
        if hosts is None:
            return
        if hosts.answer is None:
            if self._in_stanza():
                self._unexplained.append(hosts.line)
            return
        matched = _element(hosts.answer[3] or "")
        if not matched:
            return
        if matched.startswith("+") and hosts.nested:
            self._files[matched] = hosts.nested
        if (hosts.answer[2] == "yes") == hosts.negated and self._in_stanza():
            self._exempted_by.append(_file(matched) or self._files.get(matched, matched))

    def _in_stanza(self) -> bool:
        match = _LINE_NUMBER.search(self._where)
        return match is not None and any(int(match[1]) in lines for lines in self.delay_lines)


def session_log(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the log lines of what Exim printed after the last reply, without anything of the ACL that Exim
    runs at the session's end (`acl_smtp_notquit`)."""
    log: list[str] = []
    for line in lines:
        if _ACL.fullmatch(line.lstrip(_DRAWN)):
            break
        if line.startswith("LOG:"):
            log += _log_line(line)
    return tuple(log)


def _log_line(line: str) -> list[str]:
    """What Exim would log, unless it is about the end of the simulated session."""
    text = line[4:].strip()
    return [] if _SESSION_END.match(text) else [text]


def _element(answer: str) -> str:
    """The element of a list that matched, without its negation, out of what Exim says in parentheses."""
    if not answer.startswith("matched"):
        return ""
    return answer.partition('"')[2].rpartition('"')[0].lstrip("! \u2591")


def _file(text: str) -> str:
    match = _LOOKUP_FILE.fullmatch(text)
    return match[1] if match else ""
