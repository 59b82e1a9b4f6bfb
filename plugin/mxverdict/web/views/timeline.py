"""Geometry of the picture of a tester's session: a bar for each wait, a line for the tester's patience.

All x values are percent of the width, so that the picture fits any screen and its text keeps its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Optional

from mxverdict.findings import Prediction
from mxverdict.i18n.catalog import N_, decimal
from mxverdict.i18n.catalog import gettext as _

if TYPE_CHECKING:
    from mxverdict.evidence import Preview

_LABELS = {"connect": N_("Connect, greeting"), "ehlo": "EHLO", "mail": "MAIL FROM", "rcpt": "RCPT TO"}
_STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300)
_TICKS_LIMIT = 6
_SLIVER = 0.5
"""Percent; the shortest part that still shows."""
_ROW = 34
_TOP = 22


@dataclass(frozen=True)
class Bar:
    """One wait. `delay` and `answer` are (x, width) of Exim's delay and of the answering after it."""

    label: str
    value: str
    y: int
    delay: tuple[float, float]
    answer: tuple[float, float]
    reached: bool


@dataclass(frozen=True)
class Timeline:
    bars: tuple[Bar, ...]
    ticks: tuple[tuple[float, str], ...]
    patience_x: float
    patience: str
    height: int
    description: str
    scale: float

    @property
    def floor(self) -> int:
        """y of the axis."""
        return self.height - 18


def timeline(prediction: Prediction, preview: Optional[Preview], *, scale: float = 0.0) -> Optional[Timeline]:
    """Return None when the session is not known. `preview` is what would have followed had the tester stayed.

    The scale reaches beyond the longest wait, or to `scale` seconds where that is more.
    """
    waits = _waits(prediction, preview)
    if not waits:
        return None
    scale = max(scale, prediction.patience * 1.08, *(1.08 * (wait + rest) for _n, wait, rest in waits))
    reached = len(prediction.session.stages)
    bars = tuple(
        _bar(number, name, delay, answer, scale, number < reached)
        for number, (name, delay, answer) in enumerate(waits)
    )
    step = next((step for step in _STEPS if scale / step <= _TICKS_LIMIT), _STEPS[-1])
    return Timeline(
        bars=bars,
        ticks=tuple((_percent(second, scale), f"{second} s") for second in range(0, int(scale) + 1, step)),
        patience_x=_percent(prediction.patience, scale),
        patience=_("waits {seconds} s").format(seconds=f"{prediction.patience:g}"),
        height=_TOP + len(bars) * _ROW + 20,
        description=_description(prediction, bars),
        scale=scale,
    )


def _waits(prediction: Prediction, preview: Optional[Preview]) -> list[tuple[str, float, float]]:
    """(stage, seconds of delay, seconds of answering) for all that Exim would have done."""
    session = prediction.session
    if not session.stages:
        return []
    if preview is not None and len(preview.stages) >= len(session.stages):
        return [(stage.name, float(stage.delay), stage.elapsed) for stage in preview.stages]
    return [(stage.name, stage.delay, max(0.0, stage.seconds - stage.delay)) for stage in session.stages]


def _bar(number: int, name: str, delay: float, answer: float, scale: float, reached: bool) -> Bar:
    delay_width = _percent(delay, scale)
    value = (
        _("{seconds} s, {delay} s delay").format(seconds=decimal(delay + answer, 1), delay=f"{delay:g}")
        if delay
        else _("{seconds} s").format(seconds=decimal(answer, 1))
    )
    return Bar(
        label=_(_LABELS.get(name, name)),
        value=value if reached else _("not reached"),
        y=_TOP + number * _ROW,
        delay=(0.0, delay_width),
        answer=(delay_width, max(_percent(answer, scale), 0.0 if delay else _SLIVER)),
        reached=reached,
    )


def _percent(seconds: float, scale: float) -> float:
    return round(100 * seconds / scale, 2)


def _description(prediction: Prediction, bars: Sequence[Bar]) -> str:
    waits = "; ".join(f"{bar.label}: {bar.value}" for bar in bars)
    return _("{waits}. {tester} waits {seconds} s for each reply.").format(
        waits=waits, tester=prediction.title, seconds=f"{prediction.patience:g}"
    )
