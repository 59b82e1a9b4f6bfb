from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tenant.customer import Customer, customer
from tests.tenant.small_server import SmallServer


@pytest.fixture
def tenant() -> Iterator[Customer]:
    with customer() as there:
        yield there


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SmallServer]:
    with SmallServer(tmp_path) as running:
        yield running
