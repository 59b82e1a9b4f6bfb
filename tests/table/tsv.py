"""Reads tables: UTF-8, one line a row, cells apart by tabs, the first line names the columns."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

ANYTHING = "*"
"""A cell that is expected to be anything."""
_CHARACTER = re.compile(r"\\x([0-9a-fA-F]{2})")


class Malformed(Exception):
    """A table that cannot be read; the message is one line that says where and why."""


@dataclass(frozen=True)
class Row:
    """`place` is `FILE:LINE`; `cells` holds every column of the table."""

    place: str
    cells: dict[str, str]

    def get(self, column: str, otherwise: str = "") -> str:
        return self.cells.get(column, otherwise)

    def one_of(self, column: str, words: Collection[str]) -> str:
        """The cell, which has to be one of `words` or `*`; raise Malformed when it is not."""
        word = self.cells[column]
        if word not in words and word != ANYTHING:
            raise Malformed(f"{self.place}: {column} is {word!r}, not one of {', '.join(words)}")
        return word

    def any_of(self, column: str, words: Collection[str]) -> tuple[str, ...]:
        """What may be given: the cell is one of `words`, or `a|b` where both are right; raise Malformed."""
        parts = self.cells[column].split("|")
        return tuple(Row(self.place, {column: part}).one_of(column, words) for part in parts)


def read(path: Path, required: Collection[str], optional: Collection[str] = ()) -> list[Row]:
    """Return the rows of a table with the columns `required`, and any of `optional`.

    `\\xHH` in a cell stands for the character of that number. Raise Malformed when the file cannot be read,
    is no UTF-8, lacks a column, has one that is not known or twice, has a line with more or fewer cells, or
    no row.
    """
    numbered = [(number, line.rstrip("\r")) for number, line in enumerate(_text(path).split("\n"), 1)]
    header, *lines = [(number, line) for number, line in numbered if line] or [(1, "")]
    columns = [name.strip() for name in header[1].split("\t")]
    for name in required:
        if name not in columns:
            raise Malformed(f"{path}: the first line names no column {name!r}")
    for name in columns:
        if name not in required and name not in optional:
            raise Malformed(f"{path}: the column {name!r} is not known")
        if columns.count(name) > 1:
            raise Malformed(f"{path}: the column {name!r} stands there twice")
    if not lines:
        raise Malformed(f"{path}: the table is empty")
    return [_row(path, number, columns, line) for number, line in lines]


def _row(path: Path, number: int, columns: list[str], line: str) -> Row:
    cells = line.split("\t")
    if len(cells) != len(columns):
        raise Malformed(f"{path}:{number}: the line has {len(cells)} cells, the table {len(columns)} columns")
    return Row(f"{path.name}:{number}", {name: _unescaped(cell) for name, cell in zip(columns, cells)})


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise Malformed(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Malformed(f"{path}: byte {error.start} is no UTF-8") from error


def _unescaped(cell: str) -> str:
    return _CHARACTER.sub(lambda match: chr(int(match[1], 16)), cell)
