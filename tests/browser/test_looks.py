"""Each page in each of its states: axe, the keyboard, a screen reader, every width, and less movement.

All tests that judge looks are in this file, so that one process takes each look once (`--dist loadfile`).
"""

from __future__ import annotations

import re

import pytest

from tests.browser.looking import Looks
from tests.browser.pages import SCENES, Scene

OVER_ALL = pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
_NAMELESS = re.compile(
    r"^ *- (textbox|combobox|checkbox|radio|spinbutton|button|link|progressbar|img|table|navigation|region)"
    r"(?: \[[^\]]*\])*:?(?: [^\"]*)?$",
    re.MULTILINE,
)


@OVER_ALL
def test_axe_finds_nothing(looks: Looks, scene: Scene) -> None:
    assert looks[scene].faults == ()
    assert looks[scene].complaints == ()


@OVER_ALL
def test_everything_can_be_read_at_every_width(looks: Looks, scene: Scene) -> None:
    assert looks[scene].language == scene.language
    assert looks[scene].unreadable == ()


@OVER_ALL
def test_tab_leads_everywhere_and_one_sees_where(looks: Looks, scene: Scene) -> None:
    look = looks[scene]
    ours = [stop for stop in look.stops if stop["ours"]] if scene.name != "report" else look.stops
    assert look.unreached == ()
    assert [stop for stop in ours if not stop["marked"] or stop["covered"] or stop["order"] > 0] == []
    if scene.name != "report":
        assert "#mxverdict-content" in ours[0]["what"] or ours[0]["what"].startswith("<a>")


@OVER_ALL
def test_a_screen_reader_hears_names_headings_and_headers(looks: Looks, scene: Scene) -> None:
    for heard in looks[scene].heard:
        assert _NAMELESS.findall(heard) == []
        assert heard.count("- heading") > 0
        tables = re.split(r"^ *- table", heard, flags=re.MULTILINE)[1:]
        assert [table for table in tables if "columnheader" not in table] == []


@OVER_ALL
def test_nothing_moves_for_who_wants_it_still(looks: Looks, scene: Scene) -> None:
    assert looks[scene].moving == ()
