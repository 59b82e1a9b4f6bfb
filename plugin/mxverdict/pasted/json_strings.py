"""The texts within JSON, such as the event of a mail service that quotes a mail server's reply."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Optional


def json_strings(text: str) -> Optional[list[str]]:
    """Return the strings of a JSON document in their order, names of members left out; None for a text that
    is none (RFC 8259), or one nested too deep. Numbers are read as floats: long integers take quadratic time
    in Pythons before 3.11."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return list(_strings(json.loads(text, parse_int=float)))
    except (ValueError, RecursionError):
        return None


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)
