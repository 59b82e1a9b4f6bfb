"""What classing a refusal costs, by CPU time: each text of tests/tables/replies.tsv, the longest text that is
read, and reading a pasted text of 200 kB of bounces.

Run by hand: `python -m tests.bench.refusals [ROUNDS]`. Exit status 1: a text costs more than GOAL on the
average, or the longest more than LONGEST_GOAL, or the pasted text more than PASTED_GOAL.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from mxverdict.pasted import recognise
from mxverdict.refusals import classify
from mxverdict.refusals.normalize import TEXT_LIMIT
from mxverdict.refusals.table import load
from tests.table.replies import reply_of
from tests.table.tsv import read

GOAL, LONGEST_GOAL, PASTED_GOAL = 1.0, 5.0, 1000.0
"""Milliseconds."""
_TABLES = Path(__file__).parents[1] / "tables"
_WORST = "blocked spam user mailbox listed ip full quota sender relay not host address "


def milliseconds(work: Callable[[], object]) -> float:
    """CPU time of one call."""
    start = time.process_time_ns()
    work()
    return (time.process_time_ns() - start) / 1e6


def main(rounds: int) -> int:
    loading = milliseconds(load)
    rows = read(_TABLES / "replies.tsv", ("reply", "stage"), ("title", "class", "verdict"))
    replies = [(reply_of(row), row.cells["stage"]) for row in rows]
    first = [milliseconds(lambda r=r, s=s: classify(r.code, r.text, s)) for r, s in replies]  # type: ignore[misc]
    texts = [
        milliseconds(lambda r=r, s=s: classify(r.code, r.text, s))  # type: ignore[misc]
        for _ in range(rounds)
        for r, s in replies
    ]
    long = _WORST * (TEXT_LIMIT // len(_WORST) + 1)
    longest = statistics.median(milliseconds(lambda: classify(550, long, "rcpt")) for _ in range(rounds))
    bounce = (_TABLES / "bounces/postfix_dsn.txt").read_text(encoding="utf-8")
    pasted = bounce * (200_000 // len(bounce) + 1)
    reading = statistics.median(milliseconds(lambda: recognise(pasted)) for _ in range(rounds))
    mean = statistics.mean(texts)
    print(f"{len(replies)} texts, {sum(len(rows.patterns) for rows in (load().texts, load().hints))} phrases")
    print(
        f"the table is read in {loading:.1f} ms; the first round costs {statistics.mean(first):.3f} ms a text"
    )
    print(f"a text costs {mean:.3f} ms, the dearest {max(texts):.3f} ms: {mean / GOAL:.2f} of the goal")
    print(f"{TEXT_LIMIT} characters cost {longest:.2f} ms: {longest / LONGEST_GOAL:.2f} of the goal")
    print(f"200 kB of bounces are read in {reading:.0f} ms: {reading / PASTED_GOAL:.2f} of the goal")
    return int(mean > GOAL or longest > LONGEST_GOAL or reading > PASTED_GOAL)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
