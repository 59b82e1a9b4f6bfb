"""The product, run by /bin/sh unless a test names other shells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.unit.install.product import Product

SHELLS = (("/bin/sh",), ("bash", "--posix"))
"""/bin/sh is dash on Debian and Ubuntu, bash in POSIX mode on EL."""


@pytest.fixture
def shell() -> Sequence[str]:
    return SHELLS[0]


@pytest.fixture
def product(shell: Sequence[str], tmp_path: Path) -> Product:
    return Product(tmp_path, shell)
