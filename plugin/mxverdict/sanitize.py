"""Text that came from outside, made harmless for a terminal or a page."""

from __future__ import annotations

import unicodedata

LIMIT = 2000
_MOST_MARKS = 8
"""Combining characters in a row: no script needs more, and a pile of them covers what stands around it."""
_LINE_ENDS = ("Zl", "Zp")


def visible(text: str, limit: int = LIMIT) -> str:
    """`text` with control and formatting characters, and combining ones that pile up, shown as escapes (line
    ends stay), cut at `limit`."""
    shown = text[:limit]
    if not (shown.isascii() and shown.isprintable()):
        shown = _escaped(shown)
    return shown + ("…" if len(text) > limit else "")


def _escaped(text: str) -> str:
    parts = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category[0] == "M" else 0
        harmless = category[0] != "C" and category not in _LINE_ENDS and marks <= _MOST_MARKS
        if character == "\n" or harmless:
            parts.append(character)
        else:
            parts.append(character.encode("unicode_escape", "surrogatepass").decode())
    return "".join(parts)
