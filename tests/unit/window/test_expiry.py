"""What wants to be closed, and what never does."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from mxverdict.host import Host
from mxverdict.window.deadline import ClockReading, Deadline, instant
from mxverdict.window.expiry import anything_due, due, visited
from mxverdict.window.journal import Journal
from mxverdict.window.model import CLOSE_FAILED, CLOSING, ENTRIES, FOREVER, OPEN, OPENING, WHITELIST
from mxverdict.window.watch import tester_visit
from tests.unit.window.rows import NOW, window


@pytest.mark.parametrize(
    "now",
    [
        NOW,
        ClockReading(NOW.wall + 100 * 365 * 86_400, NOW.boot + 1e9, "boot"),
        ClockReading(NOW.wall - 86_400, 1e9, "another boot"),
        ClockReading(0.0, 0.0, ""),
    ],
)
@pytest.mark.parametrize("kind", ENTRIES)
def test_a_permanent_entry_never_is(tmp_path: Path, now: ClockReading, kind: str) -> None:
    host = Host(tmp_path)
    row = window(kind=kind, ends=Deadline.never(NOW, FOREVER), minutes=0)
    with closing(Journal(host, create=True)) as journal:
        assert not due(journal.insert(row), now)
        assert not anything_due(host, journal)


@pytest.mark.parametrize("state", [OPENING, CLOSING, CLOSE_FAILED])
@pytest.mark.parametrize("kind", ENTRIES)
def test_one_that_comes_or_goes_is(tmp_path: Path, state: str, kind: str) -> None:
    host = Host(tmp_path)
    row = window(kind=kind, state=state, ends=Deadline.never(NOW, FOREVER), minutes=0)
    with closing(Journal(host, create=True)) as journal:
        assert due(journal.insert(row), NOW)
        assert anything_due(host, journal)
        assert anything_due(host, journal, kind)
        assert not anything_due(host, journal, WHITELIST)


def test_a_log_that_makes_it_stumble_does_not_hold_up_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(tester_visit, "find_session", stumble)
    host = Host(tmp_path)
    now = instant(host)
    ends = Deadline.after(now, 900)
    with closing(Journal(host, create=True)) as journal:
        row = journal.insert(window(state=OPEN, until_tested=True, ends=ends))
        assert not due(row, now)
        assert visited(host, journal, WHITELIST) == {}
        assert due(row, ClockReading(ends.wall + 1, 0.0, "boot"))
