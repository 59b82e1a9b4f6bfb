"""Whether the words of a row are placed in a text as they are in a report, and not in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from mxverdict.pasted import levels, markers, phrase_trie
from mxverdict.pasted.model import BLACKLIST, MXTOOLBOX
from mxverdict.pasted.normalize import Token
from mxverdict.pasted.phrase_trie import NAME, OTHER, TEXT, Match, Phrase

_SPAN = 2
"""So many line ends may stand within the words of a row."""


class PlacedPhrases:
    """The names and texts of rows in `tokens`, which are words of `lines`."""

    def __init__(self, tokens: Sequence[Token], lines: Sequence[str]) -> None:
        self._tokens = tokens
        self._lines = lines
        self._phrases = phrase_trie.known()
        self._names_tester = any(MXTOOLBOX in line.lower() for line in lines)
        self.anchor = -1
        """The place behind what was taken for part of a row last."""

    def match_at(self, place: int) -> Optional[Match]:
        """Return the longest phrase that starts at a token, wherever that is."""
        return self._phrases.match_at(self._tokens, place)

    def starts_line(self, place: int) -> bool:
        return place == 0 or self._tokens[place - 1].line != self._tokens[place].line

    def ends_line(self, place: int) -> bool:
        return place + 1 >= len(self._tokens) or self._tokens[place + 1].line != self._tokens[place].line

    def phrase_at(self, place: int) -> Optional[Match]:
        """Return a row's name or text at a token, if it is placed there as in a report."""
        match = self.match_at(place)
        if match is None or not self._connected(place, match.length):
            return None
        if match.phrases[0].kind == OTHER:
            return match
        anchored = self.is_anchored(place)
        names = tuple(p for p in match.phrases if p.kind == NAME and self._is_name(place, p))
        texts = tuple(p for p in match.phrases if p.kind == TEXT and p.category != BLACKLIST)
        if names and not anchored:
            names = tuple(phrase for phrase in names if self._is_written(place, match.length, phrase.row))
        if names and (not texts or self._text_follows(place + match.length, names)):
            return Match(names, match.length, match.values)
        if texts and (
            (not texts[0].short and not self._is_sentence(place, texts[0]))
            or (anchored and self._fills(place, match.length, texts[0]))
            or self._is_verbatim(place, match.length, texts[0])
        ):
            return Match(texts, match.length, match.values)
        return None

    def _is_sentence(self, place: int, phrase: Phrase) -> bool:
        """Whether words that lack the level a row begins with are part of a sentence about something else."""
        token = self._tokens[place]
        apart = token.bare[:1].isupper() or self.is_anchored(place)
        return phrase.bare and not apart and not self._names_tester

    def is_anchored(self, place: int) -> bool:
        token = self._tokens[place]
        before = self._tokens[place - 1].raw if not self.starts_line(place) else ""
        return token.first or place == self.anchor or bool(token.lead) or before.endswith(":")

    def _is_written(self, place: int, length: int, name: str) -> bool:
        """Whether a name is there in just those letters, small and capital ones."""
        return " ".join(token.bare for token in self._tokens[place : place + length]) == name

    def _is_verbatim(self, place: int, length: int, phrase: Phrase) -> bool:
        """Whether a few words are written as the tester writes them and no sentence does."""
        capital = all(word[:1].isupper() for word in phrase.written.split())
        return capital and self._is_written(place, length, phrase.written)

    def _is_name(self, place: int, phrase: Phrase) -> bool:
        """Whether it is a name: one of one word in its exact letters after `LISTED` or `OK`."""
        if not phrase.single:
            return True
        token = self._tokens[place]
        before = self._tokens[place - 1] if place else None
        is_marked = before is not None and before.line >= token.line - 1 and levels.is_level(before.word)
        return is_marked and (token.bare == phrase.row or (token.first and token.last))

    def _connected(self, place: int, length: int) -> bool:
        first, last = self._tokens[place].line, self._tokens[place + length - 1].line
        return last - first <= _SPAN and all(self._lines[line].strip("> \t") for line in range(first, last))

    def _text_follows(self, place: int, names: Sequence[Phrase]) -> bool:
        if place >= len(self._tokens):
            return False
        match = self.match_at(place)
        testers = {phrase.tester for phrase in names}
        return match is not None and any(p.kind == TEXT and p.tester in testers for p in match.phrases)

    def _fills(self, place: int, length: int, phrase: Phrase) -> bool:
        if self._tokens[place + length - 1].last or phrase.tester != MXTOOLBOX:
            return True
        after = self._tokens[place + length : place + length + 3]
        if levels.is_level(after[0].word) and self.ends_line(place + length):
            return True
        return markers.is_more(" ".join(token.raw for token in after if token.line == after[0].line))

    def row_follows(self, place: int) -> bool:
        """Whether the name of a row starts there, or its words as a cell of their own."""
        if place >= len(self._tokens) or self._tokens[place].line - self._tokens[place - 1].line > 1:
            return False
        match = self.match_at(place)
        if match is None:
            return False
        names = any(phrase.kind == NAME and self._is_name(place, phrase) for phrase in match.phrases)
        return names or (self._tokens[place].first and self._tokens[place + match.length - 1].last)

    def is_led(self, place: int) -> bool:
        """Whether a line starts with the level of its first row, so that one in it belongs to the next."""
        start = place
        while not self.starts_line(start):
            start -= 1
        return self._tokens[start].word == "status" or levels.is_level(self._tokens[start].word)
