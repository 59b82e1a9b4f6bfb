"""Seeds of tests that make their cases up: a few are quick enough for each run."""

from __future__ import annotations

from typing import Any

import pytest


def seeds(count: int, *, quick: int) -> list[Any]:
    """Return the parameters 1 to `count`; those after the first `quick` are marked `slow`."""
    return [pytest.param(seed, marks=[pytest.mark.slow] * (seed > quick)) for seed in range(1, count + 1)]
