"""Text that came from outside, made harmless for a terminal or a page."""

from __future__ import annotations

import unicodedata

LIMIT = 2000


def visible(text: str, limit: int = LIMIT) -> str:
    """`text` with control and formatting characters shown as escapes (line ends stay), cut at `limit`."""
    shown = "".join(
        character
        if character == "\n" or unicodedata.category(character)[0] != "C"
        else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text[:limit]
    )
    return shown + ("…" if len(text) > limit else "")
