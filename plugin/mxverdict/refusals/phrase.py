"""Phrases: what the patterns of the table are made of.

Words with one blank between; `a|b` is one of several words, `word*` any that begins so, `..` up to eight
words of any kind. A word of several parts is written with `_`: `does_not|doesnt`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property

_GAP = ".."
_GAP_PATTERN = r"(?:[a-z0-9]+ ){0,8}?"


class Phrase:
    """`pattern` as the table has it; it is looked for in the words of a reply (`normalize.NormalizedReply`).

    `weight` counts the letters and digits that a match is sure to hold: of two phrases the heavier says more.
    `keys` are words of which a text has to hold one, as a whole or (with `*`) as a beginning.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        choices = [word.split("|") for word in pattern.split() if word != _GAP]
        self._choices = [[one.replace("_", " ").rstrip("*") for one in choice] for choice in choices]
        shortest = [min(map(len, choice)) for choice in self._choices]
        self.weight = sum(shortest)
        key_choice = choices[shortest.index(max(shortest))] if choices else []
        self.keys = tuple(one.partition("_")[0] for one in key_choice)

    @cached_property
    def _expression(self) -> re.Pattern[str]:
        return re.compile(" " + "".join(map(_piece, self.pattern.split())))

    def is_in(self, text: str) -> bool:
        """Return whether the phrase is in a text of plain words."""
        for choice in self._choices:
            if not any(one in text for one in choice):
                return False
        return self._expression.search(text) is not None


class PhraseIndex:
    """Finds which of many phrases a text may hold, by its words."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self._exact: dict[str, list[int]] = {}
        self._beginnings: list[tuple[str, int]] = []
        self._always: list[int] = []
        for number, phrase in enumerate(phrases):
            if not phrase.keys:
                self._always.append(number)
            for key in phrase.keys:
                if key.endswith("*"):
                    self._beginnings.append((f" {key[:-1]}", number))
                else:
                    self._exact.setdefault(key, []).append(number)

    def candidates(self, text: str) -> list[int]:
        """Return the numbers of the phrases that may be in `text`, in ascending order."""
        found = set(self._always)
        for word in set(text.split()):
            found.update(self._exact.get(word, ()))
        found.update(number for beginning, number in self._beginnings if beginning in text)
        return sorted(found)


def _piece(word: str) -> str:
    if word == _GAP:
        return _GAP_PATTERN
    choice = word.replace("_", " ").replace("*", "[a-z0-9]*")
    return f"(?:{choice}) "
