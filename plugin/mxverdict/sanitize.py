"""Text that came from outside, made harmless for a terminal or a page."""

from __future__ import annotations

import unicodedata

LIMIT = 2000
_LINE_LIMIT = 300
_MAX_MARKS = 8
"""Combining characters in a row: no script needs more, and a pile of them covers what is around it."""
_LINE_ENDS = ("Zl", "Zp")


def visible(text: str, limit: int = LIMIT) -> str:
    """`text` with control and formatting characters, and combining ones that pile up, shown as escapes (line
    ends stay), cut at `limit`."""
    shown = text[:limit]
    if not (shown.isascii() and shown.isprintable()):
        shown = _escaped(shown)
    return shown + ("…" if len(text) > limit else "")


def escape_control(text: str, limit: int = _LINE_LIMIT) -> str:
    """`text` on one line, for records: control and format characters shown as escapes, cut at `limit`."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    return "".join(
        char.encode("unicode_escape").decode()
        if unicodedata.category(char)[0] == "C" or unicodedata.category(char) in _LINE_ENDS
        else char
        for char in cut
    )


def _escaped(text: str) -> str:
    parts = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category[0] == "M" else 0
        harmless = category[0] != "C" and category not in _LINE_ENDS and marks <= _MAX_MARKS
        if character == "\n" or harmless:
            parts.append(character)
        else:
            parts.append(character.encode("unicode_escape", "surrogatepass").decode())
    return "".join(parts)
