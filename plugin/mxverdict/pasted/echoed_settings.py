"""The settings that a tester prints beside its result: no row of a report."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from mxverdict import testers


@cache
def _echoes() -> frozenset[str]:
    return frozenset(tester.echo for tester in testers.load().testers if tester.echo)


def echoed_lines(lines: Sequence[str]) -> set[int]:
    """Return the lines in which a tester prints its own settings: from its heading of them to the next empty
    line but one."""
    found: set[int] = set()
    for number, line in enumerate(lines):
        if number not in found and line.strip("> \t|") in _echoes():
            end = number + 1
            while end < len(lines) and (lines[end].strip("> \t|") or end == number + 1):
                end += 1
            found.update(range(number, end))
    return found
