"""Geometry of the picture of the delay: a bar of connections for each stretch of time.

All x values are percent of the width, so that the picture fits any screen and its text keeps its size.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

from mxverdict.evidence.traffic import TrafficHour
from mxverdict.i18n.catalog import gettext as _
from mxverdict.i18n.catalog import ngettext

_TOP = 22
_TALL = 120
_GAP = 0.2
"""Of a bar's place."""
_LABELS = 4
_DAYS_FROM = 30 * 3600
"""Seconds; from this on the axis has days instead of hours."""


@dataclass(frozen=True)
class Column:
    """One stretch of time. `stayed` and `left` are (y, height)."""

    x: float
    width: float
    stayed: tuple[float, float]
    left: tuple[float, float]


@dataclass(frozen=True)
class Chart:
    """`ticks` are (x, time) below the axis at `floor`, `peak` the number at the tallest bar."""

    columns: tuple[Column, ...]
    ticks: tuple[tuple[float, str], ...]
    peak: str
    floor: int
    height: int
    description: str


def chart(bars: Sequence[TrafficHour]) -> Optional[Chart]:
    """Return None when there was no connection at all."""
    peak = max((bar.connections for bar in bars), default=0)
    if not peak:
        return None
    place = 100 / len(bars)
    step = -(-len(bars) // _LABELS)
    busiest = max(bars, key=lambda bar: bar.connections)
    form = "%m-%d" if bars[-1].start - bars[0].start > _DAYS_FROM else "%H:%M"
    left = sum(bar.left for bar in bars)
    return Chart(
        columns=tuple(_column(bar, number * place, place, peak) for number, bar in enumerate(bars)),
        ticks=tuple(
            (round(number * place, 2), time.strftime(form, time.localtime(bars[number].start)))
            for number in range(0, len(bars), step)
        ),
        peak=ngettext("{count} connection", "{count} connections", peak).format(count=peak),
        floor=_TOP + _TALL,
        height=_TOP + _TALL + 20,
        description=_(
            "{total} connections, {left} of them left during the delay; the most, {peak}, from {time} on. "
            "The table has all figures."
        ).format(
            total=sum(bar.connections for bar in bars), left=left, peak=peak, time=_moment(busiest.start)
        ),
    )


def _column(bar: TrafficHour, x: float, place: float, peak: int) -> Column:
    left = min(bar.left, bar.connections)
    stayed_tall, left_tall = _tall(bar.connections - left, peak), _tall(left, peak)
    floor = float(_TOP + _TALL)
    return Column(
        x=round(x + place * _GAP / 2, 2),
        width=round(place * (1 - _GAP), 2),
        stayed=(round(floor - stayed_tall, 1), stayed_tall),
        left=(round(floor - stayed_tall - left_tall, 1), left_tall),
    )


def _tall(number: int, peak: int) -> float:
    """Return the height of a bar; what is not 0 is visible."""
    return max(1.0, round(_TALL * number / peak, 1)) if number else 0.0


def _moment(unix_time: float) -> str:
    return time.strftime("%m-%d %H:%M", time.localtime(unix_time))
