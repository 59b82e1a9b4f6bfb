from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from mxverdict.collect.mainlog import lines


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The server's zone is UTC."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "UTC")
        time.tzset()
        lines._minute.cache_clear()
        yield
    time.tzset()
    lines._minute.cache_clear()
