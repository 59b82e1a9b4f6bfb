"""Pasted text made plain: no markup or quoting, one kind of blank, quote and dash, cut at the bounds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from mxverdict.pasted.levels import is_level
from mxverdict.pasted.markup import without_markup
from mxverdict.pasted.masks import is_masked

TEXT_LIMIT = 1 << 20
"""Characters that are read."""
LINES_LIMIT = 4000
LINE_LIMIT = 4000
"""Characters of one line that are read."""
_PIECE = 1 << 16

_QUOTES = str.maketrans(
    {**dict.fromkeys("“”„«»", '"'), **dict.fromkeys("‘’‚‛", "'"), **dict.fromkeys("–—−‐‑‒", "-")}
)
_UNUSUAL = re.compile(r"[^\x20-\x7e\n\t]")
_CELL_BREAK = re.compile(r"\t| {2,}|\||;(?=\S)|,(?=[^\s\d])")
_EDGES = "\"'`*_~()[]{}<>,.;:!?-+=#•·→…"
_BULLET = re.compile(r"[#(]?\d{1,3}[.)\]:]|[(]?[A-Za-z][.)]|\(?[ivx]{1,4}[.)]")
"""What numbers an entry of a list, as a word of its own."""
_CONTRACTION = re.compile(r"\b(do|does|did|is|are|was|could|has|have)n't\b", re.IGNORECASE)
_QUOTING = re.compile(r"[> \t|]*(?:[A-Za-z]{1,4}>[> \t]*)?")
_PICTURES = re.compile(r"([\u2600-\u27bf\u2b00-\u2bff\u26a0\u274c\u221a\U0001f000-\U0001faff])")
_BLURRED = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l", "!": "l", "5": "s", "8": "b"})
MASKED = "\0"
"""The word of a name or address that was made unreadable; nothing else has a character like that."""


_KEY = re.compile(r"(?<=\w)\[([^\s\[\]|]{1,200})\]")
"""The parameters of an item such as `net.tcp.service[smtp,203.0.113.10]`."""
_VALUE = re.compile(r"\[([a-z])\|([^\s\[\]|]{1,200})\]")
"""The value of one with its type: `[u|1]`."""
_LABELS = re.compile(r"(\b[a-z_]{1,60})\{[^{}|]{1,400}\} (?:== ?)?(\d)")
"""A metric with its labels: `probe_success{instance="mail.shop.example:25"} 0`."""


class Token(NamedTuple):
    """One word: `word` as it is compared, `raw` as it was written. `first` and `last` say whether a cell of
    the line (between tabs, bars or wide blanks) starts or ends with it, `line` counts from 0, `lead` is what
    is between the word before and this one (a dash, say), `blurred` the word with letters that a
    camera confuses made one."""

    word: str
    raw: str
    line: int
    first: bool
    last: bool
    lead: str = ""
    blurred: str = ""

    @property
    def bare(self) -> str:
        """Return it as it was written, without the marks around it; a name may begin with `_`."""
        bare = self.raw.strip(_EDGES.replace("_", ""))
        return bare.strip(_EDGES) if bare.endswith("_") else bare


def lines_of(text: str) -> tuple[list[str], bool]:
    """Return the lines of a text as a person reads them, and whether some of it was cut off."""
    lines = plain(text).split("\n")
    cut = len(text) > TEXT_LIMIT or len(lines) > LINES_LIMIT or any(len(line) > LINE_LIMIT for line in lines)
    return [line[:LINE_LIMIT].rstrip() for line in lines[:LINES_LIMIT]], cut


def plain(text: str) -> str:
    """Return a text without markup, with plain blanks, quotes, dashes and line ends; its end is cut at the
    bound."""
    read = text[:TEXT_LIMIT].replace("\r\n", "\n").replace("\r", "\n")
    read = without_markup(read)
    return _UNUSUAL.sub(_plain, _normalized(read).translate(_QUOTES))


def _normalized(text: str) -> str:
    """Return it in NFKC, piece by piece: one character may become eighteen, and the text stays within its
    bound."""
    pieces: list[str] = []
    length = 0
    limit = min(TEXT_LIMIT, 2 * len(text) + _PIECE)
    for start in range(0, len(text), _PIECE):
        pieces.append(unicodedata.normalize("NFKC", text[start : start + _PIECE])[: limit - length])
        length += len(pieces[-1])
        if length >= limit:
            break
    return "".join(pieces)


def tokens_of(lines: list[str]) -> list[Token]:
    found: list[Token] = []
    for number, line in enumerate(lines):
        quoting = _QUOTING.match(line)
        bare = line[quoting.end() if quoting else 0 :]
        bare = _without_notation(bare)
        for cell in _CELL_BREAK.split(bare if bare.isascii() else _PICTURES.sub(r"  \1  ", bare)):
            found += _tokens_of_cell(cell, number)
    return found


def _without_notation(line: str) -> str:
    """Return a line of a monitor as plain words: the parameters of an item apart, a metric without its
    labels, the message of a log in a cell of its own."""
    if "[" in line:
        line = _VALUE.sub(r"\1 \2", line)
        line = _KEY.sub(lambda match: " " + match[1].replace(",", " "), line)
    if "{" in line:
        line = _LABELS.sub(r"\1 \2", line)
    return line.replace(' msg="', '  msg="')


def as_written(tokens: Sequence[Token]) -> str:
    """Return the text that tokens were made of, in one line."""
    parts = [part for token in tokens for part in (token.lead, token.raw) if part]
    return " ".join(parts[1:] if tokens and tokens[0].lead else parts)


def _tokens_of_cell(cell: str, line: int) -> list[Token]:
    found: list[tuple[str, str, str]] = []
    lead = ""
    for raw in _CONTRACTION.sub(r"\1 not", cell).split():
        word = _word(raw)
        if word and (found or not _BULLET.fullmatch(raw)):
            found.append((word, raw, lead))
            lead = ""
        else:
            lead = f"{lead} {raw}".strip()
    end = len(found) - 1
    return [
        Token(word, raw, line, number == 0, number == end, lead, blurred(word))
        for number, (word, raw, lead) in enumerate(found)
    ]


@lru_cache(maxsize=1 << 14)
def blurred(word: str) -> str:
    """Return a word as a camera may have read it: `rn` is `m`, `0` is `O`, `1` is `l`."""
    return word.translate(_BLURRED).replace("rn", "m").replace("nn", "m").replace("vv", "w")


@lru_cache(maxsize=1 << 14)
def _word(raw: str) -> str:
    """Return it as it is compared; "" for what is no word: a dash, a picture without a meaning."""
    if is_masked(raw):
        return MASKED
    word = raw.strip(_EDGES).casefold()
    return word if word[:1].isalnum() or is_level(word) or any(map(str.isalnum, word)) else ""


def _plain(match: re.Match[str]) -> str:
    """Replace line ends of any kind by one kind, blanks by a blank, invisible characters by nothing."""
    character = match[0]
    category = unicodedata.category(character)
    if character in "\v\f\x85" or category in ("Zl", "Zp"):
        return "\n"
    if category == "Zs":
        return " "
    return "" if category[0] == "C" or "\ufe00" <= character <= "\ufe0f" else character
