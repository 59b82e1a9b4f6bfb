"""The words of every row we know as a tree of words, so that a text is searched once, whatever it holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Optional

from mxverdict import testers
from mxverdict.net.address import is_address
from mxverdict.pasted.model import MXTOOLBOX
from mxverdict.pasted.normalize import Token, tokens_of
from mxverdict.testers import row_texts
from mxverdict.testers.row_texts import RowTexts

NAME = "name"
TEXT = "text"
SHORT = 3
"""Up to so many words a phrase must fill its cell: in running text it says nothing."""

_PLACEHOLDER = re.compile(r"\{(\w+)[^{}]*\}")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)?")
_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){1,20}")
_NUMBERS = frozenset(
    [
        "seconds",
        "serial",
        "refresh",
        "retry",
        "expire",
        "minimum",
        "count",
        "number",
        "value",
        "ttl",
        "low",
        "high",
        "limit",
        "lookups",
        "preference",
        "code",
        "port",
        "ms",
        "year",
    ]
)
_HOSTS = frozenset(["ptr", "name", "host", "domain", "server", "ns", "mname", "mx", "primary", "target"])
_ADDRESSES = ("address", "ip")
_PREFIXES = ("ok", "warning", "error")
_STAND_INS = {"number": "7777777", "address": "192.0.2.7", "host": "ns7.example.net", "any": "placeholder7"}


@dataclass(frozen=True)
class Phrase:
    """`kind` is NAME or TEXT, `rule` the identifier of what the row is about ("": not known), `level` what
    the row is when it says that, `word_count` how many words that is."""

    kind: str
    tester: str
    category: str
    row: str
    rule: str
    level: str
    word_count: int
    placeholders: tuple[str, ...] = ()

    @property
    def short(self) -> bool:
        return self.word_count <= SHORT

    @property
    def single(self) -> bool:
        """Whether it is a name of one word; only blocklists have such."""
        return self.kind == NAME and self.category == "blacklist" and self.word_count == 1


@dataclass(frozen=True)
class Match:
    """The phrases (of one wording, from several rows at times) that `length` tokens make."""

    phrases: tuple[Phrase, ...]
    length: int
    values: tuple[str, ...]


@dataclass
class _Node:
    literal: dict[str, _Node] = field(default_factory=dict)
    kinds: dict[str, _Node] = field(default_factory=dict)
    phrases: list[Phrase] = field(default_factory=list)


class PhraseTrie:
    """The tree. A phrase that would fit any word, or that is a single word but no blocklist, is left out."""

    def __init__(self) -> None:
        self._root = _Node()

    def match_at(self, tokens: Sequence[Token], start: int) -> Optional[Match]:
        """Return the longest phrase that starts at a token."""
        best: Optional[Match] = None
        open_paths: list[tuple[_Node, int, tuple[str, ...]]] = [(self._root, start, ())]
        while open_paths:
            node, place, values = open_paths.pop()
            if node.phrases and (best is None or place - start > best.length):
                best = Match(tuple(node.phrases), place - start, values)
            if place == len(tokens):
                continue
            token = tokens[place]
            for kind, after in node.kinds.items():
                if fits(kind, token.word):
                    open_paths.append((after, place + 1, (*values, token.bare)))
            if token.word in node.literal:
                open_paths.append((node.literal[token.word], place + 1, values))
        return best

    def add(self, wording: Sequence[str], phrase: Phrase) -> None:
        """Add a phrase; `wording` as tokens hold its words, `{kind}` for a placeholder."""
        said = sum(not word.startswith("{") for word in wording)
        if said < (1 if phrase.single else 2) or wording[0] == "{any}":
            return
        node = self._root
        for word in wording:
            if word.startswith("{"):
                node = node.kinds.setdefault(word[1:-1], _Node())
            else:
                node = node.literal.setdefault(word, _Node())
        if phrase not in node.phrases:
            node.phrases.append(phrase)


def fits(kind: str, word: str) -> bool:
    """Whether a word can stand for a placeholder of that kind."""
    if kind == "number":
        return _DIGITS.fullmatch(word) is not None
    if kind == "address":
        return is_address(word)
    if kind == "host":
        return _HOST.fullmatch(word) is not None and not is_address(word)
    return True


def is_host(word: str) -> bool:
    return fits("host", word)


@cache
def known() -> PhraseTrie:
    """Return the words of MXToolbox's rows and of the testers in the catalogue."""
    made = PhraseTrie()
    for category in row_texts.CATEGORIES:
        for texts in row_texts.load(category).values():
            for wording, phrase in _of_mxtoolbox(texts):
                made.add(wording, phrase)
    for tester in testers.load().testers:
        if tester.report != MXTOOLBOX:
            name = Phrase(NAME, tester.name, "smtp", tester.row, tester.rule, "", len(tester.row.split()))
            made.add([token.word for token in tokens_of([tester.row])], name)
            for level, text in (
                ("ok", tester.ok_text),
                ("error", tester.timeout_text),
                ("warning", tester.no_starttls_text),
            ):
                wording = [
                    "{number}" if _DIGITS.fullmatch(token.word) else token.word for token in tokens_of([text])
                ]
                if wording:
                    values = ("seconds",) * wording.count("{number}")
                    made.add(
                        wording,
                        Phrase(
                            TEXT, tester.name, "smtp", tester.row, tester.rule, level, len(wording), values
                        ),
                    )
    return made


def _of_mxtoolbox(texts: RowTexts) -> Iterator[tuple[list[str], Phrase]]:
    name = [token.word for token in tokens_of([texts.name])]
    yield name, Phrase(NAME, MXTOOLBOX, texts.category, texts.name, texts.rule, "", len(name))
    wordings = [("ok", texts.ok), ("warning", texts.warned), (texts.level, texts.failed)]
    for level, text in [*wordings, *((texts.level, text) for text in texts.older)]:
        if not text:
            continue
        wording, placeholders = _wording(text)
        variants = [wording]
        if wording and wording[0] in _PREFIXES:
            variants.append(wording[1:])
        for variant in variants:
            yield (
                variant,
                Phrase(
                    TEXT, MXTOOLBOX, texts.category, texts.name, texts.rule, level, len(variant), placeholders
                ),
            )


def _wording(text: str) -> tuple[list[str], tuple[str, ...]]:
    """Return a row's words with their placeholders as kinds, and what the placeholders are called."""
    names = tuple(_PLACEHOLDER.findall(text))
    filled = _PLACEHOLDER.sub(lambda match: f"{_STAND_INS[_kind(match[1])]}", text)
    kinds = {stand_in: kind for kind, stand_in in _STAND_INS.items()}
    wording = [
        f"{{{kinds[token.word]}}}" if token.word in kinds else token.word for token in tokens_of([filled])
    ]
    return wording, names


def _kind(placeholder: str) -> str:
    if placeholder in _NUMBERS:
        return "number"
    if placeholder in _ADDRESSES:
        return "address"
    return "host" if placeholder in _HOSTS else "any"
