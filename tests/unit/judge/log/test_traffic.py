"""Refused senders and the delay's cost, judged; and how they print."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mxverdict.evidence.decode import decode
from mxverdict.evidence.traffic import CAUSES, Traffic, TrafficHour
from mxverdict.findings import Finding
from mxverdict.judge.durations import duration
from mxverdict.judge.log.delay_impact import judge_delay_cost
from mxverdict.judge.log.refused_senders import CAUSES as CAUSE_WORDS
from mxverdict.judge.log.refused_senders import judge_refused_senders
from mxverdict.report.figures import bars
from mxverdict.report.traffic import print_traffic, traffic_json
from mxverdict.testers.providers import title_of

TABLE = json.loads((Path(__file__).parents[3] / "tables/traffic_judged.json").read_text(encoding="utf-8"))
CASES = TABLE["cases"]


def made(changes: dict[str, Any]) -> Traffic:
    lists = {
        name: [{**TABLE["defaults"][kind], **one} for one in changes.get(name, ())]
        for name, kind in (("waiting", "sender"), ("giving_up", "sender"), ("refused", "refused"))
    }
    found = decode(Traffic, {**TABLE["defaults"]["traffic"], **changes, **lists}, "traffic")
    assert isinstance(found, Traffic)
    return found


def judged(traffic: Traffic) -> tuple[Finding, ...]:
    return judge_refused_senders(traffic) + judge_delay_cost(traffic)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_judged(case: dict[str, Any]) -> None:
    found = judged(made(case["traffic"]))
    assert [[one.row.name, one.verdict.value, one.row.text] for one in found] == case["findings"]
    assert all(one.why.endswith(".") and bool(one.todo) == (one.owner is not None) for one in found)
    text = " ".join([*(one.why for one in found), *(line for one in found for line in one.evidence)])
    for words in case.get("says", ()):
        assert words in text


def test_every_cause_has_words() -> None:
    assert tuple(CAUSE_WORDS) == CAUSES


@pytest.mark.parametrize(("name", "title"), TABLE["big_senders"])
def test_big_senders(name: str, title: str) -> None:
    assert title_of(name) == title


@pytest.mark.parametrize(("seconds", "words"), TABLE["durations"])
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize("hours", [1, 24, 25, 100, 168, 5000])
def test_bars_hold_everything(hours: int) -> None:
    one = [TrafficHour(n * 3600.0, 3, 2, 1) for n in range(hours)]
    made = bars(one, 0.0, hours * 3600.0)
    assert 1 <= len(made) <= 25
    assert [sum(bar.connections for bar in made), sum(bar.left for bar in made)] == [3 * hours, 2 * hours]


def printed(traffic: Traffic) -> str:
    out = io.StringIO()
    print_traffic(traffic, Console(file=out, width=200, highlight=False, markup=False, color_system=None))
    return out.getvalue()


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_printed(case: dict[str, Any]) -> None:
    traffic = made(case["traffic"])
    text = printed(traffic)
    assert all(one.row.text in text for one in judged(traffic))
    assert json.loads(json.dumps(traffic_json(traffic)))["findings"]


def test_what_would_have_exempted_senders_is_printed() -> None:
    rows = [{"by": "common_mail_providers", "entries": 12, "addresses": 5, "connections": 6},
            {"by": "no_delay", "entries": None, "addresses": 7, "connections": 8}]  # fmt: skip
    lines = [" ".join(line.split()) for line in printed(made({"left": 9, "what_if": rows})).splitlines()]
    assert "Common Mail Providers exempt 5 addresses, 6 connections (12 networks in the list)" in lines
    assert "no delay at all 7 addresses, 8 connections" in lines


def test_hostile_text_is_made_visible() -> None:
    evil = "\x1b[31m\x07[red]x\n"
    text = printed(made({"refused": [{"domain": evil, "name": evil, "text": evil}], "refused_groups": 1}))
    assert "\x1b" not in text and "\x07" not in text and "[red]" in text
