"""What people write behind the name of a row: `failed`, `15 seconds, not good`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Optional

from mxverdict.pasted.levels import is_picture, level_of
from mxverdict.pasted.model import number
from mxverdict.pasted.normalize import Token, as_written
from mxverdict.pasted.phrase_trie import Phrase, fits

_SECONDS = ("s", "sec", "secs", "second", "seconds", "sekunden", "secondes", "segundos")
_TIMED = ("smtp.transaction.time", "smtp.connection.time")
_VERBS = ("fails", "failed", "failing", "passes", "passed")
_NEAR = 14
"""So many words behind a name are looked at."""
_FEW = 4
_BAD, _GOOD = 8.531, 1.146
"""Seconds from which MXToolbox is known to print "Not good!" for a transaction, and up to which "Good" for
both (docs/facts/testers.md A.2 and D)."""

Judgement = tuple[str, tuple[tuple[str, str], ...], str]


def judgement(phrase: Phrase, rest: Sequence[Token], closed: bool) -> Optional[Judgement]:
    """Return the level, values and text behind the name of a row on its line; None when they say no level.
    `closed` says that something separates them from the name."""
    terms = list(rest[:_NEAR])
    if not terms:
        return None
    seconds = _seconds(terms) if phrase.rule in _TIMED else ""
    level = _level(terms, seconds, closed)
    if not level and seconds:
        level = _by_time(phrase.rule, number(seconds) or 0.0)
    if not level:
        return None
    said = [token for token in rest if not is_picture(token.word)]
    text = as_written(said[1:] if said and level_of(said[0].word) and len(said) > 1 else said)
    return level, (("seconds", seconds),) if seconds else (), text.strip(" ,;()")


def _level(terms: Sequence[Token], seconds: str, closed: bool) -> str:
    first, last = terms[0], terms[-1]
    apart = closed or is_picture(first.word) or len(terms) <= _FEW or first.raw.isupper()
    if apart and level_of(first.word):
        return level_of(first.word)
    verb = next((token.word for token in terms[:2] if token.word in _VERBS), "")
    if verb:
        return level_of(verb)
    plain = [token.word for token in terms]
    if any(pair == ("not", "good") for pair in zip(plain, plain[1:])):
        return "error"
    if level_of(last.word) and (closed or seconds or is_picture(last.word) or len(terms) <= _FEW):
        return level_of(last.word)
    return next((level_of(word) for word in plain if seconds and level_of(word)), "")


def _seconds(terms: Sequence[Token]) -> str:
    for token, after in zip(terms, terms[1:]):
        if fits("number", token.word) and after.word in _SECONDS:
            return token.bare
    joined = (token.bare for token in terms if token.word.endswith("s"))
    return next((text[:-1] for text in joined if fits("number", text[:-1].lower())), "")


def _by_time(rule: str, seconds: float) -> str:
    if seconds >= _BAD:
        return "error" if rule == "smtp.transaction.time" else "warning"
    return "ok" if seconds <= _GOOD else ""
