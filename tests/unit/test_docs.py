"""The documents name tests that exist."""

from __future__ import annotations

import re

import pytest

from tests.named_tests import exists
from tests.sandbox.server_files import REPOSITORY


@pytest.mark.parametrize("name", ["docs/security.md"])
def test_each_test_that_is_named_exists(name: str) -> None:
    named = re.findall(r"`([\w/]+\.py::\w+)`", (REPOSITORY / name).read_text())
    assert named
    assert [test for test in named if not exists(test)] == []
