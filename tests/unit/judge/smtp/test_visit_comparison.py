"""A tester's last visit held against what is predicted of the next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mxverdict import testers
from mxverdict.evidence import Preview, Reply, from_json, to_json
from mxverdict.evidence.visit import Visit, VisitLog
from mxverdict.judge.engine import judge
from tests.unit.evidence_maker import MXTOOLBOX, evidence, preview

WENT = Visit("mxtoolbox", "18.209.86.113", 4711, 1_795_000_000.0, 3600, helo="k.example", seconds=2.0,
             ended="quit", stage="rcpt", refused="relay")  # fmt: skip
GAVE_UP = replace(WENT, helo="", seconds=15.0, ended="left", stage="connect", refused="")
LIMITED = replace(GAVE_UP, seconds=0.0, ended="rejected", refused="rate_limit")
SAYS = "Its last visit, 2026-11-18 12:06:40 UTC+0100 from 18.209.86.113, "
DELAYED, FREE = preview(connect=20, rcpt=20), preview()
REFUSED = preview(replies={"connect": Reply(451, ("not now",))})


@pytest.mark.parametrize(
    ("predicted", "visit", "told"),
    [
        (DELAYED, GAVE_UP, "met the same: it left before it said a word, after 15 s."),
        (
            FREE,
            WENT,
            "met the same: it got through and was rightly refused relaying, then said QUIT, after 2 s.",
        ),
        (REFUSED, LIMITED, "met the same: it was rate-limited at connect, after 0 s."),
        (
            DELAYED,
            WENT,
            "met something else: it got through and was rightly refused relaying, then said QUIT, after 2 s. "
            "Exim did not make it wait then: the delay was off, or it was let past.",
        ),
        (
            FREE,
            GAVE_UP,
            "met something else: it left before it said a word, after 15 s. "
            "Exim made it wait then, and now does not.",
        ),
        (
            FREE,
            LIMITED,
            "met something else: it was rate-limited at connect, after 0 s. It had come too often then.",
        ),
        (DELAYED, replace(GAVE_UP, seconds=3.0), ": it left before it said a word, after 3 s."),
        (
            FREE,
            replace(WENT, ended="unknown"),
            ": it got through and was rightly refused relaying; how it ended is not in the log, after 2 s.",
        ),
        (
            DELAYED,
            replace(GAVE_UP, address="18.205.72.90"),
            "came from an address that is treated differently: it left before it said a word, after 15 s.",
        ),
    ],
)
def test_last_visit(predicted: Preview, visit: Visit, told: str) -> None:
    log = VisitLog(1_794_000_000.0, (replace(WENT, came_at=1_794_500_000.0), visit))
    if visit.address != WENT.address:
        log = replace(log, visits=(visit,))
    (prediction,) = judge(evidence(previews=(predicted,), visits=log), [MXTOOLBOX], ()).predictions
    says = SAYS.replace(WENT.address, visit.address)
    assert prediction.history == (says.rstrip(", ") if told.startswith(":") else says) + told


def test_never_here_no_log_and_testers_without_addresses() -> None:
    never = VisitLog(1_794_000_000.0)
    (prediction,) = judge(evidence(visits=never), [MXTOOLBOX], ()).predictions
    assert (
        prediction.history
        == "No visit by MXToolbox is in the log, which was read back to 2026-11-06 21:20 UTC."
    )
    (prediction,) = judge(evidence(), [MXTOOLBOX], ()).predictions
    assert prediction.history == ""
    swaks = testers.load().tester("swaks")
    seen = evidence(visits=never, testers=("swaks",), previews=(preview(address="192.0.2.1", tester=swaks),))
    (prediction,) = judge(seen, [swaks], ()).predictions
    assert prediction.history == ""


def test_a_visit_from_a_network_counts_for_the_address_that_stands_for_it() -> None:
    visit = replace(GAVE_UP, address="64.20.227.133")
    seen = evidence(previews=(preview(connect=20, address="64.20.227.1"),), visits=VisitLog(1.0, (visit,)))
    (prediction,) = judge(seen, [MXTOOLBOX], ()).predictions
    assert "from 64.20.227.133, met the same" in prediction.history


def test_visits_are_part_of_saved_evidence() -> None:
    sample = evidence(visits=VisitLog(1.0, (WENT, GAVE_UP), ("x.gz could not be read",)))
    assert from_json(to_json(sample)) == sample
