"""Lines put together to visits (tests/tables/log_visits.json), and what is said of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mxverdict import testers
from mxverdict.collect.mainlog.lines import stamp_of
from mxverdict.collect.mainlog.visits import Visits
from mxverdict.judge.smtp.visit_comparison import ending, reported_text
from tests.unit.collect.mainlog.logs import TESTERS

TABLE = Path(__file__).parents[3] / "tables/log_visits.json"
CASES: list[dict[str, Any]] = json.loads(TABLE.read_text())
DAY = b"2026-11-23 22:00:"
NETWORKS = [(network, tester.name) for tester in TESTERS for network in tester.networks]
MXTOOLBOX = testers.load().tester("mxtoolbox")


@pytest.mark.parametrize("case", CASES, ids=[case["title"] for case in CASES])
def test_visits(case: dict[str, Any]) -> None:
    collected = Visits(NETWORKS)
    for line in case["lines"]:
        collected.feed(DAY + line.encode())
    start = stamp_of(DAY + b"00 x")
    assert start is not None
    told = [
        {
            **vars(visit),
            "came": visit.came_at - start,
            "met": ending(visit),
            "printed": reported_text(visit, MXTOOLBOX),
        }
        for visit in collected.visits()
    ]
    assert len(told) == len(case["visits"])
    for visit, expected in zip(told, case["visits"]):
        assert {key: visit[key] for key in expected} == expected
        assert visit["tester"] == "mxtoolbox"


def test_every_line_alone_is_bearable() -> None:
    """Whatever is missing, what is there is told."""
    for case in CASES:
        for line in case["lines"]:
            collected = Visits(NETWORKS)
            collected.feed(DAY + line.encode())
            assert all(ending(visit) for visit in collected.visits())


def test_the_reject_log_adds_what_the_main_log_lacks_and_only_that() -> None:
    lines = next(case for case in CASES if case["title"] == "relay refused, QUIT")["lines"]
    whole, patched, alone = Visits(NETWORKS), Visits(NETWORKS), Visits(NETWORKS)
    for line in lines:
        whole.feed(DAY + line.encode())
        if "rejected" not in line:
            patched.feed(DAY + line.encode())
    expected = whole.visits()
    for collected in (whole, patched, alone):
        collected.feed_rejected(b"  Subject: " + DAY + lines[1].encode())
        collected.feed_rejected(DAY + lines[1].encode())
    assert whole.visits() == patched.visits() == expected
    assert [(v.ended, v.refused, v.helo) for v in alone.visits()] == [("unknown", "relay", "k.example")]


def test_an_old_line_of_the_reject_log_is_not_about_a_later_visit() -> None:
    lines = next(case for case in CASES if case["title"] == "the same port again")["lines"]
    collected = Visits(NETWORKS)
    for line in (*lines[2:5], "40" + lines[0][2:]):
        collected.feed(DAY + line.encode())
    expected = collected.visits()
    collected.feed_rejected(DAY + lines[3].encode())
    assert collected.visits() == expected
    assert [visit.refused for visit in expected] == ["relay", ""]
