"""Sessions as Exim 4.94 to 4.100 log them (tests/tables/log_sessions.json), of one tester: the visit reader,
the traffic counter, the follower of a window and the reference parser understand the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mxverdict.collect.mainlog.traffic_counter import TrafficCounter
from mxverdict.window.watch import tester_visit
from tests import log_reference
from tests.unit.collect.mainlog.logs import DAY, at_rest, host_in, look
from tests.unit.window.rows import window

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[3] / "tables/log_sessions.json").read_text(encoding="utf-8")
)
TESTER = "18.209.86.113"
EACH = pytest.mark.parametrize("case", CASES, ids=[case["title"] for case in CASES])


def log_of(case: dict[str, Any]) -> bytes:
    return "".join(f"{DAY}00:{line}\n" for line in case["lines"]).encode()


@EACH
def test_visit(case: dict[str, Any], tmp_path: Path) -> None:
    host = host_in(tmp_path)
    host.exim_mainlog.write_bytes(log_of(case))
    at_rest(host.exim_mainlog)
    (visit,) = (vars(visit) for visit in look(host).visits)
    assert {key: visit[key] for key in case["visit"]} == pytest.approx(case["visit"])


@EACH
def test_counted(case: dict[str, Any]) -> None:
    tally = TrafficCounter(20.0)
    tally.consume(log_of(case))
    own = [cell for (_, address), cell in tally.cells.items() if address == TESTER]
    assert {
        "connections": sum(cell.connections for cell in own),
        "left": sum(cell.left for cell in own),
        "left_later": sum(cell.later for cell in own),
        "delivered": sum(cell.delivered for cell in own),
        "causes": [cause for _, address, _, cause in tally.refusals if address == TESTER],
    } == case["counted"]


@EACH
def test_followed(case: dict[str, Any], tmp_path: Path) -> None:
    host = host_in(tmp_path)
    host.exim_mainlog.write_bytes(log_of(case))
    at_rest(host.exim_mainlog)
    at = log_reference.reading(log_of(case).partition(b"\n")[0])
    assert at is not None
    row = window(opened_at=at.at, log_inode=host.exim_mainlog.stat().st_ino, log_offset=0)
    visit = tester_visit.find_session(host, row)[0]
    assert (visit.how if visit else None) == case["follower"]


@EACH
def test_the_reference_reads_the_same(case: dict[str, Any]) -> None:
    (seen,) = log_reference.visits(log_of(case).splitlines(keepends=True), [TESTER])
    assert (seen.ended, seen.helo, bool(seen.refused)) == (
        case["visit"]["ended"],
        case["visit"]["helo"],
        bool(case["visit"]["refused"]) or case["visit"]["ended"] == "rejected",
    )
    assert seen.seconds == pytest.approx(case["visit"]["seconds"])
