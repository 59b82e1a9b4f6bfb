"""Judges a table: `python -m tests.table NAME FILE`, by way of `tests/run --table NAME FILE`.

Exit status: 0 everything is right · 1 something is wrong · 2 no such table, or it cannot be read.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.table.case import Case
from tests.table.tsv import Malformed

NAMES = ("dmarc", "spf", "replies", "reports", "log_lines", "dns_rows")


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 2:
        return _refuse(f"usage: tests/run --table NAME FILE; NAME is one of {', '.join(NAMES)}")
    name, file = arguments
    if name not in NAMES:
        return _refuse(f"there is no table {name!r}, only {', '.join(NAMES)}")
    try:
        found = load(name, Path(file))
    except Malformed as error:
        return _refuse(str(error))
    compared = [comparison for case in found for comparison in case.compare()]
    wrong = [comparison for comparison in compared if not comparison.right]
    for comparison in wrong:
        print(comparison)
    print(f"{len(compared) - len(wrong)} right, {len(wrong)} wrong")
    return 1 if wrong else 0


def load(name: str, path: Path) -> Sequence[Case]:
    """The cases of a table; raise Malformed."""
    cases: Sequence[Case] = importlib.import_module(f"tests.table.{name}").cases(path)
    return cases


def _refuse(reason: str) -> int:
    print(f"tests/run: {reason}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
