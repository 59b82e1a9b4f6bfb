"""Whether what was kept of a log can be true: whatever a state file holds, nothing else is shown or used."""

from __future__ import annotations

import time
from dataclasses import fields
from typing import Any

from mxverdict.collect.mainlog.lines import FURTHEST_ZONE, MAX_STAY, NEWEST
from mxverdict.evidence.visit import Visit
from mxverdict.net.address import is_address

_ENDED = frozenset({"quit", "left", "dropped", "timeout", "rejected", "unknown"})
_STAGES = frozenset({"connect", "ehlo", "mail", "rcpt", "data"})
_REFUSED = frozenset({"", "relay", "greylisting", "rate_limit", "sender", "recipient", "tls", "other"})
_MAX_TEXT = 1000
_MAX_COUNT = 1 << 40
"""More than any count, and a time that can be shown."""
_TIMES = frozenset(
    {
        "read_from",
        "read_to",
        "start",
        "first_left",
        "last_left",
        "first",
        "last",
        "passed_at",
        "peak_at",
        "refused_connection_at",
    }
)


def is_time(value: object) -> bool:
    """Whether a line of a log can have that Unix time."""
    return type(value) in (int, float) and 0 <= value <= time.time() + NEWEST  # type: ignore[operator]


def is_visit(visit: Visit) -> bool:
    """Whether a visit can have been read in a log."""
    texts = (visit.tester, visit.address, visit.name, visit.helo, visit.refusal)
    numbers = (
        (visit.port, 0, 65535),
        (visit.zone, -FURTHEST_ZONE, FURTHEST_ZONE),
        (visit.messages, 0, _MAX_COUNT),
    )
    stayed = visit.seconds
    return (
        all(type(text) is str and len(text) <= _MAX_TEXT for text in texts)
        and all(type(number) is int and low <= number <= high for number, low, high in numbers)
        and is_time(visit.came_at)
        and (stayed is None or (type(stayed) in (int, float) and 0 <= stayed <= MAX_STAY))
        and all(type(word) is str for word in (visit.ended, visit.stage, visit.refused))
        and visit.ended in _ENDED
        and visit.stage in _STAGES
        and visit.refused in _REFUSED
        and is_address(visit.address)
    )


def is_traffic(found: Any) -> bool:
    """Whether a `Traffic`, or a part of one, can have been counted from a log."""
    return all(_is_field(field.name, str(field.type), getattr(found, field.name)) for field in fields(found))


def _is_field(name: str, kind: str, value: Any) -> bool:
    if kind.startswith("tuple"):
        return type(value) is tuple and all(isinstance(one, str) or is_traffic(one) for one in value)
    if value is None:
        return kind.startswith("Optional")
    if kind == "str":
        return _is_text(name, value)
    if name in _TIMES:
        return is_time(value)
    return _is_number(kind, value)


def _is_text(name: str, value: Any) -> bool:
    if type(value) is not str or len(value) > _MAX_TEXT:
        return False
    return name != "address" or is_address(value)


def _is_number(kind: str, value: Any) -> bool:
    if kind == "bool":
        return type(value) is bool
    return type(value) in ((int,) if kind == "int" else (int, float)) and 0 <= value <= _MAX_COUNT
