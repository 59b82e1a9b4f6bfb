from __future__ import annotations

import calendar
import os
import time
from collections.abc import Iterator

import pytest

from mxverdict.collect.mainlog import lines
from tests import compiled_templates

_TABLES = calendar.timegm((2026, 11, 1, 0, 0, 0))


@pytest.fixture(scope="session", autouse=True)
def templates_are_compiled_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        compiled_templates.share(patched)
        yield


@pytest.fixture(autouse=True)
def logs_stay_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines in tables are of November 2026, and the files that the tests make of them are new."""
    monkeypatch.setattr(lines, "_OLDEST", max(lines._OLDEST, time.time() - _TABLES))


@pytest.fixture(autouse=True)
def files_may_be_given_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only root can: without it they stay with who makes them (integration/test_file_owners.py has root)."""
    if os.geteuid() != 0:
        monkeypatch.setattr(os, "fchown", lambda *_: None)
