"""What the page shows of a check."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Optional

import pytest

from mxverdict import testers
from mxverdict.evidence import DelayState, Reply
from mxverdict.findings import Verdict
from mxverdict.host import Host
from mxverdict.services import check
from mxverdict.web.views.check import CheckView, check_view, delay
from mxverdict.web.views.timeline import Timeline
from mxverdict.web.views.timestamps import countdown, moment
from tests.unit.evidence_maker import BANNER, evidence, preview
from tests.unit.web.cgi import call


def view(**changes: object) -> CheckView:
    said = evidence(**changes)
    return check_view(said, check.judge_evidence(said), testers.load().testers)


def picture(**delays: int) -> Timeline:
    line = view(previews=(preview(**delays),)).groups[0].cards[0].timeline  # type: ignore[arg-type]
    assert line is not None
    return line


def test_the_delay_crosses_the_line_of_patience() -> None:
    line = picture(connect=20, rcpt=20)
    assert [bar.label for bar in line.bars] == ["Connect, greeting", "EHLO", "MAIL FROM", "RCPT TO"]
    assert [bar.reached for bar in line.bars] == [True, False, False, False]
    first = line.bars[0]
    assert first.delay[0] == 0
    assert first.delay[1] > line.patience_x
    assert first.value == "20.0 s, 20 s delay"
    assert line.bars[3].delay[1] == first.delay[1]
    assert line.bars[1].value == "not reached"
    assert line.bars[1].delay[1] == 0
    assert line.bars[1].answer[1] > 0


def test_the_picture_is_to_scale() -> None:
    line = picture(connect=10)
    assert line.bars[0].delay[1] / line.patience_x == pytest.approx(10 / 15, abs=0.001)
    ticks = {label: x for x, label in line.ticks}
    assert ticks["10 s"] == pytest.approx(line.bars[0].delay[1], abs=0.01)
    assert all(bar.reached for bar in line.bars)
    assert all(bar.delay[0] + bar.delay[1] + bar.answer[1] <= 100 for bar in line.bars)


def test_no_picture_without_a_session() -> None:
    assert view(previews=(preview(failure="timeout", stages=0),)).groups[0].cards[0].timeline is None


def test_real_problems_come_first() -> None:
    cards = view(previews=(preview(replies={"rcpt": Reply(250, ("Accepted",))}),)).groups[0].cards
    assert cards[0].has_problem
    verdicts = [finding.verdict for finding in cards[0].findings]
    assert verdicts[0] is Verdict.PROBLEM
    assert verdicts == sorted(verdicts, key=list(Verdict).index)
    assert sum(count for _, count in cards[0].tally) == len(verdicts)


@pytest.mark.parametrize(
    "is_on, setting, stanzas, state, running, note",
    [
        (True, True, 3, "on", "on", ""),
        (False, False, 0, "off", "off", ""),
        (False, True, 0, "off", "off", "disagree"),
        (None, None, None, "unknown", "unknown", ""),
        (True, None, 3, "on", "on", ""),
    ],
)
def test_the_state_of_the_delay(
    is_on: Optional[bool],
    setting: Optional[bool],
    stanzas: Optional[int],
    state: str,
    running: str,
    note: str,
) -> None:
    shown = delay(is_on, DelayState(delay_setting=setting, delay_stanzas=stanzas))
    assert (shown.state, shown.running) == (state, running)
    assert note in shown.note
    assert bool(note) == bool(shown.note)


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("berlin")
def test_times_name_the_zone_of_the_server() -> None:
    assert moment(1_700_000_000) == "2023-11-14 23:13:20 CET (UTC+0100)"
    now = time.time()
    there = time.localtime(now)
    assert moment(now) == time.strftime("%H:%M:%S CET (UTC+0100)", there)
    assert moment(now, day=True).startswith(time.strftime("%Y-%m-%d ", there))


@pytest.mark.parametrize(
    "seconds, shown",
    [
        (0, "0:00"),
        (-5, "0:00"),
        (59.6, "1:00"),
        (898.4, "14:59"),
        (845, "14:05"),
        (3600, "1:00:00"),
        (14399, "3:59:59"),
    ],
)
def test_countdown(seconds: float, shown: str) -> None:
    assert countdown(seconds) == shown


def test_outside_text_cannot_leave_its_place(host: Host, checks: list[object]) -> None:
    hostile = "</pre><script>alert(1)</script>\x1b[31m\u202e\x00" + "A" * 100_000
    said = evidence(
        hostname=hostile,
        previews=(preview(replies={"connect": Reply(220, (*BANNER.lines, hostile))}),),
        remarks=(hostile,),
    )
    checks.append(lambda host: (said, check.judge_evidence(said)))
    page = call(host).body
    assert "<script>alert" not in page
    assert not {"\x1b", "\u202e", "\x00"} & set(page)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[31m\\u202e\\x00" in page
    assert len(page) < 400_000
