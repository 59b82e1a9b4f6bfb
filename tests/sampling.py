"""Which cases of a test with many a run leaves out. The seed chooses, so that many runs cover all."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random


def left_out(cases: Iterable[str], one_in: int, seed: int) -> set[str]:
    """Return the cases, ids of pytest, that a sample of one in `one_in` does not take: of each test it takes
    at least one.
    """
    tests: dict[str, list[str]] = {}
    for case in cases:
        tests.setdefault(case.partition("[")[0], []).append(case)
    taken = set()
    for test, own in tests.items():
        first = Random(f"{seed} {test}").randrange(min(one_in, len(own)))
        taken.update(own[first::one_in])
    return {case for own in tests.values() for case in own} - taken
