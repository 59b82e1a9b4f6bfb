"""Which windows are shown."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from mxverdict.host import Host
from mxverdict.window.journal import Journal
from mxverdict.window.model import CLOSE_FAILED, CLOSED, DELAY_OFF, OPEN, PERMANENT
from mxverdict.window.queries import list_windows
from tests.unit.window.rows import window


def test_nobody_hides_what_is_open_behind_many_others(tmp_path: Path) -> None:
    """A reseller may open and close as many as the settings allow while root's is open."""
    host = Host(tmp_path)
    with closing(Journal(host, create=True)) as journal:
        journal.insert(window(kind=PERMANENT))
        for state in (OPEN, CLOSE_FAILED, CLOSED):
            journal.insert(window(kind=DELAY_OFF, state=state))
        for _ in range(5):
            journal.insert(window(state=CLOSED, opened_by="bob", origin="web"))
    assert [one.id for one in list_windows(host, limit=3)] == [9, 8, 7, 3, 2]
    assert [one.id for one in list_windows(host, limit=7)] == [9, 8, 7, 6, 5, 4, 3, 2]
    assert {one.state for one in list_windows(host, limit=3)[3:]} == {OPEN, CLOSE_FAILED}
