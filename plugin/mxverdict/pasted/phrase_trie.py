"""The words of every row we know as a tree of words, so that a text is searched once, whatever it holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import NamedTuple, Optional

from mxverdict import testers
from mxverdict.net.address import is_address
from mxverdict.pasted.masks import is_masked
from mxverdict.pasted.model import MXTOOLBOX
from mxverdict.pasted.normalize import MASKED, Token, blurred, tokens_of
from mxverdict.testers import row_texts
from mxverdict.testers.row_texts import RowTexts

NAME = "name"
TEXT = "text"
OTHER = "other"
"""Words that begin or end like those of a row and are about something else."""
SHORT = 3
"""Up to so many words a phrase must fill its cell: in running text it says nothing."""

_PLACEHOLDER = re.compile(r"\{(\w+)[^{}]*\}")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)?")
_ADDRESS_LIKE = re.compile(r"[0-9a-f:.]{2,45}")
_LIKE_DIGITS = str.maketrans("oli", "011")
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
_OTHERS = ("does not support tls {number}", "supports tls {number}", "support tls {number}")
_STATES = ("0", "1")
"""Numbers that say what is the case, not how much."""
_STAND_INS = {"number": "7777777", "address": "192.0.2.7", "host": "ns7.example.net", "any": "placeholder7"}


@dataclass(frozen=True)
class Phrase:
    """`kind` is NAME, TEXT or OTHER, `rule` the identifier of what the row is about ("": not known), `level`
    what the row is when it says that (of a name that is a complaint in itself: when it is alone),
    `word_count` how many words that is, `written` the words themselves, `bare` that the
    level before them is left out."""

    kind: str
    tester: str
    category: str
    row: str
    rule: str
    level: str
    word_count: int
    placeholders: tuple[str, ...] = ()
    written: str = ""
    bare: bool = False

    @property
    def short(self) -> bool:
        return self.word_count <= SHORT

    @property
    def single(self) -> bool:
        """Whether it is a name of one word; only blocklists have such."""
        return self.kind == NAME and self.category == "blacklist" and self.word_count == 1


class Match(NamedTuple):
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
        if tokens[start].blurred not in self._root.literal and not kinds_of(tokens[start].word):
            return None
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
                    open_paths.append((after, place + 1, (*values, _value(kind, token))))
            if token.blurred in node.literal:
                open_paths.append((node.literal[token.blurred], place + 1, values))
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
                node = node.literal.setdefault(blurred(word), _Node())
        if phrase not in node.phrases:
            node.phrases.append(phrase)


def fits(kind: str, word: str) -> bool:
    """Whether a word can stand for a placeholder of that kind."""
    return kind == "any" or kind in kinds_of(word)


@lru_cache(maxsize=1 << 14)
def kinds_of(word: str) -> tuple[str, ...]:
    """Return the kinds of placeholders, but for `any`, that a word can stand for."""
    if word == MASKED:
        return ("address", "host")
    if _ADDRESS_LIKE.fullmatch(word) and is_address(word):
        return ("address",)
    if _DIGITS.fullmatch(_digits(word)):
        return ("number", "host") if is_host(word) else ("number",)
    return ("host",) if is_host(word) else ()


def _digits(word: str) -> str:
    """Return a number in which a camera took digits for letters."""
    return word.translate(_LIKE_DIGITS) if any(map(str.isdigit, word)) else word


def _value(kind: str, token: Token) -> str:
    """Return what is in the place of a placeholder; "" when it is masked."""
    if token.word == MASKED:
        return ""
    return _digits(token.bare.lower()) if kind == "number" else token.bare


def is_host(word: str) -> bool:
    if "." not in word or _HOST.fullmatch(word) is None or is_masked(word):
        return False
    return not (_ADDRESS_LIKE.fullmatch(word) and is_address(word))


@cache
def known() -> PhraseTrie:
    """Return the words of MXToolbox's rows and of the testers in the catalogue."""
    made = PhraseTrie()
    for category in row_texts.READ:
        for texts in row_texts.readable(category).values():
            for wording, phrase in _of_mxtoolbox(texts):
                made.add(wording, phrase)
    for tester in testers.load().testers:
        if tester.report != MXTOOLBOX:
            for wording, phrase in _of_tester(tester):
                made.add(wording, phrase)
    for text in _OTHERS:
        made.add(text.split(), Phrase(OTHER, "", "", "", "", "", 0))
    return made


def _of_tester(tester: testers.Tester) -> Iterator[tuple[list[str], Phrase]]:
    """Yield its row's name and words; a name that a tester prints whatever the result says nothing."""
    name = [token.word for token in tokens_of([tester.row])]
    yield name, Phrase(NAME, tester.name, "smtp", tester.row, tester.rule, "", len(name))
    wordings = [("ok", tester.ok_text), ("error", tester.timeout_text), ("warning", tester.no_starttls_text)]
    for level, text in (*wordings, *tester.printed):
        wording, placeholders = _wording(text)
        numbers = [
            "{number}" if _DIGITS.fullmatch(word) and word not in _STATES else word for word in wording
        ]
        if wording and wording != name:
            values = placeholders or ("seconds",) * numbers.count("{number}")
            yield (
                numbers,
                Phrase(
                    TEXT,
                    tester.name,
                    "smtp",
                    tester.row,
                    tester.rule,
                    level,
                    len(wording),
                    values,
                    text,
                ),
            )


def _of_mxtoolbox(texts: RowTexts) -> Iterator[tuple[list[str], Phrase]]:
    name = [token.word for token in tokens_of([texts.name])]
    alone = texts.level if texts.complaint else ""
    yield name, Phrase(NAME, MXTOOLBOX, texts.category, texts.name, texts.rule, alone, len(name))
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
                    TEXT,
                    MXTOOLBOX,
                    texts.category,
                    texts.name,
                    texts.rule,
                    level,
                    len(variant),
                    placeholders,
                    text,
                    variant is not wording,
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
