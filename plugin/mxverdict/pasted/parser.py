"""Reads the rows of a report from a text, in one pass."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Optional

from mxverdict.i18n.message import Message
from mxverdict.net.address import is_address
from mxverdict.pasted import levels, listings, markers, transcripts
from mxverdict.pasted.echoed_settings import echoed_lines
from mxverdict.pasted.judgements import judgement
from mxverdict.pasted.markers import Marker
from mxverdict.pasted.model import (
    ABOUT_ADDRESSES,
    BLACKLIST,
    MXTOOLBOX,
    ROWS_LIMIT,
    Pasted,
    PastedRow,
    PastedSession,
    Subject,
    Unrecognised,
)
from mxverdict.pasted.normalize import Token, as_written, tokens_of
from mxverdict.pasted.phrase_trie import NAME, OTHER, TEXT, Match, Phrase
from mxverdict.pasted.placement import PlacedPhrases
from mxverdict.pasted.row_set import RowSet
from mxverdict.pasted.transcript_rows import rows_of

_REACH = 2
"""So many lines below a name or level its row's words are looked for."""
_DETAILS = 8
_FORMLESS = 3
"""With fewer words after it, a level alone is no row."""
_ABOUT_THE_WEB = ("http", "https", "web")
_MARKS = " ,;\"'`*"
"""What surrounds a row's text in a ticket or in JSON."""
_WAS_LISTED = re.compile(r"([0-9a-f.:]{3,45}) was listed", re.IGNORECASE)
_ADDRESS = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7})(?!\w|:\w)"
)


def read(lines: Sequence[str], cut: bool) -> Pasted:
    """Return the rows in `lines` (from `normalize.lines_of`)."""
    return _Scanner(lines).pasted(cut)


class _Scanner:
    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._rows = RowSet()
        self._ends: dict[int, int] = {}
        self._unrecognised: list[Unrecognised] = []
        self._alone: list[tuple[int, tuple[Phrase, ...]]] = []
        self._subjects: dict[Subject, None] = {}
        self._sessions: list[PastedSession] = []
        self._claimed: set[int] = set()
        self._subject: Optional[Subject] = None
        self._silent: set[int] = set()
        self._tokens = self._outside_transcripts()
        self._section = ""
        self._placed = PlacedPhrases(self._tokens, lines)
        self._leads = False
        """Whether levels have been seen on lines of their own above their rows."""
        self._emitted: Optional[tuple[int, int, bool]] = None
        """The last row, the line where it ends, and whether its level was said."""
        self._clear()

    def pasted(self, cut: bool) -> Pasted:
        place = 0
        while place < len(self._tokens) and not self._full:
            place += self._step(place)
        self._flush()
        self._collect_details()
        self._collect_unknown()
        self._collect_alone()
        self._collect_sessions()
        filled = sum(bool(line.strip("> \t|")) for line in self._lines)
        return Pasted(
            rows=tuple(sorted(self._rows, key=lambda row: row.line)),
            unrecognised=tuple(sorted(self._unrecognised, key=lambda unknown: unknown.line)),
            subjects=tuple(self._named_subjects()),
            sessions=tuple(self._sessions),
            ignored=filled - sum(bool(self._lines[line].strip("> \t|")) for line in self._claimed),
            cut=cut or self._full,
        )

    @property
    def _full(self) -> bool:
        return len(self._rows) + len(self._unrecognised) + len(self._alone) >= ROWS_LIMIT

    def _outside_transcripts(self) -> list[Token]:
        """Return the words outside of transcripts: what a server said there is no row."""
        for taken, session in transcripts.sessions(self._lines):
            self._silent.update(taken)
            self._sessions.append(session)
        self._silent |= echoed_lines(self._lines)
        self._claimed |= self._silent
        return [token for token in tokens_of(list(self._lines)) if token.line not in self._silent]

    def _clear(self) -> None:
        self._level = ""
        self._certain = False
        self._name: Optional[Match] = None
        self._name_closed = False
        self._name_loose = False
        self._name_fills = False
        self._category = ""
        self._host = ""
        self._masked = False
        self._start = -1
        self._last = -1
        self._rest: list[Token] = []

    @property
    def _open(self) -> bool:
        return bool(self._level or self._name or self._category)

    def _step(self, place: int) -> int:
        token = self._tokens[place]
        if self._placed.starts_line(place) and (length := self._heading(place)):
            return length
        if self._open and token.line > self._last + _REACH:
            self._flush()
        match = self._placed.phrase_at(place)
        if match is not None and match.phrases[0].kind == OTHER:
            self._rest += self._tokens[place : place + match.length] if self._open else []
            return match.length
        if match is not None:
            if match.phrases[0].kind == NAME:
                self._open_name(place, match)
            else:
                self._emit(place, match)
        elif self._level_behind(place):
            return 1
        else:
            mark = self._mark(place)
            if mark is None:
                if self._open:
                    self._rest.append(token)
                return 1
            self._open_mark(place, mark)
            match = Match((), mark.length, ())
        self._placed.anchor = place + match.length
        return match.length

    def _heading(self, place: int) -> int:
        """Take a line that says what the rows below it are about, or what they all are; return how many
        words it has, 0 when it is no such line."""
        line = self._tokens[place].line
        subject = markers.subject_of_line(self._lines[line])
        if subject is None and len(self._lines[line]) > _HEADING:
            return 0
        length = 1
        while not self._placed.ends_line(place + length - 1):
            length += 1
        if subject is not None:
            self._flush()
            self._about(subject)
            return length
        terms = [token.word for token in self._tokens[place : place + length]]
        level = levels.of_heading(terms)
        if level is None or self._placed.match_at(place) is not None:
            return 0
        self._flush()
        self._section = level
        return length

    def _about(self, subject: Subject) -> None:
        self._subject = subject
        if subject.argument:
            self._subjects[subject] = None

    def _level_behind(self, place: int) -> bool:
        """Take a level behind what it is about: on its line, or alone on the next one."""
        token = self._tokens[place]
        level = levels.level_of(token.word)
        if not level or token.word == "status":
            return False
        alone = self._placed.starts_line(place) and self._placed.ends_line(place)
        if self._name is not None and not self._level and not self._rest:
            same = token.line == self._last and (levels.is_picture(token.word) or token.last)
            below = alone and self._name_fills and not self._leads
            if below or (same and not self._placed.is_led(place)):
                self._level, self._last = level, token.line
                return True
        if self._open or self._emitted is None:
            self._leads = self._leads or (alone and self._placed.row_follows(place + 1))
            return False
        number, end, is_said = self._emitted
        same = token.line == end and self._placed.ends_line(place)
        if not same and (not alone or self._leads or is_said or token.line != end + 1):
            self._leads = self._leads or (alone and self._placed.row_follows(place + 1))
            return False
        row = self._rows[number]
        if not is_said:
            self._rows[number] = replace(row, level=_agreed(level, row.level))
        self._emitted = None
        self._claimed.add(token.line)
        return True

    def _mark(self, place: int) -> Optional[Marker]:
        mark = markers.level_at(self._tokens, place)
        if mark is not None and not mark.certain and not self._placed.row_follows(place + mark.length):
            mark = None
        return mark or markers.category_at(self._tokens, place) or markers.subject_at(self._tokens, place)

    def _open_mark(self, place: int, mark: Marker) -> None:
        token = self._tokens[place]
        if mark.subject is not None:
            self._flush()
            self._about(mark.subject)
            self._claimed.add(token.line)
            return
        if self._name or self._rest or (mark.level and self._level) or (mark.category and self._category):
            self._flush()
        if not self._open:
            self._start = token.line
        self._last = self._tokens[place + mark.length - 1].line
        self._level = mark.level or self._level
        if mark.category:
            self._category, self._host, self._masked = mark.category, mark.host, mark.masked
        self._certain = self._certain or mark.certain

    def _open_name(self, place: int, match: Match) -> None:
        if self._name or self._rest:
            self._flush()
        end = self._tokens[place + match.length - 1]
        if not self._open:
            self._start = self._tokens[place].line
        self._name = match
        self._name_closed = end.last or end.raw.endswith((":", "-", "="))
        after = self._tokens[place + match.length : place + match.length + 1]
        self._name_closed = self._name_closed or bool(after and after[0].line == end.line and after[0].lead)
        self._name_loose = not self._placed.is_anchored(place)
        self._name_fills = self._placed.starts_line(place) and self._placed.ends_line(
            place + match.length - 1
        )
        self._last = end.line

    def _emit(self, place: int, match: Match) -> None:
        """Add a row by its text, with the name, level and host before it."""
        candidates = match.phrases
        first, last = self._tokens[place].line, self._tokens[place + match.length - 1].line
        if self._name is not None:
            named = {(phrase.tester, phrase.row) for phrase in self._name.phrases}
            same = tuple(phrase for phrase in candidates if (phrase.tester, phrase.row) in named)
            printed = self._best(self._name.phrases)
            if not same and printed is not None and self._last == first and not self._rest:
                same = (replace(printed, kind=TEXT, level=candidates[0].level),)
            if not same:
                self._flush()
            candidates = same or candidates
        phrase = self._best(candidates)
        if phrase is None:
            self._not_one(candidates, first)
            return
        text = as_written(self._tokens[place : place + match.length]).strip(_MARKS).replace('":', ":")
        values = tuple((name, value) for name, value in zip(phrase.placeholders, match.values) if value)
        start = self._start if self._open else first
        level = _agreed(self._level, phrase.level)
        number = self._add(phrase, level, text, values, (start, first, last))
        self._emitted = (number, last, bool(self._level))
        self._clear()

    def _best(self, candidates: Sequence[Phrase]) -> Optional[Phrase]:
        """Return the row of the current category, of several with the same text; None when it may be any."""
        named = [self._category, self._subject.command if self._subject else ""]
        for category in named:
            for phrase in candidates:
                if phrase.category == category:
                    return phrase
        return candidates[0] if len({phrase.row for phrase in candidates}) == 1 else None

    def _not_one(self, candidates: Sequence[Phrase], line: int) -> None:
        names = ", ".join(sorted({phrase.row for phrase in candidates}))
        original = self._lines[line].strip("> \t|")
        reason = Message("it may be the row {names}", names=names)
        self._unrecognised.append(Unrecognised(line + 1, original, reason))
        self._claimed.add(line)
        self._clear()

    def _host_of(self, category: str) -> str:
        """Return what a row is about by what is before it; an earlier check of an address is not about a
        domain's row."""
        if self._host or self._masked or self._subject is None:
            return self._host
        argument = self._subject.argument
        return "" if category not in ABOUT_ADDRESSES and is_address(argument) else argument

    def _add(
        self,
        phrase: Phrase,
        level: str,
        text: str,
        values: tuple[tuple[str, str], ...],
        where: tuple[int, int, int],
    ) -> int:
        """Keep a row, unless it is there: one complaint counts once, however it is worded."""
        start, line, end = where
        named = ("address",) if phrase.tester == MXTOOLBOX else ("host", "address")
        said = next((value.casefold() for key, value in values if key in named), "")
        if phrase.tester != MXTOOLBOX and said:
            host = said
        elif phrase.category == BLACKLIST and (listed := _WAS_LISTED.search(text)) and is_address(listed[1]):
            host = self._host_of(phrase.category) or listed[1]
        else:
            host = self._host_of(phrase.category) or ("" if self._masked else said)
        if self._host:
            self._subjects[Subject(self._category, self._host)] = None
        row = PastedRow(
            tester=phrase.tester,
            category=phrase.category,
            name=phrase.row,
            rule=phrase.rule,
            level=level,
            text=text,
            host=host,
            values=values,
            line=line + 1,
            original=self._lines[line].strip("> \t|"),
        )
        number = self._rows.add(row)
        self._ends[end] = number
        self._claimed.update(range(start, end + 1))
        return number

    def _flush(self) -> None:
        """End what was begun: a row by its name and level, one not known, or none."""
        rest = self._rest_of_row()
        if self._open and self._name is not None:
            self._flush_name(rest)
        elif self._open:
            self._flush_unknown(rest)
        self._clear()

    def _flush_name(self, rest: Sequence[Token]) -> None:
        assert self._name is not None
        phrase = self._best(self._name.phrases) or self._name.phrases[0]
        beside = [token for token in rest if token.line == self._last]
        where = (self._start, self._last, self._last)
        if self._level:
            if phrase.category == BLACKLIST or not self._name_closed or self._start == self._last:
                rest = beside
            text = markers.without_more(as_written(rest))
            said = judgement(phrase, beside, self._name_closed)
            level, values = (said[0], said[1]) if said is not None else (self._level, ())
            level = level if level == "error" else self._level
            self._emitted = (self._add(phrase, level, text, values, where), self._last, True)
            return
        found = judgement(phrase, beside, self._name_closed)
        if found is not None:
            level, values, text = found
            self._emitted = (self._add(phrase, level, text, values, where), self._last, True)
        elif self._name_closed and rest and not self._name_loose:
            self._flush_unknown(rest)
        elif not beside and (self._name_fills or phrase.level):
            alone = phrase.level or self._section
            if alone:
                self._emitted = (self._add(phrase, alone, "", (), where), self._last, bool(self._section))
            else:
                self._alone.append((self._last, self._name.phrases))

    def _rest_of_row(self) -> list[Token]:
        """Return the words after what was begun: those of its line, else those of the next line with any."""
        if not self._rest:
            return []
        line = self._rest[0].line
        if line > self._last + 1 and not self._certain:
            return []
        return [token for token in self._rest if token.line == line]

    def _flush_unknown(self, rest: Sequence[Token]) -> None:
        said = as_written(rest)
        if self._category == BLACKLIST or self._level:
            names = listings.names_in(said)
            if not names and self._category == BLACKLIST and (name := markers.listed_by(said)):
                names = [name]
            for name in names:
                text = listings.text_of(markers.without_more(said), name)
                self._add(_blocklist(name), "error", text, (), (self._start, self._last, self._last))
            if names:
                return
        reason = ""
        if self._name is not None and self._name_closed and rest:
            row = self._name.phrases[0].row
            reason = Message("the row {name}, in words we do not know", name=row)
        elif self._category in _ABOUT_THE_WEB and rest and (self._certain or self._level):
            reason = markers.about_the_web()
        elif self._category and rest and (self._certain or self._level):
            reason = Message(
                "a row about {category} of {host}, in words we do not know",
                category=self._category,
                host=self._host,
            )
        elif self._level and self._certain and len(rest) >= _FORMLESS:
            reason = Message("a row with the status {level}, in words we do not know", level=self._level)
        if reason:
            lines = range(self._start, rest[-1].line + 1)
            original = " ".join(shown for line in lines if (shown := self._lines[line].strip("> \t|")))
            self._unrecognised.append(Unrecognised(self._start + 1, original, reason))
            self._claimed.update(lines)

    def _collect_details(self) -> None:
        """Collect the lines below a row that say more of it."""
        for end, number in self._ends.items():
            row = self._rows[number]
            details = []
            for line in range(end + 1, min(len(self._lines), end + 1 + _DETAILS)):
                text = self._lines[line].strip("> \t|")
                if line in self._claimed:
                    break
                if markers.is_more(text):
                    self._claimed.add(line)
                elif text and markers.is_detail(text, row.rule):
                    details.append(text)
                    self._claimed.add(line)
                elif text:
                    break
            if details and not row.details:
                self._rows[number] = replace(row, details=tuple(details))

    def _collect_unknown(self) -> None:
        for number, line in enumerate(self._lines):
            if self._full:
                break
            if number in self._claimed:
                continue
            names = listings.names_in(line)
            if not names and (name := markers.listed_by(line)):
                names = [name]
            for name in names:
                text = listings.text_of(" ".join(line.strip("> \t|").split()), name)
                self._subject = self._listed(line)
                self._add(_blocklist(name), "error", text, (), (number, number, number))
            if not names:
                reason = markers.reason_for_row(line)
                if reason:
                    self._unrecognised.append(Unrecognised(number + 1, line.strip("> \t|"), reason))
                    self._claimed.add(number)

    def _listed(self, line: str) -> Optional[Subject]:
        """Return what a line about blocklists is about: what the check was asked, else its one address."""
        asked = next((subject for subject in self._subjects if subject.command == BLACKLIST), None)
        if asked is not None:
            return asked
        addresses = {found for found in _ADDRESS.findall(line[:_HEADING]) if is_address(found)}
        return Subject(BLACKLIST, addresses.pop()) if len(addresses) == 1 else None

    def _collect_alone(self) -> None:
        """Collect names of rows without a result, unless the row is elsewhere."""
        named = {row.name for row in self._rows}
        for line, phrases in self._alone:
            if line not in self._claimed and not any(phrase.row in named for phrase in phrases):
                reason = Message("the row {name}, without its result", name=phrases[0].row)
                original = self._lines[line].strip("> \t|")
                self._unrecognised.append(Unrecognised(line + 1, original, reason))
                self._claimed.add(line)

    def _collect_sessions(self) -> None:
        """Collect what transcripts prove, where no row says it."""
        if any(row.category == "smtp" and row.tester == MXTOOLBOX for row in self._rows):
            return
        for session in self._sessions:
            for row in rows_of(session, self._subject_host()):
                self._rows.add(replace(row, original=self._lines[row.line - 1].strip("> \t|")))

    def _subject_host(self) -> str:
        asked = {subject.argument for subject in self._subjects if subject.command == "smtp"}
        return asked.pop() if len(asked) == 1 else ""

    def _named_subjects(self) -> list[Subject]:
        """Return those named, else those that transcripts and the words of rows show."""
        found = dict(self._subjects)
        if not any(subject.argument for subject in found):
            for session in self._sessions:
                if session.address:
                    found[Subject("smtp", session.address)] = None
            for row in self._rows:
                if row.host:
                    found[Subject(row.category, row.host)] = None
        return list(found)


_HEADING = 200
"""Characters of a line in which a heading or an address is looked for."""


def _agreed(marked: str, worded: str) -> str:
    """Return the level of a row by the mark beside it and by its words. A pass with the mark of a failure
    or the other way round has the mark of its neighbour, or a box that was ticked."""
    if not marked or (marked != "unknown" and (marked == "ok") != (worded == "ok")):
        return worded
    return marked


def _blocklist(name: str) -> Phrase:
    return Phrase(NAME, MXTOOLBOX, BLACKLIST, name, "blocklist.listed", "error", 1)
