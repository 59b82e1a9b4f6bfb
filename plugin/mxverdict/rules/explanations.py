"""What the page of each rule says: why it matters, how it is checked, when its row is wrong, what to do.

Data in `rules/pages`, one file for each group of rules. The sentences are for `gettext`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).with_name("pages")


@dataclass(frozen=True)
class Explanation:
    """`steps` is how the rule is checked, one sentence or more each, `false_positive` when a tester's row
    about it is wrong or harmless, `see` names test cases and sections of standards, which are no text."""

    purpose: str
    steps: tuple[str, ...]
    false_positive: str
    todo: str
    see: tuple[str, ...]


def explanation_of(rule: str) -> Explanation:
    """Return what the page of a rule says. Raises KeyError for one without a page."""
    entry = _group(rule.partition(".")[0])[rule]
    return Explanation(**{**entry, "steps": tuple(entry["steps"]), "see": tuple(entry["see"])})


def explained() -> tuple[str, ...]:
    """Return the identifiers that have a page, sorted."""
    return tuple(sorted(rule for path in _FOLDER.glob("*.json") for rule in _group(path.stem)))


@cache
def _group(name: str) -> dict[str, Any]:
    try:
        text = (_FOLDER / f"{name}.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise KeyError(name) from None
    found: dict[str, Any] = json.loads(text)
    return found
