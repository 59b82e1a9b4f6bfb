"""A booted machine that is a cPanel server, without MX Verdict unless a test installs it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.machine.server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as machine:
        machine.become_cpanel()
        yield machine
