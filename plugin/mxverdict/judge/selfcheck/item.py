"""One answer of a self-check beside what the product relies on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

OK, DIFFERS, HOLE, UNKNOWN = "as_expected", "differs", "known_hole", "unknown"


@dataclass(frozen=True)
class Item:
    """`id` is a dotted noun that stays the same, `state` one of the above, `found` what the server answered,
    `expected` what the product relies on, `meaning` which feature is affected and what it does ("" when the
    answer is as expected)."""

    id: str
    state: str
    found: str
    expected: str
    meaning: str = ""


def item(id: str, good: Optional[bool], found: str, expected: str, meaning: str) -> Item:
    """Return an item; `good` is None when it could not be checked."""
    state = UNKNOWN if good is None else OK if good else DIFFERS
    return Item(id, state, found, expected, "" if good else meaning)


def plural(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
