from __future__ import annotations

import calendar
import time

import pytest

from mxverdict.collect.mainlog import lines

_TABLES = calendar.timegm((2026, 11, 1, 0, 0, 0))


@pytest.fixture(autouse=True)
def logs_stay_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines in tables are of November 2026, and the files that the tests make of them are new."""
    monkeypatch.setattr(lines, "_OLDEST", max(lines._OLDEST, time.time() - _TABLES))
