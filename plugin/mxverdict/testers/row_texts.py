"""The words of MXToolbox's rows: data with source, one file for each category in `testers/rows/`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Optional

from mxverdict.findings import Row

FOLDER = Path(__file__).with_name("rows")
CATEGORIES = ("blacklist", "smtp", "dns", "mx", "spf", "dmarc")
"""In the order of MXToolbox's domain health report."""
HEADLINE = "Headline"
"""Name of the line above MXToolbox's SMTP rows."""


@dataclass(frozen=True)
class RowTexts:
    """One row: `rule` is the identifier of what it is about (`mxverdict.rules`), `id` its number in
    MXToolbox's API (None: unknown), `level` what it is when it does not pass, `ok` and `failed` its words,
    with `{placeholders}`; `ok` is "" when the row is absent then.

    `warned` holds its words where it can be a warning as well as a failure. `seen` says whether `failed` was
    seen verbatim (otherwise ours stand in), `older` holds other wordings of it.
    """

    name: str
    category: str
    rule: str
    level: str
    ok: str
    failed: str
    source: str
    id: Optional[int] = None
    seen: bool = True
    older: tuple[str, ...] = ()
    warned: str = ""

    def passes(self, host: str = "", *, details: tuple[str, ...] = (), **values: object) -> Row:
        return Row(self.rule, self.name, "ok", self.ok.format(**values), self.category, host, details)

    def fails(
        self, host: str = "", *, details: tuple[str, ...] = (), level: str = "", **values: object
    ) -> Row:
        text = self.failed.format(**values)
        return Row(self.rule, self.name, level or self.level, text, self.category, host, details)

    def warns(self, host: str = "", **values: object) -> Row:
        return Row(self.rule, self.name, "warning", self.warned.format(**values), self.category, host)

    def unknown(self, host: str, text: str) -> Row:
        """Return a row of level "unknown", for when the tester's output could not be predicted."""
        return Row(self.rule, self.name, "unknown", text, self.category, host)


@cache
def load(category: str) -> dict[str, RowTexts]:
    """Return the rows of a category by name."""
    entries = _data(category)["rows"]
    return {
        entry["name"]: RowTexts(category=category, **{**entry, "older": tuple(entry.get("older", ()))})
        for entry in entries
    }


@cache
def limits(category: str) -> dict[str, Any]:
    """Return thresholds of a category's rows, as they stand in its file under `limits`."""
    found: dict[str, Any] = _data(category).get("limits", {})
    return found


def printed(row: Row) -> bool:
    """Whether MXToolbox prints a row of that name; the others are what only we look at."""
    return row.category in CATEGORIES and row.name in load(row.category)


def _data(category: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((FOLDER / f"{category}.json").read_text(encoding="utf-8"))
    return data
