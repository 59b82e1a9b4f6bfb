"""The rows of a pasted report, each once: one complaint counts once, however it is worded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mxverdict.pasted.model import MXTOOLBOX, PastedRow

_COMPARED = 20
"""So many rows of one name are compared with a new one."""


class RowSet:
    """Rows by the number under which they were added; iterating gives the rows."""

    def __init__(self) -> None:
        self._rows: dict[int, PastedRow] = {}
        self._same: dict[tuple[str, ...], list[int]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[PastedRow]:
        return iter(self._rows.values())

    def __getitem__(self, number: int) -> PastedRow:
        return self._rows[number]

    def __setitem__(self, number: int, row: PastedRow) -> None:
        self._rows[number] = row

    def add(self, row: PastedRow) -> int:
        """Keep a row, unless it is there; return its number, or that of the row that says the same."""
        kind = "complaint" if row.complains and row.tester == MXTOOLBOX else row.level
        same = self._same.setdefault((row.tester, row.category, row.name, kind), [])
        for number in same[-_COMPARED:]:
            known = self._rows[number]
            if (row.host and known.host and row.host != known.host) or (
                row.values and known.values and row.values != known.values
            ):
                continue
            if row.values == known.values and row.host in ("", known.host) and (known.text or not row.text):
                return number
            richer = not known.values and bool(row.values or (row.text and not known.text))
            better = row if richer else known
            self._rows[number] = replace(
                known, text=better.text, values=better.values, host=known.host or row.host
            )
            return number
        number = len(self._rows)
        self._rows[number] = row
        same.append(number)
        return number
