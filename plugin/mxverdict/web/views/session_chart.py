"""The session that the first tester lives through, as two pictures: now, and with or without a window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Optional

from mxverdict.evidence import Evidence
from mxverdict.findings import Prediction
from mxverdict.judge.what_if import (
    matching_prediction,
    predict_hypothetical,
    with_previous_delay,
    without_delay,
)
from mxverdict.testers import Tester
from mxverdict.web.views.check import Group, preview_of
from mxverdict.web.views.timeline import Timeline, timeline
from mxverdict.window import Window
from mxverdict.window.model import DELAY_OFF


@dataclass(frozen=True)
class Pictures:
    """On one scale. `other` is None where a window makes no difference; with `window_open` it is what were
    without that window."""

    of: Prediction
    now: Timeline
    other: Optional[Timeline]
    window_open: bool


def pictures(
    groups: Sequence[Group], evidence: Evidence, testers: Sequence[Tester], windows: Sequence[Window]
) -> Optional[Pictures]:
    """Of the first card, the worst. `windows` are open now. None when the session is not known."""
    if not groups:
        return None
    shown = groups[0].cards[0].prediction
    tester = next(one for one in testers if one.name == shown.tester)
    before = _before(windows, tester, evidence)
    changed = with_previous_delay(evidence, before) if before else without_delay(evidence)
    other = matching_prediction(shown, predict_hypothetical(changed, [tester]))
    there = timeline(other, preview_of(other, tester, changed)) if other else None
    now = timeline(shown, preview_of(shown, tester, evidence), scale=there.scale if there else 0.0)
    if now is None:
        return None
    differs = other is not None and other.session != shown.session
    there = timeline(other, preview_of(other, tester, changed), scale=now.scale) if other else None
    return Pictures(shown, now, there if differs else None, bool(before))


def _before(windows: Sequence[Window], tester: Tester, evidence: Evidence) -> dict[str, int]:
    """Seconds of delay that the tester's addresses met in one session before the windows."""
    before: dict[str, int] = {}
    for window in windows:
        if window.kind == DELAY_OFF and tester.name in window.testers:
            waited = max(window.before.values(), default=0)
            before.update({preview.address: waited for preview in evidence.previews})
        before.update(window.before)
    return before


def without_picture(groups: Sequence[Group], of: Prediction) -> tuple[Group, ...]:
    """The groups, the card of that prediction without its own picture."""
    return tuple(
        replace(
            group,
            cards=tuple(
                replace(card, timeline=None) if card.prediction is of else card for card in group.cards
            ),
        )
        for group in groups
    )
