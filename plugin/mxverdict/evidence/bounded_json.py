"""Writes what is kept of a check as JSON of bounded size, and says what is too large to be kept or read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mxverdict.errors import MxVerdictError
from mxverdict.i18n.message import Message, to_json

BYTES_LIMIT = 5_000_000
"""Of one file: a check of some hundred domains that share their mail hosts."""


class TooLarge(MxVerdictError):
    """What a check found is more than is kept."""

    hint = Message("Check fewer domains at once.")

    def __init__(self) -> None:
        super().__init__(
            Message(
                "what was found is larger than {limit} MB and was not kept", limit=BYTES_LIMIT // 1_000_000
            )
        )


def bounded_json(data: object) -> bytes:
    """Return `data` as JSON in one line. Raises TooLarge, before more than BYTES_LIMIT is in memory where
    `data` consists of many parts."""
    parts: list[bytes] = []
    left = BYTES_LIMIT
    for part in _parts(data, 3):
        encoded = part.encode()
        left -= len(encoded)
        if left < 0:
            raise TooLarge
        parts.append(encoded)
    return b"".join(parts)


def _parts(data: Any, depth: int) -> Iterator[str]:
    if depth and isinstance(data, dict):
        separator = "{"
        for key, value in data.items():
            yield f"{separator}{json.dumps(str(key))}: "
            yield from _parts(value, depth - 1)
            separator = ", "
        yield "}" if data else "{}"
    elif depth and isinstance(data, (list, tuple)):
        separator = "["
        for value in data:
            yield separator
            yield from _parts(value, depth - 1)
            separator = ", "
        yield "]" if data else "[]"
    else:
        yield json.dumps(to_json(data))
