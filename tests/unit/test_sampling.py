from __future__ import annotations

import pytest

from tests.sampling import left_out

_CASES = [f"a.py::many[{number}]" for number in range(10)] + ["a.py::two[x]", "a.py::two[y]", "a.py::one"]


def test_one_in_one_takes_all() -> None:
    assert left_out(_CASES, 1, 7) == set()


@pytest.mark.parametrize("one_in", [2, 3, 4, 100])
def test_each_test_keeps_a_case_and_all_seeds_together_take_all(one_in: int) -> None:
    samples = [set(_CASES) - left_out(_CASES, one_in, seed) for seed in range(2000)]
    for sample in samples:
        kept = [case.partition("[")[0] for case in sample]
        assert set(kept) == {"a.py::many", "a.py::two", "a.py::one"}
        assert kept.count("a.py::many") in (max(1, 10 // one_in), -(-10 // one_in))
    assert set().union(*samples) == set(_CASES)


def test_the_seed_replays_the_sample() -> None:
    assert left_out(_CASES, 3, 5) == left_out(list(_CASES), 3, 5)
    assert len({frozenset(left_out(_CASES, 3, seed)) for seed in range(20)}) > 1
