"""Which lock what a killed process left is taken back under."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from mxverdict.fs.lock import exclusive
from mxverdict.host import Host
from mxverdict.window import close_due
from mxverdict.window.journal import Journal
from mxverdict.window.model import (
    COMMON_PROVIDERS,
    DELAY_OFF,
    FAILED,
    OPENING,
    PERMANENT,
    WHITELIST,
    WindowKind,
)
from tests.unit.window.rows import window


@pytest.mark.parametrize(
    ("kind", "lock", "other"),
    [
        (WHITELIST, WHITELIST, DELAY_OFF),
        (PERMANENT, WHITELIST, DELAY_OFF),
        (DELAY_OFF, DELAY_OFF, WHITELIST),
        (COMMON_PROVIDERS, DELAY_OFF, WHITELIST),
    ],
)
def test_each_kind_waits_for_those_that_change_the_same(
    tmp_path: Path, kind: WindowKind, lock: WindowKind, other: WindowKind
) -> None:
    host = Host(tmp_path)
    with closing(Journal(host, create=True)) as journal:
        journal.insert(window(kind=kind, state=OPENING, before={}))
    with exclusive(host, lock, 0):
        assert close_due(host) == []
    with exclusive(host, other, 0):
        assert [row.state for row in close_due(host)] == [FAILED]
