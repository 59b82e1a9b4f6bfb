"""What the delay did, in figures: sums with a remark on each, and hours put together to bars of a chart."""

from __future__ import annotations

from collections.abc import Sequence

from mxverdict.evidence.traffic import Traffic, TrafficHour
from mxverdict.judge.durations import duration

_MOST_BARS = 25
_STEPS = (1, 2, 3, 4, 6, 8, 12, 24, 48, 72, 168)
"""Hours that one bar may stand for."""


def bars(hours: Sequence[TrafficHour], since: float, until: float) -> list[TrafficHour]:
    """The hours put together so that they make at most 25 bars, those without a line of log included. A bar
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


def figures(traffic: Traffic) -> tuple[tuple[str, int, str], ...]:
    """What is counted, how often, and a remark on it."""
    return (
        ("connections", traffic.connections, ""),
        ("left during the delay", traffic.left, f"{traffic.left_at_once} of them within 2 s"),
        ("left later, without QUIT", traffic.left_later, "the wait at each recipient, among others"),
        ("turned away", traffic.turned_away, f"addresses, {traffic.turned_away_connections} connections"),
        ("kept waiting", traffic.kept_waiting, _waited(traffic)),
        ("delivered before they left", traffic.delivered_before, "addresses, nothing came since"),
        ("messages that came in", traffic.delivered, f"from {traffic.delivering} addresses"),
        (
            "not counted",
            traffic.exempt_connections + traffic.user_connections,
            f"connections: {traffic.exempt_connections} of testers and this server, "
            f"{traffic.user_connections} of logged-in users' addresses",
        ),
    )


def _waited(traffic: Traffic) -> str:
    if traffic.waited_median is None or traffic.waited_longest is None:
        return "addresses"
    longest = duration(traffic.waited_longest)
    return f"addresses, half within {duration(traffic.waited_median)}, at most {longest}"
