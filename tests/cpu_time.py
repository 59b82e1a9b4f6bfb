"""What reading a text costs, in CPU time."""

from __future__ import annotations

import time
from typing import Callable, TypeVar

Text = TypeVar("Text", str, bytes)


def cost(work: Callable[[Text], object], text: Text, times: int, least: float) -> float:
    """Return the CPU seconds of `work` for one text: the least of so many times, and no less than `least`."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        work(text)
        taken.append(time.process_time() - began)
    return max(min(taken), least)
