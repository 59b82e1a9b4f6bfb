"""A server with its people and their belongings, for the tests of what requests may not do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.privileges.world import World, world


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    with world() as made:
        yield made


@pytest.fixture
def server(shared: World) -> Iterator[World]:
    """As the scene begins, and the same afterwards unless the test says so."""
    shared.lay("quiet")
    yield shared
    shared.settle()
    assert shared.changes() == []
