"""Plays a tester's session from a preview: Exim's replies and delays, cut off at the tester's patience."""

from __future__ import annotations

from mxverdict.evidence import Preview, Reply
from mxverdict.findings import Session, SessionStage
from mxverdict.testers import Tester

TEMPORARY_FAILURE = Reply(421, ("Unexpected failure, please try later",))
"""Exim's reply when it breaks off a session (measured with 4.96); `-bh` does not print it."""

UNREACHED = Session((), "dropped", 0.0)
"""Nothing answers on the port."""


def simulate(preview: Preview, tester: Tester) -> Session:
    """Simulate the session that the tester would have. Each wait counts on its own: patience is per reply, in
    seconds.

    The tester stops at the first refused command and says QUIT; that is not timed.
    """
    stages: list[SessionStage] = []
    clock = 0.0
    if not preview.understood:
        return Session((), "unknown", 0.0)
    for stage in preview.stages:
        wait = stage.elapsed + stage.delay
        if wait > tester.patience:
            end = clock + tester.patience
            stages.append(SessionStage(stage.name, stage.command, clock, end, tester.patience, None))
            return Session(tuple(stages), "timeout", end)
        reply = stage.reply or TEMPORARY_FAILURE
        stages.append(SessionStage(stage.name, stage.command, clock, clock + wait, float(stage.delay), reply))
        clock += wait
        if not reply.positive:
            break
    else:
        if preview.failure:
            given = TEMPORARY_FAILURE if preview.failure == "broken" else None
            stages.append(SessionStage(*_next_stage(preview, tester), clock, clock, 0.0, given))
            return Session(tuple(stages), "complete" if given else "dropped", clock)
    return Session(tuple(stages), "complete", clock)


def _next_stage(preview: Preview, tester: Tester) -> tuple[str, str]:
    script = (("connect", ""), *tester.commands(preview.address))
    return script[min(len(preview.stages), len(script) - 1)]
