"""A close that fails is tried again for ever, and stays loud."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from mxverdict.audit.actor import Actor
from mxverdict.errors import WindowCloseError
from mxverdict.host import Host
from mxverdict.window import close_due, close_window
from mxverdict.window.journal import APPLIED, Journal
from mxverdict.window.model import CLOSE_FAILED, Window
from mxverdict.window.queries import find_window
from tests.unit.window.rows import window

ROOT = Actor("root", "cli")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A folder is where the list should be."""
    host = Host(tmp_path)
    host.sender_verify_bypass_hosts.mkdir(parents=True)
    return host


def failing(host: Host, attempts: int) -> int:
    with closing(Journal(host, create=True)) as journal:
        row = journal.insert(window(state=CLOSE_FAILED, before={}, attempts=attempts))
        plan = {"lines": ["18.209.86.113"], "created": False, "exact": []}
        journal.mark(journal.plan(row.id, "list_entries", plan), APPLIED)
        return row.id


def kept(host: Host, number: int) -> Window:
    found = find_window(host, number)
    assert found is not None
    return found


@pytest.mark.parametrize(("attempts", "wait"), [(0, 30), (4, 480), (5, 900), (1100, 900), (10**6, 900)])
def test_the_next_try_comes_however_many_failed(host: Host, attempts: int, wait: int) -> None:
    number = failing(host, attempts)
    close_due(host)
    left = kept(host, number)
    assert (left.state, left.attempts) == (CLOSE_FAILED, attempts + 1)
    assert left.next_attempt - left.last_attempt == pytest.approx(wait)


def test_whoever_closes_it_by_hand_is_told(host: Host) -> None:
    number = failing(host, 1100)
    with pytest.raises(WindowCloseError, match="no regular file"):
        close_window(host, number, ROOT)
    assert kept(host, number).state == CLOSE_FAILED
