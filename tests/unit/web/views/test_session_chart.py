"""The two pictures on the first page: the session now, and with or without a test window."""

from __future__ import annotations

from dataclasses import replace

from mxverdict import testers
from mxverdict.evidence import Evidence
from mxverdict.services import check
from mxverdict.web.views.check import check_view
from mxverdict.web.views.session_chart import Pictures, pictures, without_picture
from mxverdict.window import Window
from tests.unit.evidence_maker import evidence, preview
from tests.unit.window.rows import window

TESTER = "18.209.86.113"


def drawn(given: Evidence, *windows: Window) -> Pictures:
    known = testers.load().testers
    made = pictures(check_view(given, check.judge_evidence(given), known).groups, given, known, windows)
    assert made is not None
    return made


def test_the_delay_and_the_window_to_come() -> None:
    made = drawn(evidence())
    assert made.other is not None
    assert not made.window_open
    assert [bar.reached for bar in made.now.bars] == [True, False, False, False]
    assert all(bar.reached for bar in made.other.bars)
    assert made.other.bars[0].delay[1] == 0
    assert made.now.patience_x == made.other.patience_x


def test_during_a_window_the_picture_of_before() -> None:
    spared = evidence(previews=(preview(connect=0, rcpt=0),))
    address = spared.previews[0].address
    made = drawn(spared, window(state="open", before={address: 40}))
    assert made.window_open
    assert made.other is not None
    assert all(bar.reached for bar in made.now.bars)
    assert [bar.reached for bar in made.other.bars] == [True, False, False, False]
    assert made.other.bars[0].value.startswith("20.")


def test_delay_off_is_told_by_what_a_stranger_met() -> None:
    spared = evidence(previews=(preview(connect=0, rcpt=0),))
    row = window(state="open", kind="delay_off", testers=("mxtoolbox",), before={"192.0.2.1": 40})
    made = drawn(spared, row)
    assert made.other is not None
    assert made.other.bars[0].value.startswith("20.")


def test_one_picture_where_a_window_makes_no_difference() -> None:
    assert drawn(evidence(previews=(preview(connect=0, rcpt=0),))).other is None


def test_the_first_card_does_not_draw_it_again() -> None:
    given = evidence()
    groups = check_view(given, check.judge_evidence(given), testers.load().testers).groups
    left = without_picture(groups, groups[0].cards[0].prediction)
    assert left[0].cards[0].timeline is None
    assert [replace(card, timeline=None) for card in left[0].cards] == [
        replace(card, timeline=None) for card in groups[0].cards
    ]
