"""What is kept of an SMTP reply: as much as anything is judged by and a person reads, however long it is."""

from __future__ import annotations

LINES_LIMIT = 20
TEXT_LIMIT = 2048
"""Characters of all lines together."""
_CAPABILITIES = frozenset(("STARTTLS", "PIPELINING"))
"""Keywords of an EHLO reply (RFC 3207, RFC 2920) that are acted on: kept wherever they stand."""
_MARK = "[…]"
_RESERVED = 64
"""Characters of the capabilities and of the line that says how much is left out."""


class ReplyLines:
    """Collects the lines of one reply and forgets at once what is over the limits.

    A reply within LINES_LIMIT and `text_limit` characters is kept as it is. Of a longer one the first lines
    are kept and the last line says how many are not: `[… +8980]`. A line that is cut ends in `[…]`.
    """

    def __init__(self, text_limit: int = TEXT_LIMIT) -> None:
        self._limit = text_limit
        self._lines: list[str] = []
        self._size = 0
        self._count = 0
        self._capabilities: dict[str, None] = {}

    def add(self, line: str) -> None:
        """Take in the next line, without code and hyphen."""
        keyword = _keyword(line)
        if self._count and keyword in _CAPABILITIES:
            self._capabilities[keyword] = None
        if len(self._lines) < LINES_LIMIT and self._size <= self._limit:
            self._lines.append(line[: self._limit + 1])
            self._size += len(self._lines[-1])
        self._count += 1

    def kept(self) -> tuple[str, ...]:
        """Return the lines to keep: at most LINES_LIMIT, with the characters allowed."""
        if self._count == len(self._lines) and self._size <= self._limit:
            return tuple(self._lines)
        lines: list[str] = []
        left = self._limit - _RESERVED
        for line in self._lines[: LINES_LIMIT - len(_CAPABILITIES) - 1]:
            if left <= 0:
                break
            lines.append(line if len(line) <= left else line[: max(0, left - len(_MARK))] + _MARK)
            left -= len(line)
        known = set(map(_keyword, lines[1:]))
        more = [keyword for keyword in self._capabilities if keyword not in known]
        omitted = self._count - len(lines) - len(more)
        return (*lines, *more, *([f"[… +{omitted}]"] if omitted else []))


def _keyword(line: str) -> str:
    return next(iter(line[:16].upper().split()), "")
