"""Pasted text made plain: no markup or quoting, one kind of blank, quote and dash, cut at the bounds."""

from __future__ import annotations

import html
import quopri
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

TEXT_LIMIT = 1 << 20
"""Characters that are read."""
LINES_LIMIT = 10_000
LINE_LIMIT = 4000
"""Characters of one line that are read."""
_PIECE = 1 << 16

_TAGS = (
    "a|b|i|p|br|hr|td|th|tr|ul|ol|li|em|dl|dt|dd|h[1-6]|div|pre|img|svg|path|code|font|span|body|html|head|"
    "meta|link|table|thead|tbody|strong|small|center|button|input|label|blockquote|script|style|title"
)
_TAG = re.compile(rf"<(/?)({_TAGS})(?=[\s/>])[^<>]*>", re.IGNORECASE)
_STATUS_PICTURE = re.compile(r"alt=[\"']?(Status \w{1,20})", re.IGNORECASE)
_NEW_LINE = {"br", "hr", "p", "tr", "li", "div", "ul", "ol", "dt", "pre", "table", "blockquote", "body"}
_CELL = {"td", "th", "dd"}
_QUOTES = str.maketrans(
    {**dict.fromkeys("“”„«»", '"'), **dict.fromkeys("‘’‚‛", "'"), **dict.fromkeys("–—−‐‑‒", "-")}
)
_UNUSUAL = re.compile(r"[^\x20-\x7e\n\t]")
_CELL_BREAK = re.compile(r"\t| {2,}|\|")
_EDGES = "\"'`*_~()[]{}<>,.;:!?-+=#•·→…"
_REFERENCE = re.compile(r"&#([0-9]{8,});?")
"""Of a character by a number longer than that of any (HTML 13.2.5.80), but for zeros before it. Python turns
no more than 4300 digits into a number."""
_SOFT_BREAK = re.compile(r"=(?:20|3D|E2=80|C2=A0)", re.IGNORECASE)


@dataclass(frozen=True)
class Token:
    """One word: `word` as it is compared, `raw` as it was written. `first` and `last` say whether a cell of
    the line (between tabs, bars or wide blanks) starts or ends with it, `line` counts from 0, `lead` is what
    is between the word before and this one (a dash, say)."""

    word: str
    raw: str
    line: int
    first: bool
    last: bool
    lead: str = ""

    @property
    def bare(self) -> str:
        """Return it as it was written, without the marks around it."""
        return self.raw.strip(_EDGES)


def lines_of(text: str) -> tuple[list[str], bool]:
    """Return the lines of a text as a person reads them, and whether some of it was cut off."""
    lines = plain(text).split("\n")
    cut = len(text) > TEXT_LIMIT or len(lines) > LINES_LIMIT or any(len(line) > LINE_LIMIT for line in lines)
    return [line[:LINE_LIMIT].rstrip() for line in lines[:LINES_LIMIT]], cut


def plain(text: str) -> str:
    """Return a text without markup, with plain blanks, quotes, dashes and line ends; its end is cut at the
    bound."""
    read = text[:TEXT_LIMIT].replace("\r\n", "\n").replace("\r", "\n")
    if _SOFT_BREAK.search(read) and "=\n" in read:
        read = quopri.decodestring(read.encode("utf-8", "replace")).decode("utf-8", "replace")
    if "<" in read:
        read = _TAG.sub(_tag, read)
    if "&" in read:
        read = html.unescape(_REFERENCE.sub(_reference, read))
    return _UNUSUAL.sub(_plain, _normalized(read).translate(_QUOTES))


def _normalized(text: str) -> str:
    """Return it in NFKC, piece by piece: one character may become eighteen, and the text stays within its
    bound."""
    pieces: list[str] = []
    length = 0
    for start in range(0, len(text), _PIECE):
        pieces.append(unicodedata.normalize("NFKC", text[start : start + _PIECE])[: TEXT_LIMIT - length])
        length += len(pieces[-1])
        if length >= TEXT_LIMIT:
            break
    return "".join(pieces)


def tokens_of(lines: list[str]) -> list[Token]:
    found: list[Token] = []
    for number, line in enumerate(lines):
        for cell in _CELL_BREAK.split(line.lstrip("> \t")):
            found += _tokens_of_cell(cell, number)
    return found


def as_written(tokens: Sequence[Token]) -> str:
    """Return the text that tokens were made of, in one line."""
    parts = [part for token in tokens for part in (token.lead, token.raw) if part]
    return " ".join(parts[1:] if tokens and tokens[0].lead else parts)


def _tokens_of_cell(cell: str, line: int) -> list[Token]:
    found: list[Token] = []
    lead = ""
    for raw in cell.split():
        word = raw.strip(_EDGES).casefold()
        if word:
            found.append(Token(word, raw, line, not found, False, lead))
        lead = "" if word else f"{lead} {raw}".strip()
    if found:
        found[-1] = replace(found[-1], last=True)
    return found


def _reference(match: re.Match[str]) -> str:
    digits = match[1].lstrip("0")
    return f"&#{digits or 0};" if len(digits) < 8 else "\ufffd"


def _tag(match: re.Match[str]) -> str:
    name = match[2].lower()
    if name == "img":
        status = _STATUS_PICTURE.search(match[0])
        return f"\t{status[1]}\t" if status else ""
    if name in _NEW_LINE or (name[0] == "h" and name[1:].isdigit()):
        return "\n"
    return "\t" if name in _CELL else ""


def _plain(match: re.Match[str]) -> str:
    """Replace line ends of any kind by one kind, blanks by a blank, invisible characters by nothing."""
    character = match[0]
    category = unicodedata.category(character)
    if character in "\v\f\x85" or category in ("Zl", "Zp"):
        return "\n"
    if category == "Zs":
        return " "
    return "" if category[0] == "C" or "\ufe00" <= character <= "\ufe0f" else character
