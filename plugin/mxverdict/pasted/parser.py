"""Reads the rows of a report from a text, in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from mxverdict.i18n.message import Message
from mxverdict.pasted import markers, phrase_trie
from mxverdict.pasted.markers import Marker
from mxverdict.pasted.model import (
    MXTOOLBOX,
    ROWS_LIMIT,
    Pasted,
    PastedRow,
    PastedSession,
    Subject,
    Unrecognised,
)
from mxverdict.pasted.normalize import Token, as_written, tokens_of
from mxverdict.pasted.phrase_trie import NAME, TEXT, Match, Phrase

_SPAN = 2
"""So many line ends may stand within the words of a row."""
_REACH = 2
"""So many lines below a name or level its row's words are looked for."""
_DETAILS = 8
_FORMLESS = 3
"""With fewer words after it, a level alone is no row."""
BLACKLIST = "blacklist"
_MARKS = " ,;\"'`*"
"""What surrounds a row's text in a ticket or in JSON."""


def read(lines: Sequence[str], cut: bool) -> Pasted:
    """Return the rows in `lines` (from `normalize.lines_of`)."""
    return _Scanner(lines).pasted(cut)


class _Scanner:
    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._rows: dict[tuple[str, ...], PastedRow] = {}
        self._ends: dict[int, tuple[str, ...]] = {}
        self._unrecognised: list[Unrecognised] = []
        self._subjects: dict[Subject, None] = {}
        self._sessions: list[PastedSession] = []
        self._claimed: set[int] = set()
        self._subject: Optional[Subject] = None
        self._anchor = -1
        self._tokens = self._outside_transcripts()
        self._phrases = phrase_trie.known()
        self._clear()

    def pasted(self, cut: bool) -> Pasted:
        place = 0
        while place < len(self._tokens) and not self._full:
            place += self._step(place)
        self._flush()
        self._collect_details()
        self._collect_unknown()
        filled = sum(bool(line.strip("> \t|")) for line in self._lines)
        return Pasted(
            rows=tuple(sorted(self._rows.values(), key=lambda row: row.line)),
            unrecognised=tuple(sorted(self._unrecognised, key=lambda unknown: unknown.line)),
            subjects=tuple(self._named_subjects()),
            sessions=tuple(self._sessions),
            ignored=filled - sum(bool(self._lines[line].strip("> \t|")) for line in self._claimed),
            cut=cut or self._full,
        )

    @property
    def _full(self) -> bool:
        return len(self._rows) + len(self._unrecognised) >= ROWS_LIMIT

    def _outside_transcripts(self) -> list[Token]:
        """Return the words outside of transcripts: what a server said there is no row."""
        silent: set[int] = set()
        for taken, session in markers.sessions(self._lines):
            silent.update(taken)
            self._sessions.append(session)
        self._claimed |= silent
        return [token for token in tokens_of(list(self._lines)) if token.line not in silent]

    def _clear(self) -> None:
        self._level = ""
        self._certain = False
        self._name: Optional[Match] = None
        self._name_closed = False
        self._category = ""
        self._host = ""
        self._start = -1
        self._last = -1
        self._rest: list[Token] = []

    @property
    def _open(self) -> bool:
        return bool(self._level or self._name or self._category)

    def _step(self, place: int) -> int:
        token = self._tokens[place]
        if self._open and token.line > self._last + _REACH:
            self._flush()
        match = self._phrase(place)
        if match is not None:
            if match.phrases[0].kind == NAME:
                self._open_name(place, match)
            else:
                self._emit(place, match)
        else:
            mark = self._mark(place)
            if mark is None:
                if self._open:
                    self._rest.append(token)
                return 1
            self._open_mark(place, mark)
            match = Match((), mark.length, ())
        self._anchor = place + match.length
        return match.length

    def _phrase(self, place: int) -> Optional[Match]:
        """Return a row's name or text at a token, if it is placed there as in a report."""
        match = self._phrases.match_at(self._tokens, place)
        if match is None or not self._connected(place, match.length):
            return None
        anchored = self._tokens[place].first or place == self._anchor
        names = tuple(p for p in match.phrases if p.kind == NAME and self._is_name(place, p))
        texts = tuple(phrase for phrase in match.phrases if phrase.kind == TEXT)
        if names and anchored and (not texts or self._text_follows(place + match.length, names)):
            return Match(names, match.length, match.values)
        if texts and (not texts[0].short or (anchored and self._fills(place, match.length, texts[0]))):
            return Match(texts, match.length, match.values)
        return None

    def _is_name(self, place: int, phrase: Phrase) -> bool:
        """Whether it is a name: one of one word in its exact letters after `LISTED` or `OK`."""
        if not phrase.single:
            return True
        token = self._tokens[place]
        before = self._tokens[place - 1] if place else None
        is_marked = before is not None and before.line >= token.line - 1 and markers.is_level(before.word)
        return is_marked and (token.bare == phrase.row or (token.first and token.last))

    def _connected(self, place: int, length: int) -> bool:
        first, last = self._tokens[place].line, self._tokens[place + length - 1].line
        return last - first <= _SPAN and all(self._lines[line].strip("> \t") for line in range(first, last))

    def _text_follows(self, place: int, names: Sequence[Phrase]) -> bool:
        if place >= len(self._tokens):
            return False
        match = self._phrases.match_at(self._tokens, place)
        testers = {phrase.tester for phrase in names}
        return match is not None and any(p.kind == TEXT and p.tester in testers for p in match.phrases)

    def _fills(self, place: int, length: int, phrase: Phrase) -> bool:
        if self._tokens[place + length - 1].last or phrase.tester != MXTOOLBOX:
            return True
        after = self._tokens[place + length : place + length + 3]
        return markers.is_more(" ".join(token.raw for token in after if token.line == after[0].line))

    def _mark(self, place: int) -> Optional[Marker]:
        mark = markers.level_at(self._tokens, place)
        if mark is not None and not mark.certain and not self._row_follows(place + mark.length):
            mark = None
        return mark or markers.category_at(self._tokens, place) or markers.subject_at(self._tokens, place)

    def _row_follows(self, place: int) -> bool:
        """Whether the name of a row starts there, or its words as a cell of their own."""
        if place >= len(self._tokens) or self._tokens[place].line - self._tokens[place - 1].line > 1:
            return False
        match = self._phrases.match_at(self._tokens, place)
        if match is None:
            return False
        names = any(phrase.kind == NAME and self._is_name(place, phrase) for phrase in match.phrases)
        return names or (self._tokens[place].first and self._tokens[place + match.length - 1].last)

    def _open_mark(self, place: int, mark: Marker) -> None:
        token = self._tokens[place]
        if mark.subject is not None:
            self._flush()
            self._subject = mark.subject
            self._subjects[mark.subject] = None
            self._claimed.add(token.line)
            return
        if self._name or self._rest or (mark.level and self._level) or (mark.category and self._category):
            self._flush()
        if not self._open:
            self._start = token.line
        self._last = self._tokens[place + mark.length - 1].line
        self._level = mark.level or self._level
        self._category, self._host = mark.category or self._category, mark.host or self._host
        self._certain = self._certain or mark.certain

    def _open_name(self, place: int, match: Match) -> None:
        if self._name or self._rest:
            self._flush()
        end = self._tokens[place + match.length - 1]
        if not self._open:
            self._start = self._tokens[place].line
        self._name, self._name_closed = match, end.last or end.raw.endswith((":", "-"))
        self._last = end.line

    def _emit(self, place: int, match: Match) -> None:
        """Add a row by its text, with the name, level and host before it."""
        candidates = match.phrases
        if self._name is not None:
            named = {(phrase.tester, phrase.row) for phrase in self._name.phrases}
            same = tuple(phrase for phrase in candidates if (phrase.tester, phrase.row) in named)
            if not same:
                self._flush()
            candidates = same or candidates
        phrase = self._best(candidates)
        first, last = self._tokens[place].line, self._tokens[place + match.length - 1].line
        if phrase is None:
            self._not_one(candidates, first)
            return
        text = as_written(self._tokens[place : place + match.length]).strip(_MARKS).replace('":', ":")
        values = tuple(zip(phrase.placeholders, match.values))
        start = self._start if self._open else first
        self._add(phrase, self._level or phrase.level, text, values, (start, first, last))
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

    def _add(
        self,
        phrase: Phrase,
        level: str,
        text: str,
        values: tuple[tuple[str, str], ...],
        where: tuple[int, int, int],
    ) -> None:
        start, line, end = where
        is_marked = next((value.casefold() for key, value in values if key == "address"), "")
        host = self._host or (self._subject.argument if self._subject else "") or is_marked
        if self._host:
            self._subjects[Subject(self._category, self._host)] = None
        key = (phrase.tester, phrase.category, phrase.row, level, host, text)
        self._rows.setdefault(
            key,
            PastedRow(
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
            ),
        )
        self._ends[end] = key
        self._claimed.update(range(start, end + 1))

    def _flush(self) -> None:
        """End what was begun: a row by its name and level, one not known, or none."""
        rest = self._rest_of_row()
        if self._open and self._name is not None and self._level:
            phrase = self._best(self._name.phrases) or self._name.phrases[0]
            if phrase.category == BLACKLIST or not self._name_closed or self._start == self._last:
                rest = [token for token in rest if token.line == self._last]
            text = markers.without_more(as_written(rest))
            self._add(phrase, self._level, text, (), (self._start, self._last, self._last))
        elif self._open:
            self._flush_unknown(rest)
        self._clear()

    def _rest_of_row(self) -> list[Token]:
        """Return the words after what was begun: those of its line, else those of the next line with any."""
        if not self._rest:
            return []
        line = self._rest[0].line
        if line > self._last + 1 and not self._certain:
            return []
        return [token for token in self._rest if token.line == line]

    def _flush_unknown(self, rest: Sequence[Token]) -> None:
        if self._category == BLACKLIST and (name := markers.listed_by(as_written(rest))):
            text = markers.without_more(as_written(rest))
            self._add(_unknown_list(name), "error", text, (), (self._start, self._last, self._last))
            return
        reason = ""
        if self._name is not None and self._name_closed and rest:
            row = self._name.phrases[0].row
            reason = Message("the row {name}, in words we do not know", name=row)
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
        """Add the lines below a row that say more of it."""
        for end, key in self._ends.items():
            details = []
            for line in range(end + 1, min(len(self._lines), end + 1 + _DETAILS)):
                text = self._lines[line].strip("> \t|")
                if line in self._claimed:
                    break
                if markers.is_more(text):
                    self._claimed.add(line)
                elif text and markers.is_detail(text):
                    details.append(text)
                    self._claimed.add(line)
                elif text:
                    break
            row = self._rows[key]
            if details and not row.details:
                self._rows[key] = _with_details(row, details)

    def _collect_unknown(self) -> None:
        for number, line in enumerate(self._lines):
            if self._full:
                break
            if number in self._claimed:
                continue
            if name := markers.listed_by(line):
                self._subject = self._subject_of(BLACKLIST)
                text = " ".join(line.strip("> \t|").split())
                self._add(_unknown_list(name), "error", text, (), (number, number, number))
            else:
                reason = markers.reason_for_row(line)
                if reason:
                    self._unrecognised.append(Unrecognised(number + 1, line.strip("> \t|"), reason))
                    self._claimed.add(number)

    def _subject_of(self, command: str) -> Optional[Subject]:
        return next((subject for subject in self._subjects if subject.command == command), None)

    def _named_subjects(self) -> list[Subject]:
        """Return those named, else those that transcripts and the words of rows show."""
        found = dict(self._subjects)
        if not any(subject.argument for subject in found):
            for session in self._sessions:
                found[Subject("smtp", session.address)] = None
            for row in self._rows.values():
                if row.host:
                    found[Subject(row.category, row.host)] = None
        return list(found)


def _unknown_list(name: str) -> Phrase:
    return Phrase(NAME, MXTOOLBOX, BLACKLIST, name, "blocklist.listed", "error", 1)


def _with_details(row: PastedRow, details: Sequence[str]) -> PastedRow:
    return PastedRow(**{**vars(row), "details": tuple(details)})
