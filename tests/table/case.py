"""One case of a table, and how what is given compares with what is expected."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Optional

from tests.table.tsv import ANYTHING

Cells = Mapping[str, str]
"""Values by column."""


@dataclass(frozen=True)
class Comparison:
    """One expectation (None: nothing is expected) and what is given for it (None: nothing). Only the columns
    that are expected count, and of those only the cells that are not `*`."""

    place: str
    about: str
    expected: Optional[Cells]
    given: Optional[Cells]

    @property
    def right(self) -> bool:
        return self.expected is not None and self.given is not None and not self._differing

    @property
    def _differing(self) -> list[str]:
        expected, given = self.expected or {}, self.given or {}
        return [name for name, value in expected.items() if value not in (ANYTHING, given.get(name, ""))]

    def __str__(self) -> str:
        names = self._differing if self.expected is not None and self.given is not None else None
        return (
            f"{self.place}: {_shown(self.about)}\n"
            f"    expected {_told(self.expected, names)}\n"
            f"    given    {_told(self.given, names)}"
        )


@dataclass(frozen=True)
class Case:
    """What is asked at once. `ask` returns the comparisons; `place` is where the table has it."""

    place: str
    about: str
    ask: Callable[[], Sequence[Comparison]]

    def __str__(self) -> str:
        return f"{self.place} {_shown(self.about, 60)}"

    def compare(self) -> Sequence[Comparison]:
        """The comparisons; one that is wrong when the product raises an exception."""
        try:
            return self.ask()
        except Exception as error:
            given = {"exception": f"{type(error).__name__}: {error}"}
            return [Comparison(self.place, self.about, None, given)]

    def wrong(self) -> list[str]:
        """What is wrong, as people read it."""
        return [str(comparison) for comparison in self.compare() if not comparison.right]


def one(place: str, about: str, expected: Cells, ask: Callable[[], Cells]) -> Case:
    """A case with a single expectation."""
    return Case(place, about, lambda: [Comparison(place, about, expected, ask())])


def _told(cells: Optional[Cells], names: Optional[Sequence[str]]) -> str:
    if cells is None:
        return "nothing"
    shown = cells if names is None else {name: cells.get(name, "") for name in names}
    return ", ".join(f"{name}={_shown(value)!r}" for name, value in shown.items())


def _shown(text: str, most: int = 200) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
