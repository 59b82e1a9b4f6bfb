"""The hours of the log, put together to so many bars that a chart can show them."""

from __future__ import annotations

from collections.abc import Sequence

from mxverdict.evidence.traffic import TrafficHour

_MOST_BARS = 24
_STEPS = (1, 2, 3, 4, 6, 8, 12, 24, 48, 72, 168)
"""Hours that one bar may stand for."""


def bars(hours: Sequence[TrafficHour], since: float, until: float) -> list[TrafficHour]:
    """The hours put together so that they make at most 24 bars, those without a line of log included. A bar
    begins at `start`; all have the same width."""
    number = int((until - since) // 3600)
    step = next((step for step in _STEPS if number <= step * _MOST_BARS), -(-number // _MOST_BARS))
    made = [TrafficHour(since + n * step * 3600, 0, 0, 0) for n in range(-(-number // step))]
    for hour in hours:
        n = int((hour.start - since) // (step * 3600))
        if 0 <= n < len(made):
            bar = made[n]
            made[n] = TrafficHour(
                bar.start,
                bar.connections + hour.connections,
                bar.left + hour.left,
                bar.delivered + hour.delivered,
            )
    return made
