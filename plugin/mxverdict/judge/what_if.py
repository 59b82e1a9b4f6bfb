"""What each tester would print during a test window: the same sessions, judged with Exim's delays taken out.

A window changes nothing else that a tester's rows depend on (docs/architecture.md 6).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Optional

from mxverdict.evidence import Evidence, Preview
from mxverdict.findings import Prediction
from mxverdict.judge.engine import predict
from mxverdict.testers import Tester


def predict_exempt(evidence: Evidence, testers: Iterable[Tester]) -> tuple[Prediction, ...]:
    """Predict for a window that exempts every address from the delay. Addresses with equal sessions then
    share a prediction, also where they do not now: find it with `matching_prediction`.

    The result is not compared with logged visits, which happened without the window.
    """
    return predict_hypothetical(without_delay(evidence), testers)


def predict_hypothetical(evidence: Evidence, testers: Iterable[Tester]) -> tuple[Prediction, ...]:
    """Predict from hypothetical evidence; the result is not compared with logged visits."""
    predictions = predict(evidence, testers)
    return tuple(dataclasses.replace(prediction, history="") for prediction in predictions)


def without_delay(evidence: Evidence) -> Evidence:
    """Return the same evidence without any delay."""
    previews = tuple(preview_without_delay(preview) for preview in evidence.previews)
    return dataclasses.replace(evidence, previews=previews)


def preview_without_delay(preview: Preview) -> Preview:
    stages = (dataclasses.replace(stage, delay=0, delayed_by=()) for stage in preview.stages)
    return dataclasses.replace(preview, stages=tuple(stages))


def with_previous_delay(evidence: Evidence, before: Mapping[str, int]) -> Evidence:
    """Return the same evidence as it was before a window that is open now. `before` maps addresses to the
    seconds of delay they met in one session then: the same at the connection and at each RCPT
    (docs/facts/whm.md 1.1)."""
    previews = tuple(
        _delayed(preview, before[preview.address]) if before.get(preview.address) else preview
        for preview in evidence.previews
    )
    return dataclasses.replace(evidence, previews=previews)


def _delayed(preview: Preview, seconds: int) -> Preview:
    if any(stage.delay for stage in preview.stages):
        return preview
    waits = [stage.name in ("connect", "rcpt") for stage in preview.stages]
    share = seconds // max(1, sum(waits))
    stages = (
        dataclasses.replace(stage, delay=share) if waits[number] else stage
        for number, stage in enumerate(preview.stages)
    )
    return dataclasses.replace(preview, stages=tuple(stages))


def matching_prediction(prediction: Prediction, others: Iterable[Prediction]) -> Optional[Prediction]:
    """Return the one of `others` about the same tester, server address and sources."""
    for other in others:
        same = (other.tester, other.server_address) == (prediction.tester, prediction.server_address)
        if same and set(prediction.sources) <= set(other.sources):
            return other
    return None
